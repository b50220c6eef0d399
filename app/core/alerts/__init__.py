"""Alerts: what looks like an attack or a failing trail is told to those who answer for it, once, and proven to have arrived."""

from app.core.alerts.models import Alert, Kind
from app.core.alerts.raising import raise_alert
from app.core.alerts.watching import watch

__all__ = ["Alert", "Kind", "raise_alert", "watch"]
