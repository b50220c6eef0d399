"""Serving the organisations' own schedules: each time is served once, or made up for after a standstill as the schedule says.

A time is served in one transaction: its run is written (a moment of a schedule is there once), its job asked for, the next time set.
Whichever of several schedulers comes second finds the schedule locked, or served already.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app.core.scheduler import own
from app.core.scheduler.models import CatchUp, Outcome, Repeats, Schedule, ScheduleRun, Status
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid

LATE = timedelta(minutes=5)  # what is served later than this was missed
MOST = 100  # times that are made up for after one standstill
SHOWN = 20  # times that are written down as missed

log = logging.getLogger("opsflux.scheduler")


def serve(organisation: Organisation, schedule_id: UUID) -> int:
    """Serve what is due of one schedule; gives how many jobs were asked for."""
    if organisation.is_closing:
        return 0
    with acting(organisation, SYSTEM, channel="schedule"), unit_of_work() as work:
        now = clock.now()
        schedule = work.scalars(select(Schedule).where(
            Schedule.id == schedule_id, Schedule.status == Status.ACTIVE, Schedule.next_at <= now, Schedule.archived_at.is_(None),
        ).with_for_update(skip_locked=True).execution_options(populate_existing=True)).first()
        if schedule is None:
            return 0
        moments = passed(schedule, now)
        asked = sum(_serve(schedule, moment, now, wanted=wanted) for moment, wanted in wanted_of(schedule, moments, now))
        _move_on(schedule, moments[-1], now)
        return asked


def passed(schedule: Schedule, now: datetime) -> list[datetime]:
    """The times that have come since the schedule was last served, oldest first; the newest ones when they are very many."""
    moment, found = schedule.next_at, list[datetime]()
    while moment is not None and moment <= now:
        found.append(moment)
        moment = own.next_time(schedule, moment)
        if len(found) > 10 * MOST:  # a month of minutes: count from near the end
            found, moment = found[-1:], own.next_time(schedule, max(moment or now, now - timedelta(hours=2)))
    return found[-MOST:]


def wanted_of(schedule: Schedule, moments: list[datetime], now: datetime) -> list[tuple[datetime, bool]]:
    """Each time that is written down, and whether it is served or was missed."""
    if schedule.catch_up == CatchUp.ALL:
        return [(moment, True) for moment in moments]
    last = moments[-1]
    if schedule.catch_up == CatchUp.LATEST or now - last <= LATE:
        return [*((moment, False) for moment in moments[-SHOWN - 1:-1]), (last, True)]
    return [(moment, False) for moment in moments[-SHOWN:]]


def _serve(schedule: Schedule, moment: datetime, now: datetime, *, wanted: bool) -> bool:
    known = select(ScheduleRun.id).where(ScheduleRun.schedule_id == schedule.id, ScheduleRun.moment == moment)
    if session().scalar(known) is not None:
        return False
    if not wanted:
        own.keep(ScheduleRun(schedule_id=schedule.id, moment=moment, outcome=Outcome.MISSED, ended_at=now))
        return False
    try:
        with session().begin_nested():
            met = own.holds(schedule)
    except (Invalid, SQLAlchemyError, KeyError) as error:
        log.warning("The condition of %s cannot be asked: %s", schedule.reference, error)
        own.keep(ScheduleRun(schedule_id=schedule.id, moment=moment, outcome=Outcome.FAILED, ended_at=now,
                             note=_("The condition cannot be understood any more.")))
        return False
    if not met:
        own.keep(ScheduleRun(schedule_id=schedule.id, moment=moment, outcome=Outcome.SKIPPED, ended_at=now))
        return False
    key = f"schedule:{schedule.id}:{moment.isoformat()}" if schedule.catch_up == CatchUp.ALL else ""
    return own.ask(schedule, moment, key=key).outcome == Outcome.ASKED


def _move_on(schedule: Schedule, last: datetime, now: datetime) -> None:
    """Set the next time past what was served. That is nobody's edit: the trail has the run, and a form that is open stays good."""
    following = own.next_time(schedule, max(last, now) if schedule.catch_up != CatchUp.ALL else last)
    over = following is None and schedule.repeats in (Repeats.ONCE, Repeats.CRON)
    own.remember(schedule.id, next_at=following, last_at=last, status=Status.FINISHED if over else Status.ACTIVE)
