"""The outbox: what must happen after commit, written in the same transaction as its cause, delivered exactly once inside the database.

A row waits (until `due_at`, so that a hold window can be undone), is claimed by a lease (of what is due the lowest `rank` first), and is
done in one commit together with what its handler wrote. Whatever a crash leaves behind is claimed again when the lease ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Index, SmallInteger, Text, Uuid, and_, insert, or_, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import carrier, clock
from app.kernel.current import acting_id, current
from app.kernel.db import session
from app.kernel.errors import DeclarationError
from app.kernel.records import Tenanted, new_id

WAITING, HELD, DONE, FAILED, CANCELLED = "waiting", "held", "done", "failed", "cancelled"
ATTEMPTS = 12


class OutboxRow(Tenanted):
    """One delivery owed. `key` is unique per organisation when given; rows of one `lane` are delivered one after the other; a lower
    `rank` goes first.
    """

    __tablename__ = "outbox"
    __relayed__ = ("id", "organisation_id", "due_at", "state", "lease_until")

    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]] = mapped_column(JSONB)
    key: Mapped[str] = mapped_column(Text, default="")
    lane: Mapped[str] = mapped_column(Text, default="")
    rank: Mapped[int] = mapped_column(SmallInteger, default=0, server_default="0")
    risk: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text, default=WAITING)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(default=0)
    attempts_limit: Mapped[int] = mapped_column(default=ATTEMPTS)
    last_error: Mapped[str] = mapped_column(Text, default="")
    actor_id: Mapped[UUID] = mapped_column(Uuid, default=acting_id)
    request_id: Mapped[str] = mapped_column(Text, default=lambda: current.request_id)
    change_set_id: Mapped[UUID | None] = mapped_column(Uuid, default=lambda: current.change_set_id)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    done_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def was_begun(self) -> bool:
        """Whether an attempt began of which nothing is known: for a call to the outside, it may have arrived."""
        return self.attempts > 0 and not self.last_error


_table = OutboxRow.__table__
Index("uq_outbox_key", _table.c.organisation_id, _table.c.key, unique=True, postgresql_where=text("key <> ''"))
Index("ix_outbox_due", _table.c.organisation_id, _table.c.rank, _table.c.due_at, _table.c.id, postgresql_where=text("state = 'waiting'"))
Index("ix_outbox_sweep", _table.c.due_at, _table.c.organisation_id, postgresql_where=text("state = 'waiting'"))
Index("ix_outbox_lane", _table.c.organisation_id, _table.c.lane, _table.c.lease_until,
      postgresql_where=text("state = 'waiting' AND lane <> ''"))
Index("ix_outbox_failed", _table.c.organisation_id, _table.c.id, postgresql_where=text("state = 'failed'"))
Index("ix_outbox_change_set", _table.c.organisation_id, _table.c.change_set_id, postgresql_where=text("change_set_id IS NOT NULL"))


@dataclass(frozen=True)
class Handler:
    """Who delivers rows of a name. An `outside` handler calls mail or HTTP and runs in no transaction; what it returns, if callable, is
    called in the transaction that marks the row done. What `prepare(payload, row)` gives, in the transaction that records the attempt,
    comes to it in place of the payload. Every other handler runs inside the transaction that marks the row done.

    `label` says what it does, `about(row)` what it is about: a name and a path, for whoever looks after what could not be delivered.
    `revive(row)` makes what `failed` ended ready to be tried again, or raises Conflict.
    """

    name: str
    deliver: Callable[[Any, OutboxRow], Any]
    outside: bool = False
    lane: str = ""
    attempts: int = ATTEMPTS
    longest: int = 3600
    failed: Callable[[OutboxRow, str], Any] | None = None
    prepare: Callable[[dict[str, Any], OutboxRow], Any] | None = None
    label: Any = ""
    about: Callable[[OutboxRow], tuple[str, str] | None] | None = None
    revive: Callable[[OutboxRow], Any] | None = None


class Retry(Exception):
    """The delivery did not work now; try again `after` seconds, or by the usual back-off."""

    def __init__(self, reason: Any, after: float | None = None) -> None:
        super().__init__(str(reason))
        self.after = after


class Hold(Exception):
    """Nothing of this row's lane can be delivered before `until`: the lane waits whole, in its order. It never makes a row fail, and an
    attempt that was not `tried` does not count.
    """

    def __init__(self, reason: Any, until: datetime, *, tried: bool = True) -> None:
        super().__init__(str(reason))
        self.until, self.tried = until, tried


class GiveUp(Exception):
    """The delivery can never work; the row fails at once and says why."""


_handlers: dict[str, Handler] = {}
_holding: ContextVar[UUID | None] = ContextVar("holding", default=None)
_delivering: ContextVar[OutboxRow | None] = ContextVar("delivering", default=None)


def handler(name: str, **said: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register `fn(payload, row)` as what delivers rows of `name`; `said` is what `Handler` knows besides."""

    def register(fn: Callable[..., Any]) -> Callable[..., Any]:
        known = _handlers.get(name)
        if known is not None and known.deliver.__qualname__ != fn.__qualname__:
            raise DeclarationError(f"The effect “{name}” already has a handler: {known.deliver.__qualname__}.")
        _handlers[name] = Handler(name, fn, **said)
        return fn

    return register


