"""The reports that come with schedules."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

REPORTS = (
    ReportOf("scheduler.failed_runs", _l("Scheduled work that failed"), "scheduler.run",
             ("reference", "moment", "ended_at", "seconds", "note"), _l("The last thirty days, by schedule."),
             filters="outcome=failed&moment__gte=today-30", sort="-moment", group="schedule"),
    ReportOf("scheduler.runs_by_outcome", _l("Scheduled work by outcome"), "scheduler.run",
             ("reference", "moment", "schedule", "ended_at", "seconds"), _l("What became of each time in the last seven days."),
             filters="moment__gte=today-7", sort="-moment", group="outcome", totals=("seconds:average", "seconds:largest"), chart="bar"),
)
