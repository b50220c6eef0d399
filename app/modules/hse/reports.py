"""The reports that come with health and safety."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import ReportOf

REPORTS = (
    ReportOf("hse.open_incidents", _l("Open incidents by potential risk"), "hse.incident",
             ("reference", "title", "kind", "site", "site.location", "occurred_at"), _l("What is open, by how bad it could have been."),
             filters="status=open", sort="occurred_at", group="potential_risk", chart="bar"),
    ReportOf("hse.incidents_by_month", _l("Incidents of the last twelve months"), "hse.incident",
             ("reference", "title", "kind", "site", "actual_risk", "status", "occurred_at"),
             _l("Month by month, with how many there were."),
             filters="occurred_at__gte=today-365", sort="occurred_at", group="occurred_at:month", chart="line"),
    ReportOf("hse.incidents_by_site", _l("Incidents by site"), "hse.incident",
             ("reference", "title", "kind", "counted_as", "potential_risk", "status", "occurred_at"),
             _l("Where it happened in the last ninety days."), filters="occurred_at__gte=today-90", sort="-occurred_at", group="site",
             chart="pie"),
    ReportOf("hse.overdue_actions", _l("Overdue corrective actions by owner"), "hse.corrective_action",
             ("reference", "title", "incident", "incident.potential_risk", "due_on"), _l("What should be done already, and by whom."),
             filters="state=open&due_on__lte=today-1", sort="due_on", group="owner", chart="bar"),
)
