"""One attempt at a job: claim it, run its function, and write how it ended."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update

from app.kernel import carrier, clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import db, session, unit_of_work
from app.kernel.delivery import back_off, bare, on_behalf
from app.kernel.errors import Refusal
from app.kernel.jobs import CANCELLED, DONE, FAILED, OPEN, RUNNING, WAITING, Job, function_of
from app.kernel.outbox import GiveUp, Retry
from app.kernel.running import LEASE, Cancelled, GivenBack, Lost, Running, under_way

log = logging.getLogger("opsflux.jobs")
_ended: list[Callable[[Job], Any]] = []


def when_ended(listener: Callable[[Job], Any]) -> Callable[[Job], Any]:
    """Call `listener(job)` in the transaction after a job was done, failed for good or was cancelled."""
    if listener not in _ended:
        _ended.append(listener)
    return listener


def run(job_id: UUID, organisation_id: UUID) -> bool:
    """Claim and run a job; False when there was nothing to do or it did not end well."""
    carrier.answered(organisation_id, job_id)
    job = _claim(job_id, organisation_id)
    if job is None:
        return False
    running = Running(job)
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


def _claim(job_id: UUID, organisation_id: UUID) -> Job | None:
    """Take the job under a lease; the attempt is written before anything runs."""
    now = clock.now()
    with acting(bare(organisation_id), SYSTEM, channel="job"), unit_of_work() as work:
        job = work.scalars(select(Job).where(
            Job.id == job_id, Job.state.in_(OPEN), Job.due_at <= now, or_(Job.lease_until.is_(None), Job.lease_until <= now),
        ).with_for_update(skip_locked=True)).first()
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
    if ends:
        _tell(job)
        return None
    return job


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
            carrier.call(job.organisation_id, job.id)
    if kept and finished:
        _tell(job)


def _tell(job: Job) -> None:
    """Tell the listeners, in a transaction of their own: what they do cannot change how the job ended."""
    for listener in _ended:
        try:
            with on_behalf(job.organisation_id, job.requested_by, channel="job", request_id=job.request_id), unit_of_work():
                found = session().get(Job, (job.organisation_id, job.id))
                if found is not None:
                    listener(found)
        except Exception:
            log.exception("The end of job %s could not be told by %s", job.id, listener)
