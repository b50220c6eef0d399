"""The names behind the pseudonymous ids, kept apart from the trail so that they can be erased."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import Connection, event, select, text
from sqlalchemy.orm import Session

from app.core.audit.models import AuditPerson
from app.kernel import clock
from app.kernel.current import SYSTEM, SYSTEM_ID, Actor, current
from app.kernel.db import session

LARGEST = 10_000
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended(:name, 0))")
_known: set[tuple[UUID, UUID, str, str]] = set()


class Named(Protocol):
    """Somebody with an id, a name and an e-mail address."""

    @property
    def id(self) -> UUID: ...
    @property
    def name(self) -> str: ...
    @property
    def email(self) -> str: ...


def remember(connection: Connection, organisation_id: UUID, actor: Actor | Named | None, work: Session | None) -> None:
    """Keep the actor's name and e-mail, once per change of them; never waits for another transaction that does the same.

    Of an impersonator too, and of a service.
    """
    if actor is None or actor.id == SYSTEM_ID:
        return
    if isinstance(actor, Actor) and actor.impersonator is not None:
        _keep_name(connection, organisation_id, actor.impersonator, work)
    if isinstance(actor, Actor) and actor.service is not None:
        _keep_name(connection, organisation_id, actor.service, work)
    _keep_name(connection, organisation_id, actor, work)


def _keep_name(connection: Connection, organisation_id: UUID, actor: Named, work: Session | None) -> None:
    agency = getattr(actor, "agency", "")
    name = f"{actor.name} ({agency})" if agency else actor.name
    said = (organisation_id, actor.id, name, actor.email)
    pending: set[Any] = work.info.setdefault("audit_people", set()) if work is not None else set()
    if said in _known or said in pending:
        return
    told = {"organisation": organisation_id, "id": actor.id, "name": name, "email": actor.email, "now": clock.now()}
    if not connection.execute(_LOCK, {"name": f"audit_person:{organisation_id}:{actor.id}"}).scalar():
        return  # another transaction is about to say the same; should it be undone, the next one says it
    connection.execute(text("INSERT INTO audit_person (organisation_id, id, name, email, seen_at) "
                            "VALUES (:organisation, :id, :name, :email, :now) ON CONFLICT DO NOTHING"), told)
    connection.execute(text("UPDATE audit_person SET name = :name, email = :email, seen_at = :now WHERE organisation_id = :organisation "
                            "AND id = :id AND (name, email) <> (:name, :email)"), told)
    pending.add(said)


@event.listens_for(Session, "after_commit")
def _keep(work: Session) -> None:
    if work.in_nested_transaction():
        return  # what follows may still undo it
    if len(_known) > LARGEST:
        _known.clear()
    _known.update(work.info.pop("audit_people", ()))


@event.listens_for(Session, "after_soft_rollback")
def _forget(work: Session, _transaction: Any) -> None:
    work.info.pop("audit_people", None)


def people_of(ids: Iterable[UUID | None]) -> dict[UUID | None, tuple[str, str]]:
    """Name and e-mail of actors by id, as last seen; an erased person has none."""
    wanted = {i for i in ids if i}
    rows = session().execute(select(AuditPerson.id, AuditPerson.name, AuditPerson.email).where(
        AuditPerson.organisation_id == current.organisation.id, AuditPerson.id.in_(wanted))) if wanted else ()
    return {**{row[0]: (row[1], row[2]) for row in rows}, SYSTEM_ID: (SYSTEM.name, "")}


def names_of(ids: Iterable[UUID | None]) -> dict[UUID | None, str]:
    """The names of actors by id."""
    return {person: name for person, (name, _email) in people_of(ids).items()}
