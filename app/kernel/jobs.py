"""Jobs: background work whose truth is a row. It shows progress, can be cancelled, retried and resumed from its cursor.

The function of a job runs as the person who asked, outside any transaction: it opens its own `unit_of_work()` chunks, and says
`job.advance(…, cursor=…)` inside each, so that a chunk and the place to resume from are one commit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Set
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import (
    ColumnElement,
    DateTime,
    ForeignKeyConstraint,
    Index,
    PrimaryKeyConstraint,
    Text,
    Uuid,
    exists,
    func,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as pg_insert
from sqlalchemy.orm import Mapped, aliased, mapped_column

from app.kernel import carrier, clock
from app.kernel.current import acting_id, current
from app.kernel.db import session
from app.kernel.delivery import install_loader
from app.kernel.errors import DeclarationError, Forbidden, Unavailable
from app.kernel.records import Tenanted, new_id
from app.kernel.running import Cancelled, Running, current_job

HELD, WAITING, RUNNING, DONE, FAILED, CANCELLED = "held", "waiting", "running", "done", "failed", "cancelled"
OPEN = (HELD, WAITING, RUNNING)
ATTEMPTS = 5


class Job(Tenanted):
    """One piece of background work. `attempts` also fences: an attempt that was taken over can no longer write."""

    __tablename__ = "job"
    __relayed__ = ("id", "organisation_id", "due_at", "state", "lease_until")

    title: Mapped[str] = mapped_column(Text)
    function: Mapped[str] = mapped_column(Text)
    arguments: Mapped[list[Any]] = mapped_column(JSONB, default=list)
    key: Mapped[str] = mapped_column(Text, default="")
    state: Mapped[str] = mapped_column(Text, default=WAITING)
    due_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    lease_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    attempts: Mapped[int] = mapped_column(default=0)
    attempts_limit: Mapped[int] = mapped_column(default=ATTEMPTS)
    total: Mapped[int | None]
    progress: Mapped[int] = mapped_column(default=0)
    progress_before: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(Text, default="")
    cursor: Mapped[Any | None] = mapped_column(JSONB(none_as_null=True))
    result: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    file_id: Mapped[UUID | None] = mapped_column(Uuid)
    error: Mapped[str] = mapped_column(Text, default="")
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    quiet: Mapped[bool] = mapped_column(default=False)
    requested_by: Mapped[UUID] = mapped_column(Uuid, default=acting_id)
    request_id: Mapped[str] = mapped_column(Text, default=lambda: current.request_id)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    finished_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def is_over(self) -> bool:
        """Whether nothing more will happen unless somebody asks for it."""
        return self.state not in OPEN

    @property
    def percent(self) -> int | None:
        """How far it is, when the whole is known."""
        return min(100, self.progress * 100 // self.total) if self.total else None

    @property
    def rate(self) -> float | None:
        """Steps per second in this attempt."""
        if not self.started_at or self.progress <= self.progress_before:
            return None
        seconds = ((self.finished_at or clock.now()) - self.started_at).total_seconds()
        return (self.progress - self.progress_before) / seconds if seconds > 0 else None

    @property
    def seconds_left(self) -> float | None:
        """How long it will still take at this rate."""
        return max(0, self.total - self.progress) / self.rate if self.total and self.rate and not self.is_over else None


class JobLine(Tenanted):
    """One line of a job's log."""

    __tablename__ = "job_line"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_job_line"),
        ForeignKeyConstraint(["organisation_id", "job_id"], ["job.organisation_id", "job.id"], name="fk_job_line_job_id",
                             ondelete="CASCADE"))

    job_id: Mapped[UUID] = mapped_column(Uuid)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    text: Mapped[str] = mapped_column(Text)


class JobNeed(Tenanted):
    """A job that is held until another one is done."""

    __tablename__ = "job_need"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_job_need"),
        ForeignKeyConstraint(["organisation_id", "job_id"], ["job.organisation_id", "job.id"], name="fk_job_need_job_id",
                             ondelete="CASCADE"))

    job_id: Mapped[UUID] = mapped_column(Uuid)
    needs_id: Mapped[UUID] = mapped_column(Uuid)


