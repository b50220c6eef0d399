"""The reports that come with requests."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

REPORTS = (
    ReportOf("requests.by_kind", _l("Requests by kind"), "requests.request",
             ("reference", "title", "requester", "starts_on", "days", "amount", "status"), _l("What is asked for, and how much of it."),
             sort="-reference", group="kind", totals=("days:sum", "amount:sum"), chart="bar"),
    ReportOf("requests.leave", _l("Agreed leave by department"), "requests.request",
             ("reference", "title", "requester", "starts_on", "ends_on", "days"), _l("Leave that was agreed, from today on."),
             filters="kind=leave&status=approved&starts_on__gte=today", sort="starts_on", group="department", totals=("days:sum",)),
)
