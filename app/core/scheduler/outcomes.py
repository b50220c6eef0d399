"""What became of a scheduled job: written beside its time; after three failures in a row, told to those who answer for the organisation."""

from __future__ import annotations

from functools import partial
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import update

from app.core import notifications, people
from app.core.scheduler import own
from app.core.scheduler.models import Outcome, Schedule, ScheduleTick
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.jobs import CANCELLED, DONE, FAILED, Job

TOLD_AFTER = 3
ROLES = ("owner", "admin")
OUTCOMES = {DONE: Outcome.DONE, FAILED: Outcome.FAILED, CANCELLED: Outcome.CANCELLED}


def job_ended(job: Job) -> None:
    """Note how a scheduled job ended; other jobs are none of its business."""
    if not job.key.startswith("schedule:"):
        return
    run = own.run_of(job.id)
    if run is None:
        _declared(job)
        return
    run.outcome, run.ended_at, run.note = OUTCOMES[job.state], job.finished_at, (job.error or job.message)[:500] or None
    if job.started_at and job.finished_at:
        run.seconds = round((job.finished_at - job.started_at).total_seconds())
    if job.state == CANCELLED:
        return
    failures = own.remember(run.schedule_id, failures=0 if job.state == DONE else Schedule.failures + 1)
    if failures == TOLD_AFTER:
        schedule = session().get_one(Schedule, (current.organisation.id, run.schedule_id))
        _tell(schedule.title, f"/{current.organisation.slug}/scheduler/schedules/{schedule.reference}/", f"schedule:{schedule.id}", job)


def _declared(job: Job) -> None:
    failures = session().execute(update(ScheduleTick).where(ScheduleTick.job_id == job.id).values(
        failures=0 if job.state == DONE else ScheduleTick.failures + 1).returning(ScheduleTick.failures)).scalar()
    if failures == TOLD_AFTER:
        _tell(job.title, f"/{current.organisation.slug}/jobs/{job.id}/", job.key, job)


def _tell(title: str, url: str, key: str, job: Job) -> None:
    for member_id in _those_who_answer():
        notifications.notify(member_id, "schedule", partial(_sentence, title), url, text=job.error[:500], critical=True,
                             key=f"{key}:failed:{job.id}")


def _those_who_answer() -> list[UUID]:
    return list(dict.fromkeys(member.id for key in ROLES for member in people.with_role(key)))


def _sentence(title: str) -> str:
    return _("“%(title)s” has failed %(count)s times in a row", title=title, count=TOLD_AFTER)


