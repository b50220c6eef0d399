"""The schedules that an organisation makes: what they may say, what is next, and the acts of people on them."""

from __future__ import annotations

import re
from datetime import datetime, time, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.core import access
from app.core.calendar import Weekday
from app.core.scheduler import timing
from app.core.scheduler.models import CatchUp, Outcome, Repeats, Schedule, ScheduleRun, Status
from app.core.scheduler.offering import all_tasks
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, acting, current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.manifest import Task
from app.kernel.references import assign
from app.kernel.registry import registry
from app.kernel.zones import zone_faults

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
DEFAULT_TIME = "06:00"


def before_save(schedule: Schedule) -> None:
    """Complete a schedule, check what it says, and find its next time. Raises `Invalid`."""
    schedule.timezone = schedule.timezone or current.organisation.timezone
    if said := zone_faults(schedule.timezone):
        raise Invalid({"timezone": said})
    _check_time(schedule)
    _check_condition(schedule)
    _check_work(schedule)
    if schedule.status == Status.FINISHED and schedule.once_at and schedule.once_at > clock.now():
        schedule.status = Status.ACTIVE
    schedule.next_at = next_time(schedule) if (schedule.status or Status.ACTIVE) == Status.ACTIVE else None


def plan(schedule: Schedule | None, *, title: str, task: str, inputs: str, **times: Any) -> Schedule:
    """Have work that a service offers done at these times; what was planned before is changed. Raises `Invalid`."""
    if schedule is None:
        schedule = Schedule(catch_up=CatchUp.LATEST, failures=0, timezone=current.organisation.timezone)
        assign([schedule])
        session().add(schedule)
    for name, value in {"title": title[:120], "task": task, "inputs": inputs, "status": Status.ACTIVE, "at": None, **times}.items():
        setattr(schedule, name, value)
    _check_time(schedule)
    schedule.next_at = next_time(schedule)
    return schedule


def rest(schedule: Schedule | None) -> None:
    """Let what was planned rest, if it is there."""
    if schedule is not None and schedule.status == Status.ACTIVE:
        pause(schedule)


def next_time(schedule: Schedule, after: datetime | None = None) -> datetime | None:
    """The first time of the schedule later than `after`, which is now unless it is said."""
    after = after or clock.now()
    if schedule.repeats == Repeats.ONCE:
        return schedule.once_at if schedule.once_at and schedule.once_at > after else None
    return timing.following(timing_of(schedule), after, schedule.timezone)


def next_times(schedule: Schedule, count: int) -> list[datetime]:
    """The next times of an active schedule, at most so many."""
    found: list[datetime] = []
    while len(found) < count and (moment := next_time(schedule, found[-1] if found else None)):
        found.append(moment)
    return found


def timing_of(schedule: Schedule) -> timing.Timing:
    """When a schedule that comes back ticks."""
    if schedule.repeats == Repeats.CRON:
        return timing.Cron(schedule.cron or "")
    return timing.Days(time.fromisoformat(schedule.at or DEFAULT_TIME),
                       weekday=int(schedule.weekday or Weekday.MONDAY) if schedule.repeats == Repeats.WEEKLY else 0,
                       day=schedule.day or 1 if schedule.repeats == Repeats.MONTHLY else 0)


def task_of(schedule: Schedule) -> Task | None:
    """The work that is scheduled; None when no module offers it any more."""
    return next((task for task in all_tasks() if task.key == schedule.task), None)


def holds(schedule: Schedule) -> bool:
    """Whether the schedule's condition is met now: whether there is such a record."""
    if not schedule.condition_of:
        return True
    resource = registry.resources[schedule.condition_of]
    model: Any = resource.model
    query = select(model.id).where(model.archived_at.is_(None))
    if schedule.condition:
        query = query.where(access.meant_by(schedule.condition, resource))
    return session().scalar(query.limit(1)) is not None


def ask(schedule: Schedule, moment: datetime, *, key: str = "") -> ScheduleRun:
    """Have the work done for one time of the schedule, as a job of the system, and write the time down."""
    run = ScheduleRun(schedule_id=schedule.id, moment=moment)
    task = task_of(schedule)
    if task is None:
        run.outcome, run.note = Outcome.FAILED, _("No module offers this work any more.")
    else:
        with acting(current.organisation, SYSTEM, channel=current.channel, request_id=current.request_id):
            job = _begun(task, schedule, key or f"schedule:{schedule.id}")
        run.job_id = job.id
        if session().scalar(select(ScheduleRun.id).where(ScheduleRun.job_id == job.id)):
            run.job_id, run.outcome = None, Outcome.OVERLAPPED
    return keep(run)


