"""What a rule would have told: of the last times that its event happened, who would have heard, by which ways, and why others not. Without
any effect."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, people
from app.core.audit.models import AuditEntry
from app.core.notifications import hearing, quiet, wishes
from app.core.notifications.models import Priority
from app.core.notifications.rules import Rule
from app.core.people import Member
from app.core.workflow import Directory
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.happenings import concerned
from app.kernel.i18n import written_in
from app.kernel.kinds import show_moment
from app.kernel.manifest import Resource

LAST = 10  # times of its event that are looked at
VERBS = {"created": "create", "edited": "edit", "archived": "archive", "restored": "restore"}


@dataclass(frozen=True)
class Reader:
    """Somebody whom the rule names: by which ways they would have heard and from when on (empty: at once), the words, or why not."""

    name: str
    ways: tuple[str, ...] = ()
    later: str = ""
    title: str = ""
    why_not: tuple[str, ...] = ()


@dataclass(frozen=True)
class Told:
    """One time that the event happened, to a record for which the condition holds today or not."""

    at: datetime
    by: str
    reference: str
    url: str
    matches: bool
    readers: tuple[Reader, ...]


def foretold(rule: Rule) -> list[Told]:
    """The last times that its event happened to records that the reader of this page may see, the latest first."""
    resource = concerned(rule.event)
    if resource is None or not access.can(current.user, resource.permission("view")):
        return []
    model: Any = resource.model
    key, _dot, fact = rule.event.rpartition(".")
    verb = VERBS.get(fact) or next((each.name for each in resource.actions if each.done == fact), fact)
    rows = session().execute(select(AuditEntry.at, AuditEntry.actor_id, model).join(model, model.id == AuditEntry.record_id).where(
        AuditEntry.organisation_id == current.organisation.id, AuditEntry.resource == key, AuditEntry.action == f"{key}.{verb}",
        AuditEntry.result == "ok", access.visible(resource, current.user)).order_by(AuditEntry.at.desc()).limit(LAST)).all()
    named = Directory().meant(rule.whom_id) if rule.whom_id else []
    actors = {actor.id: actor for actor in people.load_actors({*named, *(row[1] for row in rows if row[1])})}
    return [_told(rule, resource, row, named, actors) for row in rows]


def _told(rule: Rule, resource: Resource, row: Any, named: list[UUID], actors: dict[UUID, Actor]) -> Told:
    at, by, record = row
    model: Any = resource.model
    matches = not rule.condition or session().scalar(select(model.id).where(
        model.id == record.id, access.meant_by(rule.condition, resource))) is not None
    members = session().scalars(select(Member).where(Member.id.in_(named)).order_by(Member.name_key)).all() if matches else []
    readers = tuple(_reader(rule, resource, record, by, member, actors.get(member.id)) for member in members)
    return Told(at, actors[by].name if by in actors else "", record.reference, hearing.path(resource, record), matches, readers)


def _reader(rule: Rule, resource: Resource, record: Any, by: UUID | None, member: Member, actor: Actor | None) -> Reader:
    if reason := _why_not(rule, resource, record, by, member, actor):
        return Reader(member.name, why_not=(reason,))
    ways, why_not = _ways(rule, member)
    later = quiet.disturb_at(member)
    held = rule.priority != Priority.CRITICAL and later > clock.now()
    with force_locale(written_in(member.language.value)):
        title = hearing.what(rule, resource, record)
    return Reader(member.name, tuple(ways), show_moment(later) if held else "", title, tuple(why_not))


def _why_not(rule: Rule, resource: Resource, record: Any, by: UUID | None, member: Member, actor: Actor | None) -> str:
    """Why somebody would have heard nothing at all; empty when they would."""
    if member.id == by:
        return _("Did it themselves.")
    if actor is None or not member.active or member.is_archived:
        return _("Is not active.")
    if not hearing.sees(actor, resource, record):
        return _("May not see the record.")
    if rule.priority != Priority.CRITICAL and wishes.muted(record.id, [member.id]):
        return _("Wants to hear nothing more of this record.")
    return "" if wishes.wants(member, rule.category, rule.priority) else _("Wants no such notices.")


def _ways(rule: Rule, member: Member) -> tuple[list[str], list[str]]:
    """The ways that are open, and why others of the rule are not."""
    wanted = {wishes.BELL: (_("In the bell"), True),
              wishes.BY_MAIL: (_("By mail"), wishes.wants_mail(member, f"rule:{rule.event}", rule.category, rule.priority, asked=True)),
              wishes.BY_PUSH: (_("On their devices"), wishes.wants_push(member, rule.category, rule.priority)),
              wishes.BY_SMS: (_("By SMS"), wishes.wants_sms(member, rule.category, rule.priority))}
    ways, why_not = [], []
    for way in (each for each in wishes.WAYS if each in rule.ways):
        label, opened = wanted[way]
        if way == wishes.BY_MAIL and opened and not member.email:
            why_not.append(_("%(way)s: no address.", way=label))
        elif opened:
            ways.append(label)
        else:
            why_not.append(_("%(way)s: switched off.", way=label))
    return ways, why_not