_table, _lines, _needs = Job.__table__, JobLine.__table__, JobNeed.__table__
_IS_OPEN = text("state IN ('waiting', 'running')")
Index("uq_job_key", _table.c.organisation_id, _table.c.key, unique=True,
      postgresql_where=text("key <> '' AND state IN ('held', 'waiting', 'running')"))
Index("ix_job_due", _table.c.organisation_id, _table.c.due_at, _table.c.id, postgresql_where=_IS_OPEN)
Index("ix_job_need_job_id", _needs.c.organisation_id, _needs.c.job_id)
Index("ix_job_need_needs_id", _needs.c.organisation_id, _needs.c.needs_id)
Index("ix_job_requested_by", _table.c.organisation_id, _table.c.requested_by, _table.c.id)
Index("ix_job_state", _table.c.organisation_id, _table.c.state, _table.c.id)
Index("ix_job_line_job_id", _lines.c.organisation_id, _lines.c.job_id, _lines.c.id)


def enqueue(fn: Callable[..., Any] | str, *arguments: Any, title: Any = "", key: str = "", total: int | None = None, cursor: Any = None,
            due_at: datetime | None = None, attempts: int = ATTEMPTS, quiet: bool = False, after: Iterable[UUID] = ()) -> Job:
    """Ask for background work; it begins after this transaction is committed, and once the jobs `after` which it comes are done.

    `fn` is a function of a module, `arguments` are JSON. While a job with the same `key` is open, that one is given back. A `quiet` job
    tells nobody when it is done.
    """
    user = current.context.user
    if user is not None and user.impersonator is not None:
        raise Forbidden(_("Nothing is started in the background while you see what %(name)s sees.", name=user.name))
    name = fn if isinstance(fn, str) else name_of(fn)
    row = {"id": new_id(), "organisation_id": current.organisation.id, "title": str(title or name.rpartition(":")[2]), "function": name,
           "arguments": list(arguments), "key": key, "state": WAITING, "due_at": due_at or clock.now(), "attempts": 0,
           "attempts_limit": attempts, "total": total, "progress": 0, "progress_before": 0, "message": "", "cursor": cursor, "error": "",
           "cancel_asked": False, "quiet": quiet, "requested_by": acting_id(), "request_id": current.request_id, "created_at": clock.now()}
    session().execute(pg_insert(Job).values(**row).on_conflict_do_nothing())
    found = session().scalars(select(Job).where(Job.id == row["id"])).first()
    if found is None:
        found = session().scalars(select(Job).where(Job.key == key, Job.state.in_(OPEN))).one()
    elif needs := set(after):
        hold(found, needs)
    if found.state != HELD and found.due_at <= clock.now():
        carrier.call(found.organisation_id, "jobs")
    return found


def cancel(job_id: UUID) -> bool:
    """Stop a job: at once when it waits, at its next checkpoint when it runs; False when it is over."""
    job = _locked(job_id)
    if job is None or job.is_over:
        return False
    job.cancel_asked = True
    if job.state in (HELD, WAITING):
        job.state, job.finished_at, job.lease_until = CANCELLED, clock.now(), None
        session().flush()
        settle()
    return True


def retry(job_id: UUID) -> bool:
    """Begin a failed or cancelled job again, from its cursor; False when it is neither."""
    job = _locked(job_id)
    if job is None or job.state not in (FAILED, CANCELLED) or _has_twin(job):
        return False
    job.state, job.due_at, job.lease_until, job.cancel_asked, job.error = WAITING, clock.now(), None, False, ""
    job.finished_at, job.attempts_limit = None, job.attempts + ATTEMPTS
    carrier.call(job.organisation_id, "jobs")
    return True


def discard(job_id: UUID) -> bool:
    """Try a failed job no more: it leaves the list of what failed, and what needs it is cancelled; False when it did not fail."""
    job = _locked(job_id)
    if job is None or job.state != FAILED:
        return False
    job.state, job.lease_until = CANCELLED, None
    session().flush()
    settle()
    return True


