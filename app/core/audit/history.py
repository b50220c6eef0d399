"""Questions to the trail: the history of a record, and the list with its filters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import Select, func, select

from app.core.audit.asking import Filters, Place, page_of
from app.core.audit.models import AuditEntry
from app.core.audit.people import people_of
from app.core.audit.places import device_of, place_of
from app.core.audit.words import Vocabulary, channel_label, object_of, reason_label, result_label, sentence
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.kinds import show_moment

PER_PAGE, HISTORY, READ = 50, 100, ".view"
APPROVED_BY = "approved_by"  # in the context of what took effect by an approval: the ids of those who gave it


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
    actor_id: UUID | None = None
    email: str = ""
    ip: str = ""
    place: str = ""
    device: str = ""

    @property
    def result_label(self) -> str:
        """How it went, in words."""
        return result_label(self.result)

    @property
    def said(self) -> str:
        """“Mara Keller released PAY-2026-00042”."""
        return self.sentence % {"name": self.who, "record": self.record}


@dataclass(frozen=True)
class Page:
    """One page of the trail, newest first; `older` continues it."""

    entries: Sequence[Shown]
    older: Place | None


def history(record: Any, limit: int = HISTORY) -> list[Shown]:
    """What happened to a record, newest first; who looked at it stands in the trail alone."""
    query = _of_here().where(AuditEntry.record_id == record.id, func.right(AuditEntry.action, len(READ)) != READ)
    query = query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(limit)
    return shown(session().scalars(query).all())


def listed(filters: Filters, per_page: int = PER_PAGE) -> Page:
    """The organisation's trail in the order asked for, a page at a time."""
    found = page_of(filters, per_page + 1)
    last = found[per_page - 1] if len(found) > per_page else None
    return Page(shown(found[:per_page]), Place(last.at, last.id, last.actor_id) if last else None)


def one(entry_id: UUID) -> AuditEntry:
    """An entry of this organisation. Raises `NotFound`."""
    found = session().get(AuditEntry, (current.organisation.id, entry_id))
    if found is None:
        raise NotFound(_("This entry is not there, or its time was over."))
    return found


def _of_here() -> Select[AuditEntry]:
    return select(AuditEntry).where(AuditEntry.organisation_id == current.organisation.id)


def shown(entries: Sequence[AuditEntry]) -> list[Shown]:
    """Entries with words in the reader's language; a fixed number of queries, whatever their number."""
    words = Vocabulary(entries)
    known = people_of({entry.actor_id for entry in entries} | {entry.on_behalf_of for entry in entries}
                      | {person for entry in entries for person in _approvers(entry)})
    names = {person: name for person, (name, _email) in known.items() if person}
    return [replace(_one(entry, words, names), email=known.get(entry.actor_id, ("", ""))[1]) for entry in entries]


def _one(entry: AuditEntry, words: Vocabulary, names: dict[UUID, str]) -> Shown:
    changes = tuple(Change(*said) for name in words.order(entry) for said in words.changed(entry, name))
    return Shown(id=entry.id, at=entry.at, when=show_moment(entry.at), who=_who(entry, names),
                 sentence=sentence(entry.action, entry.result), action_name=entry.action, record=object_of(entry),
                 record_id=entry.record_id,
                 channel=channel_label(entry.channel), result=entry.result,
                 request_id=entry.request_id, changes=changes, reason=reason_label(entry), actor_id=entry.actor_id,
                 ip=entry.ip or "", place=place_of(entry.ip) if entry.ip else "",
                 device=device_of(entry.agent).words if entry.agent else "")


def _who(entry: AuditEntry, names: dict[UUID, str]) -> str:
    nobody = str(_("erased person"))
    who = names.get(entry.actor_id or SYSTEM_ID, nobody)
    if entry.on_behalf_of and entry.context.get("actor_kind") == "service":
        return str(_("%(who)s (service), for which %(behalf)s answers", who=who, behalf=names.get(entry.on_behalf_of, nobody)))
    if approvers := _approvers(entry):
        return str(_("%(who)s (approved by %(names)s)", who=who, names=", ".join(names.get(each, nobody) for each in approvers)))
    if entry.on_behalf_of and entry.channel == "approval":
        return str(_("%(who)s (asked for by %(name)s)", who=who, name=names.get(entry.on_behalf_of, nobody)))
    if entry.on_behalf_of:
        return str(_("%(who)s on behalf of %(behalf)s", who=who, behalf=names.get(entry.on_behalf_of, nobody)))
    return who


def _approvers(entry: AuditEntry) -> list[UUID]:
    """Who approved what then took effect; nobody for what needed no approval, or was kept before this was written down."""
    return [UUID(each) for each in entry.context.get(APPROVED_BY, ())]
