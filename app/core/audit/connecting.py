"""Transactions that look at one chain: the session's own for a moment, or one apart from it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import Connection, text

from app.kernel.current import PLATFORM_ID, current
from app.kernel.db import apart


@contextmanager
def within_chain(connection: Connection, organisation_id: UUID) -> Iterator[None]:
    """Within the block, row security lets the session's transaction see the chain of another organisation, or of the platform."""
    if organisation_id == (current.context.organisation.id if current.context.organisation else None):
        yield
        return
    before = connection.execute(text("SELECT current_setting('app.organisation', true)")).scalar() or ""
    _face(connection, str(organisation_id))
    yield  # not in try/finally: after an error the transaction is over, and its settings with it
    _face(connection, before)


@contextmanager
def within_platform(connection: Connection) -> Iterator[None]:
    """Within the block, the connection sees the platform's chain, where the sign-ins stand."""
    with within_chain(connection, PLATFORM_ID):
        yield


@contextmanager
def apart_from_session(organisation_id: UUID) -> Iterator[Connection]:
    """A transaction of its own that sees one chain, committed when the block ends well, whatever becomes of the session's."""
    with apart() as connection:
        before = connection.execute(text("SELECT current_setting('app.organisation', true)")).scalar() or ""
        _face(connection, str(organisation_id))
        yield connection
        _face(connection, before)


def _face(connection: Connection, organisation: str) -> None:
    connection.execute(text("SELECT set_config('app.organisation', :organisation, true)"), {"organisation": organisation})
