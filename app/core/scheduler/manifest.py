"""The scheduler, declared: an organisation's own schedules, their runs, and what it offers to be scheduled."""

from flask_babel import lazy_gettext as _l

from app.core.scheduler import own
from app.core.scheduler.models import Schedule, ScheduleRun
from app.core.scheduler.reports import REPORTS
from app.core.scheduler.retention import clear_away
from app.kernel.manifest import Action, Module, Related, Resource, Task, daily

schedules = Resource(
    Schedule,
    columns=("title", "task", "repeats", "next_at", "last_at", "failures", "status"),
    filters=("status", "repeats", "next_at"),
    search={"title": "A", "reference": "B"},
    form={_l("What"): ("title", "task", "inputs"), _l("How often"): ("repeats", "at", "weekday", "day", "cron", "once_at", "timezone"),
          _l("Only if"): ("condition_of", "condition"), _l("After a standstill"): ("catch_up",)},
    facts=("status", "task", "repeats", "at", "weekday", "day", "cron", "once_at", "timezone", "next_at", "last_at", "failures",
           "condition_of", "condition", "catch_up", "inputs"),
    importable=False,
    tally="status",
    sort="title",
    title="title",
    subtitle=("task", "repeats"),
    icon="calendar-clock",
    before_save=own.before_save,
    related=(Related("scheduler.run", "schedule", _l("Runs")),),
    actions=(Action("run_now", own.run_now, label=_l("Run now"), done="run", said=_l("%(name)s ran %(record)s by hand"), icon="play"),
             Action("pause", own.pause, label=_l("Pause"), done="paused", said=_l("%(name)s paused %(record)s"), when=own.can_pause,
                    icon="pause", bulk=True),
             Action("resume", own.resume, label=_l("Resume"), done="resumed", said=_l("%(name)s resumed %(record)s"), when=own.can_resume,
                    icon="play", bulk=True)),
)

runs = Resource(
    ScheduleRun,
    columns=("moment", "schedule", "outcome", "ended_at", "seconds", "note"),
    filters=("outcome", "schedule", "moment"),
    facts=("schedule", "moment", "outcome", "ended_at", "seconds", "note"),
    tally="outcome",
    importable=False,
    creatable=False,
    editable=False,
    sort="-moment",
    title="reference",
    subtitle=("schedule", "outcome"),
    icon="history",
    menu=False,
)

module = Module("scheduler", label=_l("Schedules"), icon="clock", section="automation", resources=(schedules, runs), reports=REPORTS,
                schedule=(daily("03:20", clear_away),),
                tasks=(Task("scheduler.clear_away", _l("Clear away what is old and done"), clear_away),))
