"""Rules at work: of what happened to records, those are told whom a rule names, if they may see it."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import select

from app.core import access, mail, people
from app.core.notifications import outside
from app.core.notifications.rules import Rule
from app.core.notifications.telling import News, tell
from app.core.people import Member
from app.core.workflow import Directory
from app.kernel.current import Actor, acting, current
from app.kernel.db import session
from app.kernel.events import RecordEvent
from app.kernel.fields import fields_of
from app.kernel.happenings import concerned, happenings
from app.kernel.i18n import written_in
from app.kernel.manifest import Resource

MOST = 200  # records of one event that are told one by one


def is_heard(event: str) -> bool:
    """Whether a rule of this organisation waits for an event; which ones do is asked once in each piece of work."""
    work = session()
    known = work.info.get("heard")
    if known is None or known[:2] != (work.get_transaction(), current.organisation.id):
        waited = frozenset(work.scalars(select(Rule.event).where(Rule.active, Rule.archived_at.is_(None)).distinct()))
        known = work.info["heard"] = (work.get_transaction(), current.organisation.id, waited)
    return event in known[2]


def heard(fact: RecordEvent) -> None:
    """Tell what the rules for this event say, of each record for which their condition holds."""
    resource = concerned(fact.name)
    if resource is None:
        return
    model: Any = resource.model
    waiting = select(Rule).where(Rule.event == fact.name, Rule.active, Rule.archived_at.is_(None)).order_by(Rule.id)
    for rule in session().scalars(waiting).all():
        wanted = select(model).where(model.id.in_(fact.ids)).order_by(model.id).limit(MOST)
        if rule.condition:
            wanted = wanted.where(access.meant_by(rule.condition, resource))
        for record in session().scalars(wanted).all():
            _tell_people(rule, resource, record)
            _tell_hook(rule, resource, record)


def _tell_people(rule: Rule, resource: Resource, record: Any) -> None:
    readers = _readers(rule, resource, record)
    tell(readers, News(f"rule:{rule.event}", partial(what, rule, resource, record), path=path(resource, record),
                       text=record.reference, record=record, key=_key(rule, record), category=rule.category, priority=rule.priority,
                       ways=rule.ways, own=partial(_own, rule, resource, record, readers)))


def _tell_hook(rule: Rule, resource: Resource, record: Any) -> None:
    """A system outside hears of what whoever last wrote the rule may see."""
    hook = session().get(outside.Hook, (current.organisation.id, rule.hook_id)) if rule.hook_id else None
    author = next(iter(people.load_actors([rule.updated_by])), None)
    if hook is None or author is None or not sees(author, resource, record):
        return
    with force_locale(written_in(current.organisation.language)):
        outside.owe_hook(hook, title=what(rule, resource, record), text=record.reference, event=rule.event, path=path(resource, record),
                         priority=rule.priority, key=_key(rule, record))


def _readers(rule: Rule, resource: Resource, record: Any) -> dict[UUID, Actor]:
    """Whom the rule means of those who may see the record, but not whoever did it."""
    named = set(Directory().meant(rule.whom_id)) - {current.user.id} if rule.whom_id else set()
    return {actor.id: actor for actor in people.load_actors(named) if sees(actor, resource, record)} if named else {}


def sees(actor: Actor, resource: Resource, record: Any) -> bool:
    """Whether somebody may see a record."""
    model: Any = resource.model
    return bool(access.can(actor, resource.permission("view"))) and session().scalar(
        select(model.id).where(model.id == record.id, access.visible(resource, actor))) is not None


def _own(rule: Rule, resource: Resource, record: Any, readers: dict[UUID, Actor], member: Member) -> mail.Words | None:
    """The organisation's own words, with what the reader's own zone and language make of the record."""
    by = current.user.name
    with acting(current.organisation, readers[member.id]):
        happened = {"by": {"name": by}, **mail.values_of(resource, record)}
        return mail.own_words(member, rule.event, {"happened": happened, "path": path(resource, record)})


def what(rule: Rule, resource: Resource, record: Any) -> str:
    """What happened, and to which record, in the language of now."""
    title = fields_of(resource.model).get(resource.title)
    return f"{happenings()[rule.event]}: {(title.display(record) if title else '') or record.reference}"


def _key(rule: Rule, record: Any) -> str:
    return f"rule:{rule.id}:{record.id}:{record.version}"


def path(resource: Resource, record: Any) -> str:
    """Where the record is."""
    return f"/{current.organisation.slug}/{resource.module}/{resource.slug}/{record.reference}/"
