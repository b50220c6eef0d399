"""How a worker delivers outbox rows: claim, deliver, mark done, or put off; each step survives a kill at any point."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import refresh
from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import aliased

from app.kernel import carrier, clock, outbox
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Refusal
from app.kernel.outbox import DONE, FAILED, WAITING, GiveUp, Handler, Hold, OutboxRow, Retry

LEASE, BATCH, TURN, REMEMBERED = timedelta(seconds=60), 20, 25.0, 3.0

Loaded = tuple[Organisation, Actor | None] | None
Loader = Callable[[UUID, UUID], Loaded]
_known: dict[tuple[UUID, UUID], tuple[float, Loaded]] = {}
_loader: list[Loader] = []
_stopping: list[bool] = []

log = logging.getLogger("opsflux.outbox")


def install_loader(loader: Loader) -> None:
    """Fill the slot: `loader(organisation_id, actor_id)` gives both, the actor None when it can act no more; None without organisation."""
    _loader[:] = [loader]


def stop() -> None:
    """Ask what is under way in this process to come to an end and give back the rest."""
    _stopping[:] = [True]


def is_stopping() -> bool:
    """Whether this process was asked to end."""
    return bool(_stopping)


def organisation_of(organisation_id: UUID) -> Organisation | None:
    """The organisation with all that work for it needs to know; None when it is gone or suspended."""
    found = _load(organisation_id, SYSTEM.id)
    return found[0] if found else None


@contextmanager
def on_behalf(organisation_id: UUID, actor_id: UUID, *, channel: str, request_id: str = "") -> Iterator[None]:
    """Act as the actor for the organisation, in the actor's language, whatever was set before.

    What is owed is delivered even when whoever caused it has left: then the system does it. A job of theirs does not run.
    """
    found = _remembered(organisation_id, actor_id) if channel == "outbox" else _load(organisation_id, actor_id)
    if found is None:
        raise GiveUp("The organisation is gone or suspended.")
    organisation, actor = found[0], found[1] or (SYSTEM if channel == "outbox" else None)
    if actor is None:
        raise GiveUp("Whoever asked for this can act here no more.")
    try:
        with acting(organisation, actor, channel=channel, request_id=request_id):
            refresh()
            yield
    finally:
        refresh()


def _load(organisation_id: UUID, actor_id: UUID) -> Loaded:
    with acting(bare(organisation_id)):
        found = _loader[0](organisation_id, actor_id) if _loader else None
        session().rollback()
    return found


def _remembered(organisation_id: UUID, actor_id: UUID) -> Loaded:
    """Who is acting, asked again after some seconds: a turn delivers many rows of few people."""
    known = _known.get((organisation_id, actor_id))
    if known is None or time.monotonic() - known[0] > REMEMBERED:
        known = _known[organisation_id, actor_id] = (time.monotonic(), _load(organisation_id, actor_id))
    return known[1]


def drain(organisation_id: UUID, *, only: UUID | None = None) -> int:
    """Deliver due rows until none is left or the turn is over; the next turn is then called."""
    carrier.answered(organisation_id)
    _known.clear()
    delivered, deadline = 0, time.monotonic() + TURN
    while not is_stopping():
        claims = _claim(organisation_id, only)
        for number, row in enumerate(claims):
            if is_stopping() or time.monotonic() > deadline:
                _give_back(organisation_id, claims[number:])
                break
            delivered += _deliver(row)
        if not claims or only:
            return delivered
        if time.monotonic() > deadline:
            break
    carrier.try_push([carrier.Call(organisation_id)])
    return delivered


def _claim(organisation_id: UUID, only: UUID | None) -> list[OutboxRow]:
    """Take due rows under a lease; the attempt is recorded before anything is called. Claims of one organisation follow one another,
    so that a lane is never in two hands.
    """
    now, busy = clock.now(), aliased(OutboxRow)
    due = select(OutboxRow.id).where(
        OutboxRow.state == WAITING, OutboxRow.due_at <= now, or_(OutboxRow.lease_until.is_(None), OutboxRow.lease_until <= now),
        or_(OutboxRow.lane == "", ~exists().where(
            busy.organisation_id == organisation_id, busy.lane == OutboxRow.lane, busy.state == WAITING, busy.lease_until > now)))
    due = due.where(OutboxRow.id == only) if only else due.order_by(OutboxRow.rank, OutboxRow.due_at, OutboxRow.id).limit(BATCH)
    with acting(bare(organisation_id)), unit_of_work() as work:
        work.execute(select(func.pg_advisory_xact_lock(organisation_id.int & 0x7FFF_FFFF_FFFF_FFFF)))
        ids = list(work.scalars(due.with_for_update(skip_locked=True, of=OutboxRow)))
        if not ids:
            return []
        begin = update(OutboxRow).where(OutboxRow.id.in_(ids)).values(lease_until=now + LEASE, attempts=OutboxRow.attempts + 1)
        taken = {row.id: row for row in work.scalars(begin.returning(OutboxRow).execution_options(synchronize_session=False))}
        work.expunge_all()
    return [taken[row_id] for row_id in ids]


def _deliver(row: OutboxRow) -> bool:
    known: Handler | None = None
    try:
        known = outbox.handler_of(row)
        with on_behalf(row.organisation_id, row.actor_id, channel="outbox", request_id=row.request_id), _under_way(row):
            return _outside(known, row) if known.outside else _inside(known, row)
    except Exception as error:
        level = logging.DEBUG if isinstance(error, Hold) and not error.tried else logging.WARNING
        log.log(level, "Delivery of %s %s failed at attempt %s: %s", row.name, row.id, row.attempts, error,
                exc_info=not isinstance(error, Retry | Hold | GiveUp | Refusal | OSError))
        _put_off(known, row, error)
        return False


def _inside(known: Handler, row: OutboxRow) -> bool:
    """What the handler writes and the row's end are one commit."""
    with unit_of_work():
        if not _hold(row):
            return False
        known.deliver(row.payload, row)
        _finish(row)
    return True


