"""One attempt at a job: claim it, run its function, and write how it ended."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, literal_column, or_, select, update

from app.kernel import carrier, clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import db, session, unit_of_work
from app.kernel.delivery import back_off, bare, is_stopping, on_behalf
from app.kernel.errors import Refusal
from app.kernel.jobs import CANCELLED, DONE, FAILED, RUNNING, WAITING, Job, function_of
from app.kernel.outbox import GiveUp, Retry
from app.kernel.running import LEASE, Cancelled, GivenBack, Lost, Running, under_way

TURN = 2.0  # seconds for which an organisation has a worker before the next one's jobs; a job under way is not cut short by it

log = logging.getLogger("opsflux.jobs")
_IS_OPEN: ColumnElement[bool] = literal_column("job.state IN ('waiting', 'running')")  # as the index says it, word for word
_ended: list[Callable[[Job], Any]] = []


def when_ended(listener: Callable[[Job], Any]) -> Callable[[Job], Any]:
    """Call `listener(job)` in the transaction after a job was done, failed for good or was cancelled."""
    if listener not in _ended:
        _ended.append(listener)
    return listener


def run(job_id: UUID, organisation_id: UUID) -> bool:
    """Claim and run a job; False when there was nothing to do or it did not end well."""
    job = _claim(job_id, organisation_id)
    return job is not None and _run(job)


def turn(organisation_id: UUID) -> int:
    """Run what is due of an organisation, the longest due first, until its turn is over; gives how many jobs began.

    While jobs are left the next call waits behind those of the others: so a free worker helps, and nobody waits for all of them.
    """
    carrier.answered(organisation_id, "jobs")
    begun, deadline = 0, time.monotonic() + TURN
    while not is_stopping() and time.monotonic() < deadline and (job := _claim(None, organisation_id)) is not None:
        if _more(organisation_id):
            carrier.try_push([carrier.Call(organisation_id, "jobs")])
        _run(job)
        begun += 1
    return begun


def _run(job: Job) -> bool:
    """One attempt at a job that was claimed; False when it did not end well."""
    if job.state != RUNNING:
        _tell(job)
        return False
    running, organisation_id = Running(job), job.organisation_id
    try:
        with on_behalf(organisation_id, job.requested_by, channel="job", request_id=job.request_id), under_way(running):
            log.info("Job %s (%s) begins, attempt %s", job.id, job.function, job.attempts)
            returned = function_of(job.function)(*job.arguments)
            if isinstance(returned, dict) and running.result is None:
                running.result = returned
    except Lost:
        log.warning("Job %s was taken over; this attempt is dropped", job.id)
        return False
    except GivenBack:
        _end(job, WAITING, due_at=clock.now(), attempts_limit=Job.attempts_limit + 1)
        return False
    except Cancelled:
        _end(job, CANCELLED)
        return False
    except Exception as error:  # noqa: BLE001 -- whatever it was is written down in the row
        _failed(job, error)
        return False
    finally:
        db.session.remove()
    if running.is_finished:
        _tell(job)
    else:
        _end(job, DONE, result=running.result, file_id=running.file_id, error="")
    return True


def _claim(job_id: UUID | None, organisation_id: UUID) -> Job | None:
    """Take the job (or the one that is longest due) under a lease; the attempt is written before anything runs.

    What is given with another state than running is over: it was cancelled, or had its last attempt.
    """
    now = clock.now()
    due = select(Job).where(*_due(now))
    due = due.where(Job.id == job_id) if job_id else due.order_by(Job.due_at, Job.id).limit(1)
    with acting(bare(organisation_id), SYSTEM, channel="job"), unit_of_work() as work:
        job = work.scalars(due.with_for_update(skip_locked=True)).first()
        if job is None:
            return None
        ends = CANCELLED if job.cancel_asked else FAILED if job.attempts >= job.attempts_limit else ""
        if ends:
            job.state, job.finished_at, job.lease_until = ends, now, None
            job.error = job.error or ("" if ends == CANCELLED else "The worker was lost at every attempt.")
        else:
            job.state, job.attempts, job.lease_until, job.started_at = RUNNING, job.attempts + 1, now + LEASE, now
            job.progress_before = job.progress
        work.flush()
        work.refresh(job)
        work.expunge(job)
    return job


def _more(organisation_id: UUID) -> bool:
    """Whether another job of the organisation is due."""
    with acting(bare(organisation_id), SYSTEM, channel="job"), unit_of_work() as work:
        return work.scalar(select(Job.id).where(*_due(clock.now())).limit(1)) is not None


def _due(now: datetime) -> tuple[ColumnElement[bool], ...]:
    return _IS_OPEN, Job.due_at <= now, or_(Job.lease_until.is_(None), Job.lease_until <= now)


def _failed(job: Job, error: Exception) -> None:
    hopeless = isinstance(error, GiveUp) or (isinstance(error, Refusal) and error.status < 500 and error.status != 429)
    log.warning("Job %s (%s) failed at attempt %s: %s", job.id, job.function, job.attempts, error,
                exc_info=not isinstance(error, GiveUp | Retry | Refusal))
    reason = f"{type(error).__name__}: {error}" if not isinstance(error, Refusal | GiveUp) else str(error)
    if hopeless or job.attempts >= job.attempts_limit:
        _end(job, FAILED, error=reason[:2000])
    else:
        after = error.after if isinstance(error, Retry) and error.after is not None else back_off(job.attempts)
        _end(job, WAITING, error=reason[:2000], due_at=clock.now() + timedelta(seconds=after))


def _end(job: Job, state: str, **values: Any) -> None:
    """Write how the attempt ended, unless another one has taken over."""
    finished: datetime | None = None if state == WAITING else clock.now()
    with acting(bare(job.organisation_id), SYSTEM, channel="job"), unit_of_work() as work:
        mine = update(Job).where(Job.id == job.id, Job.attempts == job.attempts, Job.state == RUNNING)
        kept = work.execute(mine.values(state=state, lease_until=None, finished_at=finished, **values)
                            .execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
        if kept and state == WAITING and values.get("due_at") and values["due_at"] <= clock.now():
            carrier.call(job.organisation_id, "jobs")
    if kept and finished:
        _tell(job)


def _tell(job: Job) -> None:
    """Tell those that wait for it and the listeners, in transactions of their own: what they do cannot change how the job ended.

    Should this process die before, the scheduler settles what waits for it.
    """
    with acting(bare(job.organisation_id), SYSTEM, channel="job"), unit_of_work():
        jobs.settle()
    for listener in _ended:
        try:
            with on_behalf(job.organisation_id, job.requested_by, channel="job", request_id=job.request_id), unit_of_work():
                found = session().get(Job, (job.organisation_id, job.id))
                if found is not None:
                    listener(found)
        except Exception:
            log.exception("The end of job %s could not be told by %s", job.id, listener)
