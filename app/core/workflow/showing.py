"""What the pages of workflows show. Templates ask nothing more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core.workflow import drafts, editing, stepping
from app.core.workflow.checking import Flaw
from app.core.workflow.declared import graph_of
from app.core.workflow.drawing import picture
from app.core.workflow.graph import ASKING, Graph, Step
from app.core.workflow.models import Origin, Stage, Workflow, WorkflowVersion
from app.core.workflow.storing import read
from app.core.workflow.telling import Words, condition
from app.kernel.db import session
from app.kernel.kinds import show_moment
from app.kernel.manifest import Action, Resource
from app.kernel.registry import registry


def rows() -> list[dict[str, Any]]:
    """Every action that is agreed: what it is, by which version, how many drafts there are."""
    known = {(each.approval, each.action): each for each in session().scalars(select(Workflow))}
    active = {each.workflow_id: each for each in session().scalars(select(WorkflowVersion).where(WorkflowVersion.stage == Stage.ACTIVE))}
    drawn = dict(session().execute(select(WorkflowVersion.workflow_id, func.count()).where(
        WorkflowVersion.stage == Stage.DRAFT, WorkflowVersion.archived_at.is_(None)).group_by(WorkflowVersion.workflow_id)).tuples().all())
    found = []
    for resource, action in drafts.governed():
        workflow = known.get((action.approval, action.name))
        version = active.get(workflow.id) if workflow else None
        steps = read(version.graph) if version else graph_of(registry.approvals[action.approval], action.name)
        found.append({"title": str(registry.approvals[action.approval].label), "about": f"{resource.label} · {action.label or action.name}",
                      "state": _("Version %(number)d", number=version.number) if version else _("As the module declares it"),
                      "steps": sum(step.kind in ASKING for _path, step in steps.every()),
                      "drafts": drawn.get(workflow.id, 0) if workflow else 0,
                      "url": url_for("workflows.show", kind=resource.key, action=action.name)})
    return found


def in_force(resource: Resource, action: Action) -> dict[str, Any]:
    """How one action is agreed today, and its versions."""
    approval, words = registry.approvals[action.approval], Words(resource)
    workflow = session().scalars(select(Workflow).where(Workflow.approval == approval.key, Workflow.action == action.name)).first()
    made = list(session().scalars(select(WorkflowVersion).where(
        WorkflowVersion.workflow_id == workflow.id, WorkflowVersion.archived_at.is_(None), WorkflowVersion.origin == Origin.DRAWN).order_by(
        WorkflowVersion.number.desc()))) if workflow else []
    active = next((each for each in made if each.stage == Stage.ACTIVE), None)
    graph = read(active.graph) if active else graph_of(approval, action.name)
    return {"title": str(approval.label), "about": f"{resource.label} · {action.label or action.name}",
            "state": _("Version %(number)d", number=active.number) if active else _("As the module declares it"),
            **_drawn(graph, words, []), "versions": [_version_row(each) for each in made], "list_url": url_for("workflows.listing")}


def of_version(version: WorkflowVersion, step: str, values: Mapping[str, str] | None) -> dict[str, Any]:
    """One version: its picture, its steps, what is wrong, and the form of one step."""
    workflow = drafts.workflow_of(version)
    resource, words, graph = drafts.concerned(workflow), Words(drafts.concerned(workflow)), read(version.graph)
    wrong = drafts.faults(workflow, graph) if version.stage == Stage.DRAFT else []
    return {"title": _("%(name)s: version %(number)d", name=str(registry.approvals[workflow.approval].label), number=version.number),
            "stage": (str(version.stage.label), version.stage.tone), "reference": version.reference, "note": version.note or "",
            **_drawn(graph, words, wrong), "wrong": [flaw.sentence for flaw in wrong if not flaw.path],
            "form": _form(graph, step, words, values),
            "record_url": url_for("workflow.workflow_version_detail", reference=version.reference),
            "back_url": url_for("workflows.show", kind=resource.key, action=workflow.action), "list_url": url_for("workflows.listing")}


def _drawn(graph: Graph, words: Words, wrong: list[Flaw]) -> dict[str, Any]:
    return {"picture": picture(graph, lambda step: (_short(words.title(step), 20), _short(words.second_line(step), 24))),
            "steps": list(_steps(graph, words, wrong))}


def _steps(graph: Graph, words: Words, wrong: list[Flaw], above: str = "", depth: int = 0) -> list[dict[str, Any]]:
    """The steps in their order, those inside others below them."""
    found: list[dict[str, Any]] = []
    for key in editing.in_order(graph):
        step, path = graph.steps[key], above + key
        if depth and step.kind == "end":
            continue
        before = editing.previous(graph, key)
        found.append({
            "path": path, "title": words.title(step), "who": words.who(step), "facts": words.facts(step), "depth": depth, "kind": step.kind,
            "colour": step.colour if step.kind in ASKING else "", "wrong": [flaw.sentence for flaw in wrong if flaw.path == path],
            "leads": _leads(graph, step, words), "asks": step.kind in ASKING,
            "may_set": step.kind in ASKING | {"wait", "parallel"}, "may_remove": editing.may_be_removed(step), "may_add": step.kind != "end"
            and step.kind not in ("effect", "publish"), "may_beside": step.kind in ASKING | {"parallel"},
            "may_earlier": editing.may_be_removed(step) and before is not None and before.kind not in editing.FIXED})
        for branch in step.branches:
            found.append({"branch": branch.key, "path": path, "depth": depth + 1, "title": branch.label or _("Beside each other"),
                          "when": condition(branch.when) if branch.when else "", "may_unwrap": len(step.branches) > 1})
            found += _steps(branch.graph, words, wrong, f"{path}.{branch.key}.", depth + 2)
        if step.graph is not None:
            found += _steps(step.graph, words, wrong, f"{path}.", depth + 1)
    return found


def _leads(graph: Graph, step: Step, words: Words) -> list[str]:
    """Where refusals lead, in words."""
    named = {"rejected": _("Rejected: on to “%(step)s”"), "returned": _("Returned: on to “%(step)s”"),
             "failed": _("Failed: on to “%(step)s”"), "cancelled": _("Withdrawn: on to “%(step)s”")}
    return [named[way.on] % {"step": words.title(graph.steps[way.to])} for way in step.ways if way.on in named and way.to in graph.steps]


def _form(graph: Graph, path: str, words: Words, values: Mapping[str, str] | None) -> dict[str, Any] | None:
    """The form of one step, with what can be chosen."""
    try:
        here, step, _above = graph.place(path) if path else (graph, None, "")
    except KeyError:
        return None
    if step is None or step.kind not in ASKING | {"wait", "parallel"}:
        return None
    shown = stepping.to_form(step) | dict(values or {})
    who = stepping.people_offered(words)
    if shown["who"] == stepping.PRESENT:
        who = [(stepping.PRESENT, words.who(step)), *who]
    return {"path": path, "title": words.title(step), "kind": step.kind, "asks": step.kind in ASKING, "values": shown, "who": who,
            "needs": stepping.shares_offered(step), "declared": condition(step.when) if step.when and not step.when.text else "",
            "kinds": [("approve", _("Approve or reject")), ("review", _("Review: agree or return")), ("sign", _("Sign"))],
            "units": [("minutes", _("minutes")), ("hours", _("hours")), ("days", _("days"))],
            "calendars": [("", _("Around the clock")), ("organisation", _("Working hours of the organisation")),
                          ("site", _("Working hours of the record's site")), *words.calendars.items()],
            "ends": [("", _("It stays open")), ("approve", _("It counts as approved")), ("reject", _("It counts as rejected")),
                     ("cancel", _("It is withdrawn"))],
            "steps": [(key, words.title(each)) for key, each in here.steps.items() if key != step.key and each.kind != "submit"]}


def _version_row(version: WorkflowVersion) -> dict[str, Any]:
    return {"title": _("Version %(number)d", number=version.number), "state": str(version.stage.label), "tone": version.stage.tone,
            "note": version.note or "", "when": show_moment(version.activated_at or version.created_at),
            "url": url_for("workflows.version", ref=version.reference)}


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most - 1]}…"
