"""Notifications: what people should know, in their language, in the bell and (as they prefer) by mail."""

from app.core.notifications.models import Notification
from app.core.notifications.telling import ALERT, notify, read_about, read_all, unread_about, unread_count

__all__ = ["ALERT", "Notification", "notify", "read_about", "read_all", "unread_about", "unread_count"]