def _outside(known: Handler, row: OutboxRow) -> bool:
    """Begin under a fresh lease, call with no transaction open, then write what is known."""
    with unit_of_work():
        if not _hold(row):
            return False
        session().execute(_mine(row).values(lease_until=clock.now() + LEASE, last_error=""))
        given = known.prepare(row.payload, row) if known.prepare else row.payload
    after = known.deliver(given, row)
    with unit_of_work():
        if callable(after):
            after()
        _finish(row)
    return True


def _hold(row: OutboxRow) -> bool:
    """Lock the row if it is still this claim's."""
    found = select(OutboxRow.id).where(OutboxRow.id == row.id, OutboxRow.attempts == row.attempts, OutboxRow.state == WAITING)
    return session().execute(found.with_for_update()).first() is not None


def _finish(row: OutboxRow) -> None:
    session().execute(_mine(row).values(state=DONE, lease_until=None, done_at=clock.now(), last_error=""))


def _put_off(known: Handler | None, row: OutboxRow, error: Exception) -> None:
    """Write down what went wrong and when the next attempt is due, or that there is none."""
    if isinstance(error, Hold):
        _hold_lane(known, row, error)
        return
    hopeless = isinstance(error, GiveUp) or (isinstance(error, Refusal) and error.status < 500 and error.status != 429)
    failed = hopeless or row.attempts >= row.attempts_limit
    asked = error.after if isinstance(error, Retry) else None
    pause = back_off(row.attempts, known.longest if known else 3600) if asked is None else asked
    reason = f"{type(error).__name__}: {error}"[:2000]
    with acting(bare(row.organisation_id), channel="outbox", request_id=row.request_id), unit_of_work():
        if not _hold(row):
            return
        row.state, row.due_at = FAILED if failed else WAITING, clock.now() + timedelta(seconds=pause)
        session().execute(_mine(row).values(state=row.state, lease_until=None, last_error=reason, due_at=row.due_at))
        if known and known.failed:
            known.failed(row, reason)


def _hold_lane(known: Handler | None, row: OutboxRow, error: Hold) -> None:
    """Put off the row and all that is due of its lane to one moment, at which their order decides again."""
    others = (OutboxRow.organisation_id == row.organisation_id, OutboxRow.lane == row.lane, OutboxRow.lane != "", OutboxRow.id != row.id,
              OutboxRow.state == WAITING, OutboxRow.due_at < error.until, OutboxRow.lease_until.is_(None))
    with acting(bare(row.organisation_id), channel="outbox", request_id=row.request_id), unit_of_work():
        if not _hold(row):
            return
        session().execute(update(OutboxRow).where(*others).values(due_at=error.until).execution_options(synchronize_session=False))
        row.due_at = error.until
        reason = f"Hold: {error}"[:2000]
        told = {"last_error": reason} if error.tried else {"attempts": OutboxRow.attempts - 1}
        session().execute(_mine(row).values(state=WAITING, lease_until=None, due_at=error.until, **told))
        if known and known.failed:
            known.failed(row, reason)


def _give_back(organisation_id: UUID, rows: list[OutboxRow]) -> None:
    with acting(bare(organisation_id)), unit_of_work():
        for row in rows:
            session().execute(_mine(row).values(lease_until=None, attempts=OutboxRow.attempts - 1))


def _mine(row: OutboxRow) -> Any:
    return update(OutboxRow).where(OutboxRow.id == row.id, OutboxRow.attempts == row.attempts).execution_options(synchronize_session=False)


@contextmanager
def _under_way(row: OutboxRow) -> Iterator[None]:
    token = outbox._delivering.set(row)
    try:
        yield
    finally:
        outbox._delivering.reset(token)


def back_off(attempts: int, longest: float = 3600) -> float:
    """Seconds until the next attempt: doubling from two, at most `longest`, spread by a quarter."""
    return float(min(2.0 ** min(attempts, 30), longest)) * random.uniform(0.75, 1.25)  # noqa: S311 -- spreads load, guards nothing


def bare(organisation_id: UUID) -> Organisation:
    """The organisation as far as both walls need it."""
    return Organisation(id=organisation_id, slug="", name="")
