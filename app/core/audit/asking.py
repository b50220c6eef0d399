"""Narrowing and ordering the trail: every filter is an index condition, every page follows the last one by its key."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, false, func, or_, select, text, tuple_, union_all

from app.core.audit.models import AuditEntry, AuditPerson
from app.kernel import clock
from app.kernel.current import SYSTEM, SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.kinds import fold

SORTS = ("-at", "at", "actor", "-actor")
NAMES = ("actor", "action", "resource", "record", "since", "until", "result", "channel", "ip", "q", "request", "person",
         "record_id", "sort")
MOST_FOUND, EPOCH = 10_000, datetime(1970, 1, 1, tzinfo=UTC)
_ACTORS = text("""
WITH RECURSIVE seen AS (
  (SELECT actor_id FROM audit_entry WHERE organisation_id = :here AND actor_id IS NOT NULL ORDER BY actor_id LIMIT 1)
  UNION ALL
  SELECT (SELECT e.actor_id FROM audit_entry e WHERE e.organisation_id = :here AND e.actor_id > seen.actor_id ORDER BY e.actor_id LIMIT 1)
  FROM seen WHERE seen.actor_id IS NOT NULL)
SELECT actor_id FROM seen WHERE actor_id IS NOT NULL""")


@dataclass(frozen=True)
class Place:
    """Where a page ends: the last entry's moment and id, and who did it."""

    at: datetime
    id: UUID
    actor: UUID | None

    def __str__(self) -> str:
        micros = (self.at - EPOCH) // timedelta(microseconds=1)
        return f"{micros}.{self.id.hex}" + (f".{self.actor.hex}" if self.actor else "")

    @classmethod
    def read(cls, raw: str) -> Place:
        """The place that was written so. Raises ValueError."""
        micros, entry, *actor = raw.split(".")
        return cls(EPOCH + timedelta(microseconds=int(micros)), UUID(hex=entry), UUID(hex=actor[0]) if actor else None)


@dataclass(frozen=True)
class Filters:
    """What the list is narrowed to; empty means all. Days are whole days of the organisation, the last one included."""

    actor: str = ""
    action: str = ""
    record: str = ""
    since: date | None = None
    until: date | None = None
    before: Place | None = None
    resource: str = ""
    result: str = ""
    channel: str = ""
    ip: str = ""
    words: str = ""
    request: str = ""
    person: UUID | None = None
    record_id: UUID | None = None
    sort: str = "-at"


def narrowed(filters: Filters, *, aggregate: Sequence[Any] = ()) -> Select[Any]:
    """The question for the entries that match, in no order yet."""
    question: Select[Any] = select(*aggregate) if aggregate else select(AuditEntry)
    return question.where(AuditEntry.organisation_id == current.organisation.id, *_criteria(filters))


def _criteria(filters: Filters) -> Iterator[Any]:
    if filters.record:
        yield and_(AuditEntry.record_reference == filters.record.strip().upper(), AuditEntry.record_reference != "")
    if filters.action:
        yield and_(AuditEntry.action >= filters.action, AuditEntry.action < filters.action + "\U0010ffff")
    for column, wanted in ((AuditEntry.resource, filters.resource), (AuditEntry.channel, filters.channel),
                           (AuditEntry.request_id, filters.request), (AuditEntry.record_id, filters.record_id)):
        if wanted:
            yield column == wanted
    if filters.result:
        yield AuditEntry.result == "ok" if filters.result == "ok" else and_(AuditEntry.result == filters.result, AuditEntry.result != "ok")
    if filters.ip:
        yield and_(AuditEntry.ip == filters.ip.strip(), AuditEntry.ip != "")
    if filters.person:
        yield or_(AuditEntry.actor_id == filters.person, AuditEntry.on_behalf_of == filters.person)
    if filters.actor:
        yield AuditEntry.actor_id.in_(people(filters.actor))
    if filters.words:
        yield _said(filters.words)
    yield from _period(filters)


def _period(filters: Filters) -> Iterator[Any]:
    if filters.since:
        yield AuditEntry.at >= clock.midnight(filters.since, current.organisation.timezone)
    if filters.until:
        yield AuditEntry.at < clock.midnight(filters.until + timedelta(days=1), current.organisation.timezone)


