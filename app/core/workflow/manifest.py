"""Workflows, declared: one for each action that is agreed, its versions, and the approval without which none is put in force."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l

from app.core.workflow import drafts
from app.core.workflow.models import Workflow, WorkflowVersion
from app.kernel.fields import Form, long_text
from app.kernel.manifest import Action, Approval, Level, MenuItem, Module, Related, Resource


class Drawing(Form):
    """All steps of a version, as JSON."""

    graph = long_text(_l("Steps"), required=True, max_length=200_000, help=_l("JSON, as the page of a version gives it."))


workflows = Resource(
    Workflow,
    columns=("name", "approval", "action"),
    search={"name": "A", "approval": "B"},
    form={_l("Workflow"): ("name",)},
    facts=("name", "approval", "action"),
    creatable=False,
    importable=False,
    sort="name",
    title="name",
    subtitle=("approval", "action"),
    icon="workflow",
    menu=False,
    related=(Related("workflow.workflow_version", "workflow", _l("Versions")),),
)

versions = Resource(
    WorkflowVersion,
    columns=("workflow", "number", "stage", "origin", "activated_at", "note"),
    filters=("stage", "workflow"),
    search={"workflow": "A", "note": "B"},
    form={_l("Version"): ("workflow", "note")},
    facts=("workflow", "number", "stage", "origin", "activated_at", "note", "graph_hash"),
    importable=False,
    snapshot=("workflow", "number", "note", "graph_hash"),
    tally="stage",
    title="workflow",
    subtitle=("number", "note"),
    icon="workflow",
    menu=False,
    lock=drafts.changeable,
    before_save=drafts.complete,
    actions=(Action("activate", drafts.activate, label=_l("Put in force"), done="activated", said=_l("%(name)s put %(record)s in force"),
                    when=drafts.is_draft, approval="workflow.activation", icon="circle-check"),
             Action("redraw", drafts.redraw, label=_l("Edit as text"), done="redrawn", said=_l("%(name)s changed the steps of %(record)s"),
                    form=Drawing, when=drafts.is_draft, icon="pencil"),
             Action("retire", drafts.retire, label=_l("Take out of force"), done="retired",
                    said=_l("%(name)s took %(record)s out of force"), when=drafts.is_active, approval="workflow.activation", icon="ban",
                    tone="danger")),
)

module = Module(
    "workflow", label=_l("Workflows"), icon="workflow", section="automation", resources=(workflows, versions),
    approvals=(Approval("workflow.activation", _l("Change of a workflow"),
                        (Level(_l("Another administrator"), "role:admin", hours=72, risk="ORANGE"),), consequences=drafts.consequences),),
    menu=(MenuItem("workflows", _l("Workflows"), "workflow", "workflows.listing", section="automation",
                   permission="workflow.workflow_version.view"),))
