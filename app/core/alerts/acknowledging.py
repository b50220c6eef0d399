"""Somebody has looked at an alert."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.core.alerts.models import Alert, Status
from app.kernel import clock


def acknowledge(alert: Alert) -> Alert:
    """Note that somebody has looked at it."""
    alert.status, alert.seen_at = Status.SEEN, clock.now()
    return alert


def is_open(alert: Any) -> bool | str:
    """Whether nobody has looked yet."""
    return True if alert.status == Status.OPEN else _("Somebody has looked at it already.")
