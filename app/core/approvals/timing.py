"""When the limit of a step ends, and what time does to it before and after: by working time where the step says so."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from flask_babel import ngettext

from app.core import calendar
from app.core.approvals.legs import Leg
from app.core.calendar import Week
from app.core.workflow import Limit, Step
from app.kernel.current import current
from app.kernel.fields import fields_of

MORNING = time(6)
AMOUNTS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}


def begun(leg: Leg, step: Step, record: Any, now: datetime) -> Leg:
    """A leg whose limit begins now."""
    if step.limit is None:
        return leg
    due = ends(step.limit, record, now)
    return replace(leg, due=due.isoformat(), next=_next(step.limit, record, now, now, due).isoformat(), climbs=0)


def ends(limit: Limit, record: Any, begin: datetime) -> datetime:
    """When a limit that begins at a moment ends."""
    return calendar.limit(_week(limit, record), begin, limit.amount, limit.unit)


def reminded(leg: Leg, limit: Limit, record: Any, begin: datetime, now: datetime) -> Leg:
    """A leg after a reminder: the next one, or its end."""
    due = leg.due_at or now
    return replace(leg, next=_next(limit, record, begin, now, due).isoformat())


def is_reminder(leg: Leg, now: datetime) -> bool:
    """Whether what time does now is to remind: the limit has not ended."""
    return bool(leg.due_at and now < leg.due_at)


def _next(limit: Limit, record: Any, begin: datetime, now: datetime, due: datetime) -> datetime:
    """The first reminder later than now, or the end. A reminder comes so long before the end."""
    week = _week(limit, record)
    moments = [calendar.limit(week, begin, limit.amount - each, limit.unit) for each in limit.reminders]
    return min((each for each in moments if now < each < due), default=due)


def in_words(limit: Limit) -> str:
    """“24 h”, “2 working days”."""
    if limit.unit == "days":
        return ngettext("%(num)d working day", "%(num)d working days", limit.amount) if limit.calendar else ngettext(
            "%(num)d day", "%(num)d days", limit.amount)
    return f"{limit.amount} h" if limit.unit == "hours" else f"{limit.amount} min"


def waits_until(step: Step, record: Any, now: datetime) -> datetime:
    """Until when a step waits: an amount of time (`36h`, `10d`, `30m`), or the day or moment in a field of the record."""
    said = step.until
    if said[:-1].isdigit() and said[-1:] in AMOUNTS:
        return now + AMOUNTS[said[-1]] * int(said[:-1])
    described = fields_of(type(record)).get(said)
    value = described.value(record) if described is not None else None
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, MORNING, ZoneInfo(current.organisation.timezone)).astimezone(UTC)
    return now


def _week(limit: Limit, record: Any) -> Week:
    """The calendar of a limit: around the clock, that of the record's site, that of the organisation, or one by its id."""
    if not limit.calendar:
        return Week()
    if limit.calendar in ("site", "organisation"):
        return calendar.week_of(getattr(record, "site_id", None) if limit.calendar == "site" else None)
    return calendar.week_named(UUID(limit.calendar))
