"""Notifications, declared."""

from flask_babel import lazy_gettext as _l

from app.core.notifications import digest, models  # noqa: F401 -- the tables belong to the schema
from app.core.notifications.telling import unread_count
from app.kernel.manifest import MenuItem, Module, every

module = Module(
    "notifications", label=_l("Notifications"), icon="bell", section="core", schedule=(every(30, digest.queue_due),),
    menu=(MenuItem("notifications", _l("Notifications"), "bell", "notifications.listing", badge=unread_count, keys="notifications"),),
)
