"""The scheduler: one process carries what is due and lets each tick of the manifests happen once."""

from app.core.scheduler.due import serve
from app.core.scheduler.history import with_last_runs
from app.core.scheduler.leading import Lead
from app.core.scheduler.loop import Loop
from app.core.scheduler.models import CatchUp, Repeats, Schedule, ScheduleRun, Status
from app.core.scheduler.offering import offer
from app.core.scheduler.own import plan, rest
from app.core.scheduler.sweeping import Relay
from app.core.scheduler.ticks import declared, next_moment, tick

__all__ = ["CatchUp", "Lead", "Loop", "Relay", "Repeats", "Schedule", "ScheduleRun", "Status", "declared", "next_moment", "offer", "plan",
           "rest", "serve", "tick", "with_last_runs"]
