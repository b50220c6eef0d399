"""Health and safety: all that the rest of the system knows of this module."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.kernel.manifest import Action, Approval, Duty, Level, Module, Related, Resource, Role, Tile
from app.modules.hse import events, forms, jobs, services
from app.modules.hse.models import CorrectiveAction, Incident
from app.modules.hse.reports import REPORTS
from app.modules.hse.review import weekly_review

incidents = Resource(
    Incident,
    columns=("reference", "title", "kind", "site", "potential_risk", "status", "occurred_at"),
    filters=("status", "kind", "counted_as", "site", "department", "actual_risk", "potential_risk", "occurred_at"),
    search={"reference": "A", "title": "A", "site": "B", "immediate_action": "B", "narrative": "C"},
    form={_l("What happened"): ("title", "kind", "site", "department", "occurred_at"),
          _l("How bad it was"): ("actual_severity", "actual_likelihood", "potential_severity", "potential_likelihood"),
          _l("Narrative"): ("narrative", "immediate_action", "people_involved")},
    import_key="reference",
    sort="-occurred_at",
    tally="counted_as",
    subtitle=("kind", "site"),
    before_save=services.complete_incident,
    related=(Related("hse.corrective_action", "incident", _l("Corrective actions")),),
    actions=(Action("close", services.close_incident, label=_l("Close out"), done="closed",
                    said=_l("%(name)s closed %(record)s"), form=forms.Closure,
                    when=services.can_close, approval="hse.close_out", icon="circle-check-big"),),
)

corrective_actions = Resource(
    CorrectiveAction,
    columns=("reference", "title", "incident", "owner", "due_on", "state"),
    filters=("state", "owner", "incident", "due_on"),
    search={"reference": "A", "title": "A", "owner": "B", "incident": "B", "plan": "C"},
    form={_l("What is to be done"): ("title", "incident", "owner", "due_on"), _l("How"): ("plan",)},
    import_key="reference",
    sort="due_on",
    subtitle=("incident", "owner"),
    icon="list-checks",
    bulk_edit=("owner", "due_on"),
    duty=Duty("owner", "due_on", {"state": ("open",)}),
    before_save=services.assign_action,
    actions=(Action("complete", services.complete_action, label=_l("Mark as done"), done="completed",
                    said=_l("%(name)s marked %(record)s as done"), form=forms.Completion, when=services.is_open, bulk=True, icon="check"),
             Action("drop", services.drop_action, label=_l("Drop"), done="dropped",
                    said=_l("%(name)s dropped %(record)s"), form=forms.Dropping, when=services.is_open, tone="danger", icon="ban")),
)

close_out = Approval(
    "hse.close_out", _l("Close-out of an incident"),
    levels=(Level(_l("HSE manager"), "role:hse_manager", hours=72, risk="ORANGE"),),
)

module = Module(
    "hse", label=_l("Health and safety"), icon="shield-check", keys="g h",
    resources=(incidents, corrective_actions), approvals=(close_out,), runs=(weekly_review,), reports=REPORTS,
    tiles=(
        Tile("hse.reported", _l("Incidents reported"), resource="hse.incident", dated="occurred_at", better="down",
             homes=("executive", "operations", "hse")),
        Tile("hse.open", _l("Open incidents"), resource="hse.incident", query="status=open", homes=("operations", "hse")),
        Tile("hse.lost_time", _l("Lost-time injuries"), resource="hse.incident", query="kind=lost_time", dated="occurred_at", target=0,
             better="down", homes=("executive", "hse")),
        Tile("hse.actions", _l("Corrective actions to do"), resource="hse.corrective_action", query="state=open", homes=("hse",)),
        Tile("hse.months", _l("Incidents by month"), "bar", "hse.incident", by="occurred_at", split="counted_as", dated="occurred_at",
             width=2, homes=("executive", "hse")),
        Tile("hse.kinds", _l("Incidents by kind"), "bar", "hse.incident", by="kind", dated="occurred_at", width=2, homes=("hse",)),
        Tile("hse.sites", _l("Incidents by site"), "pie", "hse.incident", by="site", dated="occurred_at", width=2,
             homes=("operations", "hse")),
        Tile("hse.due", _l("Corrective actions, the next due first"), "list", "hse.corrective_action", query="state=open", width=2,
             homes=("operations", "hse")),
    ),
    roles=(
        Role("hse_manager", _l("HSE manager"), {"hse.*.*": "company"}, help=_l("Runs health and safety, and closes incidents."),
             start="hse.incident"),
        Role("member", _l("Member"), {"hse.corrective_action.complete": "own"}),
        Role("approver", _l("Approver"), {"hse.corrective_action.complete": "own"}),
    ),
    on={events.CorrectiveActionAssigned: jobs.tell_owner, "hse.incident.created": jobs.tell_of_reports},
)