def _said(words: str) -> Any:
    """Entries in whose values every word begins a word, or which somebody of that name made; of more than `MOST_FOUND` the newest."""
    wanted = " & ".join(f"'{word}':*" for word in re.findall(r"[\w-]+", words)[:8])
    found = select(func.audit_find(wanted, MOST_FOUND).label("id")) if wanted else select(AuditEntry.id).where(false())
    if named := people(words):
        theirs = select(AuditEntry.id).where(AuditEntry.organisation_id == current.organisation.id, AuditEntry.actor_id.in_(named))
        return AuditEntry.id.in_(union_all(found, theirs.order_by(AuditEntry.at.desc()).limit(MOST_FOUND)))
    return AuditEntry.id.in_(found)


def page_of(filters: Filters, size: int) -> list[AuditEntry]:
    """The next entries in the order asked for."""
    if filters.sort.endswith("actor"):
        return _by_actor(filters, size)
    column = (AuditEntry.at.desc(), AuditEntry.id.desc()) if filters.sort == "-at" else (AuditEntry.at, AuditEntry.id)
    question = narrowed(filters)
    if filters.before:
        key, place = tuple_(AuditEntry.at, AuditEntry.id), (filters.before.at, filters.before.id)
        question = question.where(key < place if filters.sort == "-at" else key > place)
    return list(session().scalars(question.order_by(*column).limit(size)))


def _by_actor(filters: Filters, size: int) -> list[AuditEntry]:
    """Person after person by name, each person's entries newest first."""
    ids = _actors(filters)
    if filters.before and filters.before.actor in ids:
        ids = ids[ids.index(filters.before.actor):]
    found: list[AuditEntry] = []
    for actor in ids:
        before = filters.before if filters.before and filters.before.actor == actor else None
        one = narrowed(filters).where(AuditEntry.actor_id == actor)
        if before:
            one = one.where(tuple_(AuditEntry.at, AuditEntry.id) < (before.at, before.id))
        found += session().scalars(one.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(size - len(found)))
        if len(found) >= size:
            break
    return found


def _actors(filters: Filters) -> list[UUID]:
    """Who has entries here, by name; whoever was erased comes last."""
    ids = session().scalars(_ACTORS, {"here": current.organisation.id}).all()
    rows = session().execute(select(AuditPerson.id, AuditPerson.name).where(AuditPerson.organisation_id == current.organisation.id))
    named = {**{row.id: fold(row.name) for row in rows}, SYSTEM_ID: fold(SYSTEM.name)}
    return sorted(ids, key=lambda i: (i not in named, named.get(i, ""), i), reverse=filters.sort.startswith("-"))


def every(filters: Filters, portion: int = 1_000) -> Iterator[list[AuditEntry]]:
    """All entries that match, newest first, a portion at a time."""
    filters = replace(filters, sort="-at", before=None)
    while rows := page_of(filters, portion):
        yield rows
        last = rows[-1]
        filters = replace(filters, before=Place(last.at, last.id, None))
        session().expunge_all()


def people(wanted: str) -> list[UUID]:
    """The ids meant by a name or an e-mail; names are few, so they are compared here."""
    rows = session().execute(select(AuditPerson.id, AuditPerson.name, AuditPerson.email).where(
        AuditPerson.organisation_id == current.organisation.id))
    return [row.id for row in rows if fold(wanted) in fold(row.name) or fold(wanted) in fold(row.email)]


def per_day(filters: Filters, days: Sequence[date]) -> list[tuple[date, int, int]]:
    """How many entries each day has, and how many of them were refused; the days are those of the organisation."""
    zone = current.organisation.timezone
    day = func.date(func.timezone(zone, AuditEntry.at))
    spanned = replace(filters, since=max(filter(None, (filters.since, days[0]))), until=min(filter(None, (filters.until, days[-1]))))
    rows = session().execute(narrowed(spanned, aggregate=(day.label("day"), func.count().label("all"),
                             func.count().filter(AuditEntry.result != "ok").label("refused"))).group_by(day)).all()
    found = {row.day: (row[1], row.refused) for row in rows}
    return [(each, *found.get(each, (0, 0))) for each in days]
