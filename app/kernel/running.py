"""The job under way, as its function sees it: progress, log, checkpoints, cursor, result."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import redis
from sqlalchemy import Connection, Engine, insert, text, update
from sqlalchemy.exc import SQLAlchemyError

from app.kernel import carrier, clock
from app.kernel.current import current
from app.kernel.db import db, session
from app.kernel.delivery import is_stopping
from app.kernel.errors import Unavailable
from app.kernel.records import new_id

if TYPE_CHECKING:
    from app.kernel.jobs import Job

LEASE, BEAT = timedelta(seconds=30), 3.0
FAIR = 20.0  # seconds after which a job that can go on later makes way, when another organisation's waits for a worker
_KEEP = object()


class Stopped(BaseException):
    """The job's function is left at a checkpoint; not an error that a function may swallow."""


class Cancelled(Stopped):
    """Somebody cancelled the job. Catch it to put things back, then raise it on."""


class GivenBack(Stopped):
    """This worker is told to stop: another one goes on from the cursor."""


class Lost(Stopped):
    """Another worker has taken over; nothing of this attempt is kept."""


class Running:
    """A handle on the job whose function is running here."""

    def __init__(self, job: Job) -> None:
        self.id, self.organisation_id, self.attempt = job.id, job.organisation_id, job.attempts
        self.title, self.total, self.progress, self.cursor = job.title, job.total, job.progress, job.cursor
        self.result: dict[str, Any] | None = None
        self.file_id: UUID | None = None
        self.is_finished = False
        self._cancel_asked = self._lost = self._makes_way = self._can_resume = False
        self._began = time.monotonic()

    def advance(self, steps: int = 1, message: Any = None, *, cursor: Any = _KEEP, total: int | None = None) -> None:
        """Write progress (and where to resume) with the transaction under way, or at once when there is none; then a checkpoint."""
        self.progress += steps
        self.total = self.total if total is None else total
        values: dict[str, Any] = {"progress": self.progress, "total": self.total, "lease_until": clock.now() + LEASE}
        if message is not None:
            values["message"] = str(message)
        if cursor is not _KEEP:
            self.cursor = values["cursor"] = cursor
            self._can_resume = cursor is not None
        self._write(values)
        if not _in_unit():
            self.checkpoint()

    def tell(self, steps: int, total: int | None = None) -> None:
        """Write progress at once over a connection of its own, for work that is one long transaction; then a checkpoint."""
        self.progress += steps
        self.total = self.total if total is None else total
        with _transaction(db.engine) as connection:
            row = self._update(connection, {"progress": self.progress, "total": self.total, "lease_until": clock.now() + LEASE})
        self._lost = self._lost or row is None
        self._cancel_asked = self._cancel_asked or bool(row and row.cancel_asked)
        self.checkpoint()

    def log(self, line: Any) -> None:
        """Add a line to the job's log."""
        from app.kernel.jobs import JobLine

        with self._connection() as connection:
            connection.execute(insert(JobLine.__table__), [{  # type: ignore[arg-type]
                "organisation_id": self.organisation_id, "id": new_id(), "job_id": self.id, "at": clock.now(), "text": str(line)[:4000]}])

    def checkpoint(self) -> None:
        """Leave here if the job was cancelled, taken over, must be given back, or makes way for another organisation's."""
        if self._lost:
            raise Lost
        if self._cancel_asked:
            raise Cancelled
        if is_stopping() or (self._makes_way and self._can_resume):
            raise GivenBack

    def finish(self, *, result: dict[str, Any] | None = None, file_id: UUID | None = None, message: Any = None) -> None:
        """Say what came of it. Inside a `unit_of_work()` the job is done in that same commit: nothing of it can happen again."""
        self.result, self.file_id = result if result is not None else self.result, file_id or self.file_id
        values: dict[str, Any] = {"result": self.result, "file_id": self.file_id}
        if message is not None:
            values["message"] = str(message)
        if _in_unit():
            values |= {"state": "done", "lease_until": None, "finished_at": clock.now(), "error": ""}
            self.is_finished = True
        self._write(values)

    def look_around(self, client: redis.Redis) -> None:
        """Hear whether others have waited for a worker long enough; called by the heartbeat."""
        if time.monotonic() - self._began > FAIR:
            self._makes_way = carrier.others_wait(self.organisation_id, client)

    def beat(self, engine: Engine) -> None:
        """Extend the lease and hear whether the job was cancelled or taken over; called by the heartbeat."""
        with engine.begin() as connection:
            row = self._update(connection, {"lease_until": clock.now() + LEASE})
        self._cancel_asked = self._cancel_asked or bool(row and row.cancel_asked)
        self._lost = self._lost or (row is None and not self.is_finished)

    def _write(self, values: dict[str, Any]) -> None:
        with self._connection() as connection:
            row = self._update(connection, values)
        if row is None:
            self._lost = True
            raise Lost
        self._cancel_asked = self._cancel_asked or bool(row.cancel_asked)

    def _update(self, connection: Connection, values: dict[str, Any]) -> Any:
        from app.kernel.jobs import RUNNING, Job

        table = Job.__table__
        connection.execute(_FOR, {"organisation": str(self.organisation_id)})
        return connection.execute(update(table).where(  # type: ignore[arg-type]
            table.c.organisation_id == self.organisation_id, table.c.id == self.id, table.c.attempts == self.attempt,
            table.c.state == RUNNING).values(**values).returning(table.c.cancel_asked)).first()

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """The transaction under way, or one of its own."""
        if _in_unit():
            yield session().connection()
            return
        with _transaction(db.engine) as connection:
            connection.execute(_FOR, {"organisation": str(self.organisation_id)})
            yield connection


_FOR = text("SELECT set_config('app.organisation', :organisation, true)")
_running: ContextVar[Running | None] = ContextVar("running", default=None)


def current_job() -> Running:
    """The job that is running here. Raises `Unavailable` outside of one."""
    found = _running.get()
    if found is None:
        raise Unavailable("No job is running here.")
    return found


@contextmanager
def under_way(running: Running) -> Iterator[None]:
    """Within the block `running` is the current job, and its lease is kept up by a thread."""
    token, ended, engine, client = _running.set(running), threading.Event(), db.engine, carrier.connection()

    def keep_up() -> None:
        while not ended.wait(BEAT):
            try:
                running.beat(engine)
                running.look_around(client)
            except SQLAlchemyError:
                continue  # the database is away for a moment: the lease outlasts several beats

    thread = threading.Thread(target=keep_up, name="heartbeat", daemon=True)
    if isinstance(engine, Engine):
        thread.start()
    try:
        yield
    finally:
        ended.set()
        if thread.is_alive():
            thread.join(timeout=10)
        _running.reset(token)


@contextmanager
def _transaction(bind: Engine | Connection) -> Iterator[Connection]:
    """A transaction of its own; inside the one that surrounds everything, where somebody bound the session to a connection."""
    if isinstance(bind, Connection):
        with bind.begin_nested():
            yield bind
        return
    with bind.begin() as connection:
        yield connection


def _in_unit() -> bool:
    return current.has_organisation and bool(session().info.get("unit"))
