"""The reports that come with background work."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

REPORTS = (
    ReportOf("jobs.failed", _l("Jobs that failed"), "jobs.job", ("title", "requester", "created_at", "attempts", "seconds", "error"),
             _l("What gave up in the last thirty days, day by day, with how long it had run."),
             filters="state=failed&created_at__gte=today-30", sort="-created_at", group="created_at:day",
             totals=("seconds:sum", "seconds:largest"), chart="bar"),
    ReportOf("jobs.durations", _l("How long background work takes"), "jobs.job", ("title", "state", "created_at", "waited", "seconds"),
             _l("What ended in the last seven days: how long it waited and ran, in the middle and for nine in ten."),
             filters="finished_at__gte=today-7", sort="-created_at", group="created_at:day",
             totals=("seconds:median", "seconds:p90", "waited:median", "waited:p90"), chart="line"),
)
