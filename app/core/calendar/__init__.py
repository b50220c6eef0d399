"""Working time: when a site works, its holidays, who is on duty."""

from app.core.calendar.hours import NeverOpen, Week
from app.core.calendar.models import DutyRota, DutyTurn, Holiday, Weekday, WorkCalendar, WorkShift
from app.core.calendar.services import limit, on_duty, week_named, week_of

__all__ = ["DutyRota", "DutyTurn", "Holiday", "NeverOpen", "Week", "Weekday", "WorkCalendar", "WorkShift",
           "limit", "on_duty", "week_named", "week_of"]
