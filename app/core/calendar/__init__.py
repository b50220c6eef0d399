"""Working time: shifts and free days by the clock of a place."""

from app.core.calendar.hours import NeverOpen, Week

__all__ = ["NeverOpen", "Week"]
