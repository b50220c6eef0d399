"""The ticks of a schedule: which moment is due, and that it happens once per organisation."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from app.core.scheduler import timing
from app.core.scheduler.models import ScheduleTick
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.manifest import Module, Schedule
from app.kernel.records import new_id
from app.kernel.registry import registry

SHORT = 60  # seconds: what comes more often runs in the scheduler itself, without a job

log = logging.getLogger("opsflux.scheduler")
_served: dict[tuple[str, UUID], datetime] = {}


def schedules() -> list[Schedule]:
    """What every module declares."""
    return [schedule for module in registry.modules.values() for schedule in module.schedule]


def declared() -> list[tuple[Module, Schedule, ScheduleTick | None]]:
    """What the modules declare beyond the short ones, with its tick in the organisation at hand."""
    known = {tick.name: tick for tick in session().scalars(select(ScheduleTick))}
    return [(module, schedule, known.get(schedule.name)) for module in registry.modules.values() for schedule in module.schedule
            if not is_short(schedule)]


def next_moment(schedule: Schedule, zone: str) -> datetime:
    """The first moment later than now at which a declared schedule ticks in a time zone."""
    if schedule.every:
        return due_moment(schedule, clock.now(), zone) + timedelta(seconds=schedule.every)
    return timing.next_daily(time.fromisoformat(schedule.daily), clock.now(), zone)


def due_moment(schedule: Schedule, now: datetime, zone: str) -> datetime:
    """The latest moment, at or before `now`, at which the schedule ticks in a time zone."""
    if schedule.every:
        seconds = int(now.timestamp()) // schedule.every * schedule.every
        return datetime.fromtimestamp(seconds, UTC)
    return timing.latest_daily(time.fromisoformat(schedule.daily), now, zone)


def tick(schedule: Schedule, organisation: Organisation) -> bool:
    """Let the schedule's latest moment happen in an organisation, unless it did already: as a job, in the same transaction."""
    moment = due_moment(schedule, clock.now(), organisation.timezone)
    with acting(organisation, SYSTEM, channel="schedule"), unit_of_work():
        if not _move(schedule, moment):
            return False
        job = jobs.enqueue(schedule.job, title=_title(schedule), key=f"schedule:{schedule.name}", quiet=True)
        session().execute(update(ScheduleTick).where(ScheduleTick.name == schedule.name).values(job_id=job.id))
    return True


def run_short(schedule: Schedule, organisation: Organisation) -> None:
    """Run what comes every few seconds here and now; its failure is the next one's business."""
    try:
        with acting(organisation, SYSTEM, channel="schedule"), unit_of_work():
            schedule.job()
    except Exception:
        log.exception("%s failed for %s", schedule.name, organisation.slug)


def tick_all(organisations: Iterable[Organisation]) -> int:
    """Every schedule that is no short one, for every organisation; gives how many ticked."""
    long_ones, ticked = [schedule for schedule in schedules() if not is_short(schedule)], 0
    for organisation in organisations:
        for schedule in long_ones:
            if rests(schedule, organisation):
                continue
            moment = due_moment(schedule, clock.now(), organisation.timezone)
            if _served.get((schedule.name, organisation.id)) != moment:  # spares the database a question each second
                ticked += tick(schedule, organisation)
                _served[schedule.name, organisation.id] = moment
    return ticked


def rests(schedule: Schedule, organisation: Organisation) -> bool:
    """Whether the organisation waits to be deleted, and this is no longer done for it."""
    return organisation.is_closing and not schedule.while_closing


def is_short(schedule: Schedule) -> bool:
    """Whether it runs inside the scheduler."""
    return 0 < schedule.every < SHORT


def _move(schedule: Schedule, moment: datetime) -> bool:
    """Move the schedule's mark to a later moment; False when it stands there. An organisation's first mark makes no daily tick."""
    values = {"organisation_id": current.organisation.id, "id": new_id(), "name": schedule.name, "moment": moment}
    made = session().execute(insert(ScheduleTick).values(**values).on_conflict_do_nothing().returning(ScheduleTick.id)).first()
    if made is not None:
        return bool(schedule.every)
    moved = insert(ScheduleTick).values(**values).on_conflict_do_update(
        index_elements=["organisation_id", "name"], set_={"moment": moment}, where=ScheduleTick.moment < moment).returning(ScheduleTick.id)
    return session().execute(moved).first() is not None


def _title(schedule: Schedule) -> str:
    return schedule.name.rpartition(".")[2].replace("_", " ").capitalize()
