"""The database session with both tenancy walls, and the unit of work that commits once, at the edge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from flask import has_app_context
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, Engine, MetaData, Table, event, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session, SessionTransaction, with_loader_criteria
from sqlalchemy.sql import visitors

from app.kernel.current import current, when_organisation_changes
from app.kernel.errors import Unavailable

NAMES = {"ix": "ix_%(table_name)s_%(column_0_N_name)s", "uq": "uq_%(table_name)s_%(column_0_N_name)s",
         "ck": "ck_%(table_name)s_%(constraint_name)s", "fk": "fk_%(table_name)s_%(column_0_N_name)s", "pk": "pk_%(table_name)s"}


class Base(DeclarativeBase):
    """The root of all mapped classes."""

    metadata = MetaData(naming_convention={k: v for k, v in NAMES.items() if k != "ck"})


db = SQLAlchemy(model_class=Base)

_across: ContextVar[str] = ContextVar("across", default="")
_identity: ContextVar[UUID | None] = ContextVar("identity", default=None)


@contextmanager
def as_identity(identity_id: UUID | None) -> Iterator[None]:
    """Within the block, the rows of one's own identity (sessions, memberships) can be read."""
    token = _identity.set(identity_id)
    _tell(db.session())
    try:
        yield
    finally:
        _identity.reset(token)


def engine_options() -> dict[str, Any]:
    """How connections are made: they give up soon rather than hang, and are tried before use."""
    return {"pool_pre_ping": True, "pool_size": 10, "max_overflow": 20, "pool_timeout": 10, "hide_parameters": True,
            "connect_args": {"connect_timeout": 5, "options": "-c statement_timeout=30000 -c timezone=UTC"}}


@event.listens_for(Engine, "connect")
def _know_the_pooler(connection: Any, _record: object) -> None:
    """Where a pooler lends connections for one transaction each, statements prepared in one are not there in the next: prepare none."""
    (process,) = connection.execute("SELECT pg_backend_pid()").fetchone()
    connection.rollback()
    if process != connection.info.backend_pid:
        connection.prepare_threshold = None


def session() -> Session:
    """The session of this request or job."""
    return db.session()


@event.listens_for(Session, "after_begin")
def _wall(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
    """Tell row security who this transaction is for; it lasts exactly as long as the transaction, and holds in its savepoints."""
    if not transaction.nested:
        _set(connection)


def _set(connection: Connection) -> None:
    organisation = current.context.organisation
    connection.execute(
        text("SELECT set_config('app.organisation', :organisation, true), set_config('app.identity', :identity, true)"),
        {"organisation": str(organisation.id) if organisation else "", "identity": str(_identity.get() or "")})


def _tell(session: Session) -> None:
    """Bring a transaction that is under way in step with the circumstances."""
    if session.in_transaction():
        _set(session.connection())


def enter() -> None:
    """Call after the organisation of the running transaction became known (sign-in, URL)."""
    _tell(session())


def _follow() -> None:
    """The organisation changed while a transaction was open; one that has failed already stays as it is until it is rolled back."""
    if has_app_context() and db.session.registry.has() and session().is_active:
        with suppress(DBAPIError):
            _tell(session())


when_organisation_changes(_follow)


@event.listens_for(Session, "do_orm_execute")
def _guard(state: ORMExecuteState) -> None:
    """The first wall: every statement on a tenant table is narrowed to the organisation, or refused when there is none."""
    from app.kernel.records import Tenanted

    if _across.get() or state.is_column_load or state.is_relationship_load:
        return
    organisation = current.context.organisation
    if organisation is None:
        if tenant_tables(state.statement):
            raise Unavailable("A question about an organisation's rows was asked with no organisation set.")
        return
    if state.is_select or state.is_update or state.is_delete:
        wanted = organisation.id
        state.statement = state.statement.options(
            with_loader_criteria(Tenanted, lambda cls: cls.organisation_id == wanted, include_aliases=True))


def tenant_tables(statement: Any) -> set[str]:
    """The tenant tables that a statement touches."""
    parts = (part for part in visitors.iterate(statement) if isinstance(part, Table))
    return {table.name for table in parts if table.info.get("tenanted")}


@contextmanager
def apart() -> Iterator[Connection]:
    """A transaction of its own, committed when the block ends well, whatever becomes of the session's."""
    with Session(db.engine, join_transaction_mode="create_savepoint") as work, work.begin():
        yield work.connection()


@contextmanager
def unit_of_work() -> Iterator[Session]:
    """One piece of work: committed when the block ends well, undone in full when anything is raised.

    Raises `RuntimeError` inside another one, whose changes would be lost.
    """
    work = session()
    if work.info.get("unit"):
        raise RuntimeError("a unit of work cannot begin inside another")
    work.info["unit"] = True
    try:
        yield work
        work.commit()
    except BaseException:
        work.rollback()
        raise
    finally:
        db.session.remove()
