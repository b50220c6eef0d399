"""Notifications: what people should know, in their language, in the bell and (as they prefer) by mail."""

from app.core.notifications.models import Announcement, Category, Notification, Priority
from app.core.notifications.outside import forget
from app.core.notifications.telling import ALERT, News, notify, read_about, read_all, tell, unread_about, unread_count

__all__ = ["ALERT", "Announcement", "Category", "News", "Notification", "Priority", "forget", "notify", "read_about", "read_all", "tell",
           "unread_about", "unread_count"]