def _begun(task: Task, schedule: Schedule, key: str) -> jobs.Job:
    """The job of one time; the open one of the same key while there is one."""
    if task.begin is not None:
        found: jobs.Job = task.begin(schedule, key)
        return found
    return jobs.enqueue(task.job or task.key, title=schedule.title, key=key, quiet=True)


def keep(run: ScheduleRun) -> ScheduleRun:
    """Add a run with its reference."""
    assign([run])
    session().add(run)
    session().flush()
    return run


def remember(schedule_id: UUID, **values: Any) -> int:
    """Write what the clockwork itself keeps of a schedule, past the trail and the version; gives its failures in a row."""
    change = update(Schedule).where(Schedule.id == schedule_id).values(
        **values, updated_at=Schedule.updated_at, updated_by=Schedule.updated_by).returning(Schedule.failures)
    return session().execute(change.execution_options(synchronize_session=False, audited_otherwise=True)).scalar_one()


def run_now(schedule: Schedule) -> Schedule:
    """Do the work once, now; its times stay as they are."""
    ask(schedule, clock.now())
    return schedule


def pause(schedule: Schedule) -> Schedule:
    """Let the schedule rest."""
    schedule.status, schedule.next_at = Status.PAUSED, None
    return schedule


def resume(schedule: Schedule) -> Schedule:
    """Let the schedule tick again; what passed meanwhile is not made up for."""
    schedule.status, schedule.failures = Status.ACTIVE, 0
    schedule.next_at = next_time(schedule)
    if schedule.next_at is None:
        raise Invalid({"once_at": [_("This time has passed.")]})
    return schedule


def can_pause(schedule: Any) -> bool | str:
    """Whether it ticks now."""
    return True if schedule.status == Status.ACTIVE else _("This schedule does not run.")


def can_resume(schedule: Any) -> bool | str:
    """Whether it rests now."""
    return True if schedule.status == Status.PAUSED else _("This schedule is not paused.")


def _check_time(schedule: Schedule) -> None:
    repeats = schedule.repeats or Repeats.DAILY
    if schedule.at and not CLOCK.fullmatch(schedule.at.strip()):
        raise Invalid({"at": [_("Write the time like 06:30.")]})
    if schedule.at:
        schedule.at = schedule.at.strip().zfill(5)
    elif repeats in (Repeats.DAILY, Repeats.WEEKLY, Repeats.MONTHLY):
        schedule.at = DEFAULT_TIME
    if repeats == Repeats.CRON and not timing.is_cron(schedule.cron or ""):
        raise Invalid({"cron": [_("This is not a cron expression. Write five fields, such as 0 2 * * * for every day at 02:00.")]})
    if repeats == Repeats.ONCE and schedule.once_at is None:
        raise Invalid({"once_at": [_("Say when.")]})
    if repeats == Repeats.ONCE and schedule.id is None and schedule.once_at and schedule.once_at < clock.now() - timedelta(minutes=1):
        raise Invalid({"once_at": [_("This time has passed.")]})


def _check_work(schedule: Schedule) -> None:
    """Whether its maker may have that work done, and whether it can be done with what it is given."""
    task = task_of(schedule)
    for permission in task.needs if task else ():
        access.require(current.user, permission)
    if task is not None and task.check is not None:
        task.check(schedule)
    elif schedule.inputs:
        raise Invalid({"inputs": [_("This work takes no inputs. Leave it empty.")]})


def _check_condition(schedule: Schedule) -> None:
    if schedule.condition and not schedule.condition_of:
        raise Invalid({"condition_of": [_("Say which records this is about.")]})
    if schedule.condition_of:
        access.require(current.user, registry.resources[schedule.condition_of].permission("view"))
    if schedule.condition and schedule.condition_of:
        access.meant_by(schedule.condition, registry.resources[schedule.condition_of])


def run_of(job_id: UUID) -> ScheduleRun | None:
    """The run that became this job."""
    return session().scalars(select(ScheduleRun).where(ScheduleRun.job_id == job_id)).first()
