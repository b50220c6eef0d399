"""The one writer of the trail. Flush events and the COPY of the door are its two feeds; `note` is for what is no change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from flask_babel import gettext as _
from sqlalchemy import Connection, insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.core.audit.canonical import ALL, digest, entry_of, key, machine
from app.core.audit.connecting import apart_from_session, within_chain
from app.core.audit.doing import under_way
from app.core.audit.models import AuditEntry
from app.core.audit.people import remember
from app.core.audit.personal import seal_values
from app.kernel import clock
from app.kernel.bulk import MANY, copy_rows
from app.kernel.current import PLATFORM_ID, acting_id, current
from app.kernel.db import session
from app.kernel.errors import Unavailable
from app.kernel.records import new_id
from app.kernel.rehearsal import rehearsing


def _organisation_id() -> UUID:
    found = current.context.organisation
    return found.id if found else PLATFORM_ID


def _actor_id() -> UUID:
    """Whoever really acts: the impersonator, not the one whose pages they see; the service, not the member who answers for it."""
    user = current.context.user
    behind = user and (user.impersonator or user.service)
    return behind.id if behind else acting_id()


def _on_behalf_of() -> UUID | None:
    user = current.context.user
    if user and (user.impersonator or user.service):
        return user.id
    return user.on_behalf_of if user else None


@dataclass(frozen=True)
class Seat:
    """Who a person is in one of their organisations, which hears of them by that name alone."""

    organisation_id: UUID
    id: UUID
    name: str
    email: str


@dataclass(slots=True)
class Entry:
    """One row of the trail before it is written; what is not said is taken from the circumstances."""

    action: str
    resource: str = ""
    record_id: UUID | None = None
    record_reference: str = ""
    changes: dict[str, list[Any]] = field(default_factory=dict)
    context: dict[str, Any] = field(default_factory=dict)
    result: str = "ok"
    organisation_id: UUID = field(default_factory=_organisation_id)
    actor_id: UUID | None = field(default_factory=_actor_id)
    on_behalf_of: UUID | None = field(default_factory=_on_behalf_of)
    channel: str = field(default_factory=lambda: current.channel)
    request_id: str = field(default_factory=lambda: current.request_id)
    change_set_id: UUID | None = field(default_factory=lambda: current.change_set_id)
    ip: str | None = field(default_factory=lambda: current.context.source)
    agent: str | None = field(default_factory=lambda: current.context.agent)
    at: datetime = field(default_factory=clock.now)
    id: UUID = field(default_factory=new_id)
    seat: Seat | None = None


def write(entries: Sequence[Entry], work: Session | None = None) -> None:
    """Add entries in the running transaction. Raises `Unavailable` when they cannot be written: then nothing else may be kept.

    What is only rehearsed leaves no entry, as it leaves nothing else.
    """
    if not entries or rehearsing():
        return
    by_chain: dict[UUID, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_chain[entry.organisation_id].append(entry)
    work = work or session()
    for organisation_id, rows in by_chain.items():
        add(work.connection(), organisation_id, rows, work)


def add(connection: Connection, organisation_id: UUID, entries: Sequence[Entry], work: Session | None = None) -> None:
    """Add entries of one chain over a connection; the actor's name is remembered apart."""
    try:
        with within_chain(connection, organisation_id):
            for actor in {entry.seat for entry in entries if entry.seat} or (current.context.user,):
                remember(connection, organisation_id, actor, work)
            seal_values(connection, organisation_id, (entry.changes for entry in entries))
            _insert(connection, [_row(entry) for entry in entries])
    except (psycopg.Error, DBAPIError) as error:
        raise Unavailable(_("The audit trail cannot be written, so nothing was changed. Try again later.")) from error


def _row(entry: Entry) -> dict[str, Any]:
    values = {name: getattr(entry, name) for name in ALL}
    values["context"], values["agent"] = machine({**entry.context, **_kind(entry)}), machine(entry.agent)
    kept = digest(key("entry"), entry_of(values.values()))
    return {**values, "digest": kept}


def _kind(entry: Entry) -> dict[str, str]:
    """What acts, where it is no person."""
    service = current.context.user.service if current.context.user else None
    return {"actor_kind": "service"} if service and entry.actor_id == service.id else {}


def _insert(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    table: Any = AuditEntry.__table__
    if len(rows) < MANY:
        connection.execute(insert(table), list(rows))
    else:
        names = (*ALL, "digest")
        copy_rows(table, names, ([row[name] for name in names] for row in rows))


def note(action: str, *, result: str = "ok", resource: str = "", record: Any = None, apart: bool = False, platform: bool = False,
         context: Mapping[str, Any] | None = None, seats: Sequence[Seat] = (), shared: Mapping[str, Any] | None = None,
         **said: Any) -> None:
    """Audit what changes no record: a sign-in, an export, a confidential read, a refusal.

    `apart` commits it at once over a connection of its own, for what is raised and rolled back next. `platform` puts it into the
    platform's chain. `said` overrides the circumstances (actor_id, record_id, record_reference, organisation_id, …).
    `seats` hear of it too, each in its own chain and as the member's own act: of the context only what is `shared`.
    """
    if record is not None:
        said = {"record_id": record.id, "record_reference": getattr(record, "reference", ""), **said}
    if platform:
        said["organisation_id"] = PLATFORM_ID
    cause = dict(under_way().context)
    shared = dict(shared or {})
    entries = [Entry(action=action, resource=resource, result=result, context={**cause, **shared, **(context or {})}, **said),
               *(_told(seat, action, result, resource, shared) for seat in seats)]
    if not apart or rehearsing():
        write(entries)
        return
    for entry in entries:
        with apart_from_session(entry.organisation_id) as connection:
            add(connection, entry.organisation_id, [entry])


def _told(seat: Seat, action: str, result: str, resource: str, shared: dict[str, Any]) -> Entry:
    """The same for one organisation of the person; nothing of another one, in which they may be acting, goes with it."""
    return Entry(action=action, resource=resource, result=result, context=shared, organisation_id=seat.organisation_id, actor_id=seat.id,
                 on_behalf_of=None, change_set_id=None, seat=seat)