def replay(*criteria: ColumnElement[bool]) -> int:
    """Begin every failed job that meets these criteria again, from its cursor; gives how many."""
    failed = session().scalars(select(Job.id).where(Job.state == FAILED, *criteria).order_by(Job.id)).all()
    return sum(retry(job_id) for job_id in failed)


def hold(job: Job, needs: Set[UUID]) -> None:
    """Keep a job from beginning until those that it needs are done. They are locked, so that none ends unseen meanwhile."""
    states = session().scalars(select(Job.state).where(Job.id.in_(needs)).with_for_update(read=True)).all()
    if len(states) != len(needs):
        raise Unavailable("A job waits for one that is not there.")
    if any(state != DONE for state in states):
        session().add_all(JobNeed(job_id=job.id, needs_id=each) for each in sorted(needs))
        job.state = HELD
        session().flush()


def settle() -> int:
    """Let held jobs begin whose needs are all done, and cancel those that need a cancelled one; gives how many were settled."""
    needed = aliased(Job)

    def needs(*criteria: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(JobNeed.job_id == Job.id, JobNeed.needs_id == needed.id, *criteria)

    settled, values = 0, {"cancel_asked": True, "state": CANCELLED, "finished_at": clock.now()}
    while ended := _settled(needs(needed.state == CANCELLED), values):
        settled += ended
    begun = _settled(~needs(needed.state != DONE), {"state": WAITING, "due_at": func.greatest(Job.due_at, clock.now())})
    if begun:
        carrier.call(current.organisation.id, "jobs")
    return settled + begun


def _settled(criterion: ColumnElement[bool], values: dict[str, Any]) -> int:
    change = update(Job).where(Job.state == HELD, criterion).values(**values).execution_options(synchronize_session="fetch")
    return int(session().execute(change).rowcount)  # type: ignore[attr-defined]


def _has_twin(job: Job) -> bool:
    """Whether another job with the same key is open."""
    return bool(job.key) and session().scalar(select(Job.id).where(Job.key == job.key, Job.state.in_(OPEN))) is not None


def find(job_id: UUID) -> Job | None:
    """The job of that id in this organisation."""
    return session().get(Job, (current.organisation.id, job_id))


def needs_of(job_id: UUID) -> list[Job]:
    """The jobs that must be done before that one begins."""
    return list(session().scalars(select(Job).join(JobNeed, JobNeed.needs_id == Job.id).where(JobNeed.job_id == job_id).order_by(Job.id)))


def lines(job_id: UUID, limit: int = 500) -> list[JobLine]:
    """The last lines of a job's log, oldest first."""
    found = session().scalars(select(JobLine).where(JobLine.job_id == job_id).order_by(JobLine.id.desc()).limit(limit))
    return list(found)[::-1]


def run(job_id: str | UUID, organisation_id: str | UUID) -> bool:
    """Run a job if it is due and nobody else does. A second call finds nothing to do."""
    from app.kernel import attempt

    return attempt.run(UUID(str(job_id)), UUID(str(organisation_id)))


def turn(organisation_id: str | UUID) -> int:
    """Run jobs that are due of an organisation, one after the other, for a moment; what a worker is called for. Gives how many."""
    from app.kernel import attempt

    return attempt.turn(UUID(str(organisation_id)))


def name_of(fn: Callable[..., Any]) -> str:
    """`app.modules.hse.jobs:chase`. Refuses what a worker could not find again."""
    name = f"{fn.__module__}:{fn.__qualname__}"
    if "<" in name:
        raise DeclarationError(f"{name} cannot be a job: only functions of a module can.")
    return name


def function_of(name: str) -> Callable[..., Any]:
    """The function of that name."""
    module, _, qualname = name.partition(":")
    found: Any = importlib.import_module(module)
    for part in qualname.split("."):
        found = getattr(found, part)
    return found  # type: ignore[no-any-return]


def _locked(job_id: UUID) -> Job | None:
    return session().scalars(select(Job).where(Job.id == job_id).with_for_update().execution_options(populate_existing=True)).first()


__all__ = ["Cancelled", "Job", "JobLine", "JobNeed", "Running", "cancel", "current_job", "discard", "enqueue", "find", "install_loader",
           "lines", "needs_of", "replay", "retry", "run", "settle", "turn"]