def handler_of(row: OutboxRow) -> Handler:
    """What delivers a row: an effect's handler, or the subscriber that the event was put for."""
    if row.kind == "event":
        return Handler(row.name, _deliver_event)
    if row.name not in _handlers:
        raise GiveUp(f"Nothing delivers “{row.name}”.")
    return _handlers[row.name]


def put(kind: str, name: str, payload: Mapping[str, Any], *, due_at: datetime | None = None, key: str = "", risk: str = "",
        rank: int = 0) -> OutboxRow:
    """Owe a delivery. With a `key` that is already there the first row is given back and nothing is added."""
    row = _row(kind, name, payload, due_at, risk, key) | {"rank": rank}
    if not key:
        made = OutboxRow(id=new_id(), **row)
        session().add(made)
    else:
        session().execute(pg_insert(OutboxRow).values(**_complete(row)).on_conflict_do_nothing())
        made = session().scalars(select(OutboxRow).where(OutboxRow.key == key)).one()
    _call_soon(made.state, made.due_at)
    return made


def put_many(kind: str, name: str, payloads: Iterable[Mapping[str, Any]], *, due_at: datetime | None = None, risk: str = "") -> list[UUID]:
    """Owe many deliveries of one name at the cost of one statement; gives their ids."""
    rows = [_complete(_row(kind, name, payload, due_at, risk, "")) for payload in payloads]
    if rows:
        session().execute(insert(OutboxRow), rows)
        _call_soon(rows[0]["state"], rows[0]["due_at"])
    return [row["id"] for row in rows]


@contextmanager
def holding(change_set_id: UUID) -> Iterator[None]:
    """Within the block nothing that is put is delivered, until `let_go(change_set_id)`."""
    token = _holding.set(change_set_id)
    try:
        yield
    finally:
        _holding.reset(token)


def let_go(change_set_id: UUID) -> int:
    """Deliver what was held for a change set, all together; gives how many rows."""
    held = (OutboxRow.change_set_id == change_set_id, OutboxRow.state == HELD)
    count = session().execute(update(OutboxRow).where(*held).values(state=WAITING)).rowcount  # type: ignore[attr-defined]
    _call_soon(WAITING, clock.now())
    return int(count)


def drop(change_set_id: UUID) -> int:
    """Cancel what a change set still holds or waits for; gives how many rows."""
    open_rows = session().scalars(select(OutboxRow).where(OutboxRow.change_set_id == change_set_id, OutboxRow.state.in_((HELD, WAITING)))
                                  .with_for_update(skip_locked=True))
    return sum(_cancel(row) for row in open_rows)


def cancel(row_id: UUID) -> bool:
    """Stop a delivery that is held or waits; False when it is under way, done, or may have left."""
    row = _locked(row_id)
    return row is not None and _cancel(row)


