"""Notifications, declared."""

from flask_babel import lazy_gettext as _l

from app.core.access.events import RoleGiven
from app.core.notifications import announcing, deadlines, digest, rights, rules
from app.core.notifications.models import Announcement
from app.core.notifications.outside import hooks, texts, trying
from app.core.notifications.outside.models import Hook
from app.core.notifications.rules import Rule
from app.core.notifications.telling import unread_count
from app.kernel.manifest import Action, MenuItem, Module, Related, Resource, Setting, daily, every

announcements = Resource(
    Announcement,
    columns=("title", "category", "priority", "group", "send_at", "reached", "status"),
    filters=("status", "category", "priority", "group", "send_at"),
    search={"title": "A", "body": "B"},
    form={_l("What is said"): ("title", "body", "category", "priority"), _l("To whom, and when"): ("group", "send_at"),
          _l("Maintenance"): ("begins_at", "ends_at")},
    facts=("status", "category", "priority", "group", "send_at", "begins_at", "ends_at", "sent_at", "reached", "body"),
    importable=False,
    tally="status",
    title="title",
    subtitle=("category", "group"),
    icon="megaphone",
    before_save=announcing.before_save,
    lock=announcing.unlocked,
    actions=(Action("send_now", announcing.send_now, label=_l("Send now"), done="sent", said=_l("%(name)s sent %(record)s"),
                    when=announcing.is_open, icon="send"),
             Action("cancel", announcing.cancel, label=_l("Cancel it"), done="cancelled", said=_l("%(name)s cancelled %(record)s"),
                    when=announcing.is_open, icon="ban", tone="danger")),
)

rule = Resource(
    Rule,
    columns=("name", "event", "whom", "hook", "priority", "active"),
    filters=("active", "priority", "whom", "hook"),
    search={"name": "A"},
    form={_l("When"): ("name", "event", "condition", "active"),
          _l("Who is told"): ("whom", "in_bell", "by_mail", "by_push", "by_sms", "hook"),
          _l("How much it matters"): ("category", "priority")},
    importable=False,
    sort="name",
    title="name",
    subtitle=("event",),
    icon="bell-ring",
    before_save=rules.before_save,
)

hook = Resource(
    Hook,
    columns=("name", "kind", "address", "active"),
    filters=("kind", "active"),
    search={"name": "A", "address": "B"},
    form={_l("Webhook"): ("name", "kind", "address", "active")},
    importable=False,
    sort="name",
    title="name",
    subtitle=("kind",),
    icon="webhook",
    before_save=hooks.before_save,
    related=(Related("notifications.rule", "hook", _l("Notification rules")),),
    actions=(Action("set_secret", hooks.set_secret, label=_l("Set the secret"), done="set_secret",
                    said=_l("%(name)s set the secret of %(record)s"), form=hooks.Secret, icon="lock"),
             Action("test", trying.send_test, label=_l("Send a test"), done="tested", said=_l("%(name)s sent a test of %(record)s"),
                    icon="send")),
)

module = Module(
    "notifications", label=_l("Notifications"), icon="bell", section="messages", resources=(announcements, rule, hook),
    on={**{f"notifications.announcement.{fact}": announcing.owe for fact in ("created", "edited", "restored")},
        "access.request.granted": rights.tell_granted, RoleGiven: rights.tell_role},
    settings=(Setting(texts.MOST, _l("Most SMS to one person in a day"), "integer", 20, minimum=1, maximum=1000,
                      help=_l("Further emergencies of that day go by the other ways alone; the log says so.")),),
    schedule=(every(30, digest.queue_due), daily("07:00", deadlines.warn)),
    menu=(MenuItem("notifications", _l("Notifications"), "bell", "bell.listing", badge=unread_count, keys="notifications"),
          MenuItem("deliveries", _l("Notices outside"), "send", "outside.listing", section="messages",
                   permission="notifications.delivery.view")),
    says={"notifications.delivery.retry": _l("%(name)s sent a notice again")},
)
