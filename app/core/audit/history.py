"""Questions to the trail: the history of a record, and the list with its filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from sqlalchemy import Select, select, tuple_

from app.core.audit.models import AuditEntry, AuditPerson
from app.core.audit.people import names_of
from app.core.audit.words import Vocabulary, channel_label, object_of, sentence
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.kinds import fold, show_moment

PER_PAGE, HISTORY = 50, 100


class Change(NamedTuple):
    """One field of an entry, with words."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Shown:
    """An entry of the trail, with words; `sentence` has `%(name)s` and `%(record)s` in it, which are `who` and `record`."""

    id: UUID
    at: datetime
    when: str
    who: str
    sentence: str
    action_name: str
    record: str
    record_id: UUID | None
    channel: str
    result: str
    request_id: str
    changes: Sequence[Change] = field(default_factory=tuple)
    reason: str = ""

    @property
    def said(self) -> str:
        """“Mara Keller released PAY-2026-00042”."""
        return self.sentence % {"name": self.who, "record": self.record}


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty means all."""

    actor: str = ""
    action: str = ""
    record: str = ""
    since: date | None = None
    until: date | None = None
    before: UUID | None = None


@dataclass(frozen=True)
class Page:
    """One page of the trail, newest first; `older` continues it."""

    entries: Sequence[Shown]
    older: UUID | None


def history(record: Any, limit: int = HISTORY) -> list[Shown]:
    """What happened to a record, newest first."""
    query = _of_here().where(AuditEntry.record_id == record.id).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    return shown(session().scalars(query).all())


def listed(filters: Filters, per_page: int = PER_PAGE) -> Page:
    """The organisation's trail, newest first, a page at a time."""
    query = _narrowed(filters).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(per_page + 1)
    found = session().scalars(query).all()
    return Page(shown(found[:per_page]), found[per_page - 1].id if len(found) > per_page else None)


def _of_here() -> Select[AuditEntry]:
    return select(AuditEntry).where(AuditEntry.organisation_id == current.organisation.id)


def _narrowed(filters: Filters) -> Select[AuditEntry]:
    query = _of_here()
    if filters.record:
        query = query.where(AuditEntry.record_reference == filters.record.strip().upper())
    if filters.action:
        query = query.where(AuditEntry.action >= filters.action, AuditEntry.action < filters.action + "\U0010ffff")
    if filters.actor:
        query = query.where(AuditEntry.actor_id.in_(_people(filters.actor)))
    if filters.since:
        query = query.where(AuditEntry.at >= _midnight(filters.since))
    if filters.until:
        query = query.where(AuditEntry.at < _midnight(filters.until + timedelta(days=1)))
    if filters.before:
        place = session().execute(select(AuditEntry.at, AuditEntry.id).where(
            AuditEntry.organisation_id == current.organisation.id, AuditEntry.id == filters.before)).first()
        if place:
            query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < (place.at, place.id))
    return query


def _people(wanted: str) -> list[UUID]:
    """The ids meant by a name or an e-mail; names are few, so they are compared here."""
    rows = session().execute(select(AuditPerson.id, AuditPerson.name, AuditPerson.email).where(
        AuditPerson.organisation_id == current.organisation.id))
    return [row.id for row in rows if fold(wanted) in fold(row.name) or fold(wanted) in fold(row.email)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), ZoneInfo(current.organisation.timezone)).astimezone(UTC)


def shown(entries: Sequence[AuditEntry]) -> list[Shown]:
    """Entries with words in the reader's language; a fixed number of queries, whatever their number."""
    words = Vocabulary(entries)
    names = names_of({entry.actor_id for entry in entries} | {entry.on_behalf_of for entry in entries})
    return [_one(entry, words, names) for entry in entries]


def _one(entry: AuditEntry, words: Vocabulary, names: dict[UUID, str]) -> Shown:
    changes = tuple(Change(words.label(entry.resource, name), words.value(entry, name, 0), words.value(entry, name, 1))
                    for name in words.order(entry))
    said = entry.context.get("reason") or entry.context.get("comment") or ""
    return Shown(id=entry.id, at=entry.at, when=show_moment(entry.at), who=_who(entry, names), sentence=sentence(entry.action),
                 action_name=entry.action, record=object_of(entry), record_id=entry.record_id,
                 channel=channel_label(entry.channel), result=entry.result,
                 request_id=entry.request_id, changes=changes, reason=str(said))


def _who(entry: AuditEntry, names: dict[UUID, str]) -> str:
    nobody = str(_("erased person"))
    who = names.get(entry.actor_id or SYSTEM_ID, nobody)
    if entry.on_behalf_of:
        return str(_("%(who)s on behalf of %(behalf)s", who=who, behalf=names.get(entry.on_behalf_of, nobody)))
    return who