def retry(row_id: UUID) -> bool:
    """Deliver a failed or cancelled row after all, or one that was put off at once; False when it is none of these."""
    row = _locked(row_id)
    if row is None or not (row.state in (FAILED, CANCELLED) or (row.state == WAITING and row.last_error and not is_live(row))):
        return False
    known = _handlers.get(row.name) if row.state == FAILED else None
    if known and known.revive:
        known.revive(row)
    row.state, row.due_at, row.lease_until, row.attempts_limit = WAITING, clock.now(), None, row.attempts + ATTEMPTS
    _call_soon(row.state, row.due_at)
    return True


def undelivered() -> ColumnElement[bool]:
    """The criterion for rows that failed for good, or failed and wait for their next attempt."""
    return or_(OutboxRow.state == FAILED, and_(OutboxRow.state == WAITING, OutboxRow.last_error != ""))


def give_up(row_id: UUID, reason: str) -> bool:
    """Try a row no more, whose attempts failed: whoever waits for it learns the reason. False when it is under way, or never failed."""
    row = _locked(row_id)
    if row is None or is_live(row) or not (row.state == FAILED or (row.state == WAITING and row.last_error)):
        return False
    known = _handlers.get(row.name)
    if row.state == WAITING and known and known.failed:
        row.state = FAILED
        known.failed(row, f"GiveUp: {reason}")
    row.state, row.lease_until, row.done_at = CANCELLED, None, clock.now()
    return True


def delivering() -> OutboxRow | None:
    """The row whose delivery is under way here, if any."""
    return _delivering.get()


def is_live(row: OutboxRow) -> bool:
    """Whether somebody is delivering it at this moment."""
    return row.lease_until is not None and row.lease_until > clock.now()


def drain(organisation_id: str | UUID) -> int:
    """Deliver all that is due of an organisation; what a worker runs. Gives how many rows it delivered."""
    from app.kernel import delivery

    return delivery.drain(UUID(str(organisation_id)))


def deliver(row_id: str | UUID, organisation_id: str | UUID) -> bool:
    """Deliver one row if it is due and nobody else does; a second call finds nothing to do."""
    from app.kernel import delivery

    return delivery.drain(UUID(str(organisation_id)), only=UUID(str(row_id))) == 1


def _locked(row_id: UUID) -> OutboxRow | None:
    wanted = select(OutboxRow).where(OutboxRow.id == row_id).with_for_update()
    return session().scalars(wanted.execution_options(populate_existing=True)).first()


def _cancel(row: OutboxRow) -> bool:
    if row.state not in (WAITING, HELD) or is_live(row):
        return False
    if row.was_begun and row.kind != "event" and row.name in _handlers and _handlers[row.name].outside:
        return False
    row.state, row.lease_until, row.done_at = CANCELLED, None, clock.now()
    return True


def _row(kind: str, name: str, payload: Mapping[str, Any], due_at: datetime | None, risk: str, key: str) -> dict[str, Any]:
    known, held = _handlers.get(name), _holding.get()
    return {"kind": kind, "name": name, "payload": dict(payload), "risk": risk, "key": key, "state": HELD if held else WAITING,
            "due_at": due_at or clock.now(), "lane": known.lane if known else "", "attempts_limit": known.attempts if known else ATTEMPTS,
            "change_set_id": held or current.change_set_id}


def _complete(row: dict[str, Any]) -> dict[str, Any]:
    """A row for a Core insert, with what the mapping would fill in."""
    return {**row, "id": new_id(), "organisation_id": current.organisation.id, "actor_id": acting_id(), "request_id": current.request_id,
            "created_at": clock.now(), "attempts": 0, "last_error": "", "rank": row.get("rank", 0)}


def _call_soon(state: str, due_at: datetime) -> None:
    if state == WAITING and due_at <= clock.now():
        carrier.call(current.organisation.id)


def _deliver_event(payload: dict[str, Any], row: OutboxRow) -> None:
    from app.kernel import events

    wanted = payload["handler"]
    found = events.handler_named(row.name, wanted)
    if found is None:
        raise GiveUp(f"{wanted} no longer listens to {row.name}.")
    found(events.unpack(row.name, payload["fact"]))
