"""What is kept must be possible; what is asked: until when a limit lasts, and who is on duty."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import func, or_, select

from app.core.calendar.hours import NeverOpen, Week
from app.core.calendar.models import DutyTurn, Holiday, WorkCalendar, WorkShift
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.zones import zone_faults

CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)|24:00")
UNITS = {"minutes": 60, "hours": 3_600}


def keep_hours(calendar: WorkCalendar) -> None:
    """Complete working hours before they are saved. Raises Invalid for a zone or a time that does not exist."""
    calendar.timezone = calendar.timezone or current.organisation.timezone
    errors: dict[str, list[str]] = {}
    if said := zone_faults(calendar.timezone):
        errors["timezone"] = said
    for number, shift in enumerate(_shifts([calendar.id]), start=1):
        for name in ("opens", "closes"):
            if not CLOCK.fullmatch(getattr(shift, name)) or (name == "opens" and shift.opens == "24:00"):
                errors[f"lines.{number}.{name}"] = [_("“%(raw)s” is not a time of day. Write it like 08:30.", raw=getattr(shift, name))]
    if errors:
        raise Invalid(errors)


def keep_holiday(holiday: Holiday) -> None:
    """Refuse days that end before they begin."""
    if holiday.ends_on is not None and holiday.ends_on < holiday.starts_on:
        raise Invalid({"ends_on": [_("The end lies before the beginning.")]})


def keep_turn(turn: DutyTurn) -> None:
    """Refuse a turn that ends before it begins."""
    if turn.ends_at <= turn.starts_at:
        raise Invalid({"ends_at": [_("The end lies before the beginning.")]})


def on_duty(rota_id: UUID, moment: datetime) -> list[UUID]:
    """The members and groups who have a turn at a moment, the one that began first first."""
    return list(session().scalars(select(DutyTurn.member_id).where(
        DutyTurn.rota_id == rota_id, DutyTurn.starts_at <= moment, DutyTurn.ends_at > moment, DutyTurn.archived_at.is_(None)).order_by(
        DutyTurn.starts_at, DutyTurn.id)))


def week_of(site_id: UUID | None) -> Week:
    """The working hours of a site: its own, those of the organisation, or around the clock."""
    found = session().scalars(select(WorkCalendar).where(
        WorkCalendar.archived_at.is_(None), or_(WorkCalendar.site_id == site_id, WorkCalendar.site_id.is_(None))).order_by(
        WorkCalendar.site_id.is_(None), WorkCalendar.id).limit(1)).first()
    return Week(current.organisation.timezone) if found is None else _week(found)


def week_named(calendar_id: UUID) -> Week:
    """The working hours that have this id; around the clock when they were put away."""
    found = session().scalars(select(WorkCalendar).where(WorkCalendar.id == calendar_id, WorkCalendar.archived_at.is_(None))).first()
    return Week(current.organisation.timezone) if found is None else _week(found)


def limit(week: Week, moment: datetime, amount: int, unit: str = "hours") -> datetime:
    """Until when a limit lasts that begins at a moment. Hours that never come count around the clock, so that nothing waits for ever."""
    try:
        return week.days_after(moment, amount) if unit == "days" else week.after(moment, amount * UNITS[unit])
    except NeverOpen:
        return moment + (timedelta(days=amount) if unit == "days" else timedelta(seconds=amount * UNITS[unit]))


def _week(calendar: WorkCalendar) -> Week:
    free = session().execute(select(Holiday.starts_on, func.coalesce(Holiday.ends_on, Holiday.starts_on)).where(
        Holiday.archived_at.is_(None), or_(Holiday.calendar_id == calendar.id, Holiday.calendar_id.is_(None))).order_by(Holiday.starts_on))
    return Week(calendar.timezone, tuple((int(shift.weekday.value), _minute(shift.opens), _minute(shift.closes))
                                         for shift in _shifts([calendar.id])), tuple((row[0], row[1]) for row in free))


def _shifts(ids: list[UUID]) -> list[WorkShift]:
    return list(session().scalars(select(WorkShift).where(WorkShift.calendar_id.in_(ids)).order_by(WorkShift.position)))


def _minute(said: str) -> int:
    hours, _colon, minutes = said.partition(":")
    return int(hours) * 60 + int(minutes)
