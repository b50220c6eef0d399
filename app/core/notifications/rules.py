"""Rules of an organisation: if this happens to records for which that holds, tell these people by these ways, or a system outside."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from app.core import access
from app.core.notifications import wishes
from app.core.notifications.models import Category, Priority
from app.kernel import fields
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.happenings import concerned, happenings
from app.kernel.records import Record


class Rule(Record):
    """One rule. The words are the template of what happens, in each reader's language; without one, what happened and to which record."""

    __tablename__ = "notification_rule"
    __prefix__ = "NRU"
    __label__, __plural__, __slug__ = _l("Notification rule"), _l("Notification rules"), "rules"

    name: Mapped[str] = fields.text(_l("Name"), max_length=120)
    event: Mapped[str] = fields.listed(_l("If this happens"), happenings, widget="narrow", extra={"samples": ("hse.incident.created",)})
    condition: Mapped[str | None] = fields.text(
        _l("And this holds"), max_length=500, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("A condition as in roles, such as status = open. Empty: always."))
    whom_id: Mapped[UUID | None] = fields.reference("member", _l("Tell"), required=False, groups=True,
                                                    help=_l("Whoever did it themselves, or may not see the record, is not told."))
    in_bell: Mapped[bool] = fields.boolean(_l("In the bell"), default=True)
    by_mail: Mapped[bool] = fields.boolean(_l("By mail"))
    by_push: Mapped[bool] = fields.boolean(_l("On their devices"))
    by_sms: Mapped[bool] = fields.boolean(_l("By SMS"), extra={"samples": ("",)}, help=_l("Only critical alerts go by SMS."))
    hook_id: Mapped[UUID | None] = fields.reference("notification_hook", _l("Webhook"), required=False,
                                                    help=_l("It is told of what whoever wrote this rule may see."))
    category: Mapped[Category] = fields.choice(_l("About"), Category, default=Category.BUSINESS)
    priority: Mapped[Priority] = fields.choice(_l("Priority"), Priority, default=Priority.NORMAL)
    active: Mapped[bool] = fields.boolean(_l("In use"), default=True)

    @property
    def ways(self) -> frozenset[str]:
        """By which ways people are told."""
        said = {wishes.BELL: self.in_bell, wishes.BY_MAIL: self.by_mail, wishes.BY_PUSH: self.by_push, wishes.BY_SMS: self.by_sms}
        return frozenset(way for way, wanted in said.items() if wanted)


_rule: Any = Rule.__table__
Index("ix_notification_rule_heard", _rule.c.organisation_id, _rule.c.event, postgresql_where=text("active AND archived_at IS NULL"))


def before_save(rule: Rule) -> None:
    """Refuse a rule that can tell nobody, of what its writer may not see, or by a condition that means nothing."""
    resource = concerned(rule.event or "")
    if resource is None:
        raise Invalid({"event": [_("Choose one of the list.")]})
    access.require(current.user, resource.permission("view"))
    if rule.condition:
        access.understood(rule.condition, resource.key)
    if rule.whom_id is None and rule.hook_id is None:
        raise Invalid({"whom": [_("Say who is told.")]})
    if rule.whom_id is not None and not rule.ways:
        raise Invalid({"in_bell": [_("Say by which way they are told.")]})
    if rule.by_sms and not wishes.is_emergency(Category(rule.category or Category.BUSINESS), Priority(rule.priority or Priority.NORMAL)):
        raise Invalid({"by_sms": [_("Only critical alerts go by SMS.")]})
