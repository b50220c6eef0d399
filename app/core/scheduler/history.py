"""What an organisation's schedules did last."""

from __future__ import annotations

from sqlalchemy import and_, select

from app.core.scheduler.models import Schedule, ScheduleRun
from app.kernel.db import session

MOST = 200


def with_last_runs() -> list[tuple[Schedule, ScheduleRun | None]]:
    """Each schedule that is not put away with its latest run, the next ones first."""
    last = select(ScheduleRun.schedule_id, ScheduleRun.id).distinct(ScheduleRun.schedule_id).order_by(
        ScheduleRun.schedule_id, ScheduleRun.moment.desc()).subquery()
    query = select(Schedule, ScheduleRun).outerjoin(last, last.c.schedule_id == Schedule.id).outerjoin(
        ScheduleRun, and_(ScheduleRun.organisation_id == Schedule.organisation_id, ScheduleRun.id == last.c.id))
    query = query.where(Schedule.archived_at.is_(None)).order_by(Schedule.next_at.nulls_last(), Schedule.id).limit(MOST)
    return [(schedule, run) for schedule, run in session().execute(query).tuples()]
