"""Working time: when a site works, its holidays, who is on duty, who is away."""

from app.core.calendar.absence import Absence, AbsenceKind, AbsenceSource
from app.core.calendar.hours import NeverOpen, Week
from app.core.calendar.models import DutyRota, DutyTurn, Holiday, Weekday, WorkCalendar, WorkShift
from app.core.calendar.services import limit, on_duty, week_named, week_of

__all__ = ["Absence", "AbsenceKind", "AbsenceSource", "DutyRota", "DutyTurn", "Holiday", "NeverOpen", "Week", "Weekday",
           "WorkCalendar", "WorkShift", "limit", "on_duty", "week_named", "week_of"]
