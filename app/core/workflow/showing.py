"""What the pages of workflows show. Templates ask nothing more."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any
from uuid import UUID

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

SET = ASKING | {"wait", "parallel", "sub"}


def rows() -> list[dict[str, Any]]:
    """Every action that is agreed: what it is, by which version, how many drafts there are."""
    known = {(each.approval, each.action): each for each in session().scalars(select(Workflow))}
    active = {each.workflow_id: each for each in session().scalars(select(WorkflowVersion).where(WorkflowVersion.stage == Stage.ACTIVE))}
    drawn = dict(session().execute(select(WorkflowVersion.workflow_id, func.count()).where(
        WorkflowVersion.stage == Stage.DRAFT, WorkflowVersion.archived_at.is_(None)).group_by(WorkflowVersion.workflow_id)).tuples().all())
    found = []
    for each in drafts.governed():
        workflow = known.get((each.approval.key, each.action.name))
        version = active.get(workflow.id) if workflow else None
        steps = read(version.graph) if version else graph_of(each.approval, each.action.name)
        found.append({"title": str(each.approval.label), "about": each.about,
                      "state": _("Version %(number)d", number=version.number) if version else _("As delivered"),
                      "steps": sum(step.kind in ASKING for _path, step in steps.every()),
                      "drafts": drawn.get(workflow.id, 0) if workflow else 0,
                      "url": url_for("workflows.show", kind=each.resource.key, action=each.name)})
    return found


def in_force(governed: drafts.Governed) -> dict[str, Any]:
    """How one action is agreed today, and its versions."""
    approval, action, words = governed.approval, governed.action, Words(governed.resource)
    workflow = session().scalars(select(Workflow).where(Workflow.approval == approval.key, Workflow.action == action.name)).first()
    made = list(session().scalars(select(WorkflowVersion).where(
        WorkflowVersion.workflow_id == workflow.id, WorkflowVersion.archived_at.is_(None), WorkflowVersion.origin == Origin.DRAWN).order_by(
        WorkflowVersion.number.desc()))) if workflow else []
    active = next((each for each in made if each.stage == Stage.ACTIVE), None)
    graph = read(active.graph) if active else graph_of(approval, action.name)
    return {"title": str(approval.label), "about": governed.about,
            "state": _("Version %(number)d", number=active.number) if active else _("As delivered"),
            **_drawn(graph, words, []), "versions": [_version_row(each) for each in made], "list_url": url_for("workflows.listing")}


def of_version(version: WorkflowVersion, step: str, values: Mapping[str, str] | None) -> dict[str, Any]:
    """One version: its picture, its steps, what is wrong, and the form of one step."""
    workflow = drafts.workflow_of(version)
    governed = drafts.governed_by(workflow)
    words, graph = Words(governed.resource), read(version.graph)
    wrong = drafts.faults(workflow, graph) if version.stage == Stage.DRAFT else []
    return {"title": _("%(name)s: version %(number)d", name=str(governed.approval.label), number=version.number),
            "stage": (str(version.stage.label), version.stage.tone), "reference": version.reference, "note": version.note or "",
            **_drawn(graph, words, wrong), "wrong": [flaw.sentence for flaw in wrong if not flaw.path],
            "flawed": _flawed(graph, words, wrong), "form": _form(graph, step, words, values, governed),
            "places": [(path, words.title(each)) for path, each in graph.every() if editing.may_lead(each)],
            "record_url": url_for("workflow.workflow_version_detail", reference=version.reference),
            "back_url": url_for("workflows.show", kind=governed.resource.key, action=governed.name),
            "list_url": url_for("workflows.listing")}


def in_words(kept: Mapping[str, Any], workflow_id: UUID) -> str:
    """The steps of a graph in sentences. Raises LookupError for a workflow that is there no more, Invalid for what is no graph."""
    workflow = session().scalars(select(Workflow).where(Workflow.id == workflow_id)).first()
    governed = next((each for each in drafts.governed() if workflow and (each.approval.key, each.action.name) == (
        workflow.approval, workflow.action)), None)
    if governed is None:
        raise LookupError
    return "\n".join(_line(each) for each in _steps(read(kept), Words(governed.resource), []))


def _line(step: Mapping[str, Any]) -> str:
    """A step, or a branch, in a line."""
    if "branch" in step:
        return " · ".join(filter(None, (step["title"], _("Only if %(condition)s", condition=step["when"]) if step["when"] else "")))
    named = f"{step['title']}: {step['who']}" if step["who"] else step["title"]
    return " · ".join((named, *step["facts"], *step["leads"]))


def anchor(path: str) -> str:
    """The id of a step in the list."""
    return f"step-{path.replace('.', '-')}"


def _flawed(graph: Graph, words: Words, wrong: list[Flaw]) -> list[dict[str, str]]:
    """What is wrong with single steps, each with the place in the list at which it is mended."""
    return [{"title": words.title(graph.place(flaw.path)[1]), "anchor": anchor(flaw.path), "said": flaw.sentence}
            for flaw in wrong if flaw.path in dict(graph.every())]


def _drawn(graph: Graph, words: Words, wrong: list[Flaw]) -> dict[str, Any]:
    drawn = picture(graph, lambda step: (_short(words.title(step), 20), _short(words.second_line(step), 24)), {each.path for each in wrong})
    return {"picture": drawn, "steps": list(_steps(graph, words, wrong))}


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
            "leads": [*_onward(graph, step, words), *_leads(graph, step, words)], "asks": step.kind in ASKING,
            "may_set": step.kind in SET, "may_remove": editing.may_be_removed(step),
            "may_add": editing.may_lead(step), "may_beside": step.kind in ASKING | {"parallel"},
            "may_later": editing.may_be_removed(step) and editing.following(graph, key) is not None,
            "may_earlier": editing.may_be_removed(step) and before is not None and before.kind not in editing.FIXED})
        for branch in step.branches:
            found.append({"branch": branch.key, "path": path, "depth": depth + 1, "title": branch.label or _("Beside each other"),
                          "when": condition(branch.when) if branch.when else "", "may_unwrap": len(step.branches) > 1})
            found += _steps(branch.graph, words, wrong, f"{path}.{branch.key}.", depth + 2)
        if step.graph is not None:
            found += _steps(step.graph, words, wrong, f"{path}.", depth + 1)
    return found


def _onward(graph: Graph, step: Step, words: Words) -> list[str]:
    """Where it goes on from a step, in words, where that is not the step below it."""
    found, order = [], editing.in_order(graph)
    below = dict(itertools.pairwise(order)).get(step.key, "")
    for way in step.ways:
        if (way.on or step.good) != step.good or way.to not in graph.steps:
            continue
        there = words.title(graph.steps[way.to])
        if way.when is not None:
            found.append(_("On to “%(step)s” if %(condition)s", step=there, condition=condition(way.when)))
        elif way.to != below and graph.steps[way.to].kind != "end":
            found.append(_("On to “%(step)s”", step=there))
    return found


def _leads(graph: Graph, step: Step, words: Words) -> list[str]:
    """Where refusals lead, in words."""
    named = {"rejected": _("Rejected: on to “%(step)s”"), "returned": _("Returned: on to “%(step)s”"),
             "failed": _("Failed: on to “%(step)s”"), "cancelled": _("Withdrawn: on to “%(step)s”")}
    return [named[way.on] % {"step": words.title(graph.steps[way.to])} for way in step.ways if way.on in named and way.to in graph.steps]


def _form(graph: Graph, path: str, words: Words, values: Mapping[str, str] | None,
          governed: drafts.Governed) -> dict[str, Any] | None:
    """The form of one step, with what can be chosen."""
    try:
        here, step, _above = graph.place(path) if path else (graph, None, "")
    except KeyError:
        return None
    if step is None or step.kind not in SET:
        return None
    shown = stepping.to_form(step) | dict(values or {})
    who = stepping.people_offered(words)
    if shown["who"] == stepping.PRESENT:
        who = [(stepping.PRESENT, words.who(step)), *who]
    return {"path": path, "title": words.title(step), "kind": step.kind, "asks": step.kind in ASKING, "values": shown, "who": who,
            "needs": stepping.shares_offered(step.needs), "joins": stepping.shares_offered(step.join),
            "inner": [(key, name) for key, (name, _graph) in drafts.insertable(governed).items()] if step.kind == "sub" else [],
            "declared": condition(step.when) if step.when and not step.when.text else "",
            "kinds": [("approve", _("Approve or reject")), ("review", _("Review: agree or return")), ("sign", _("Sign")),
                      ("form", _("Fill in a form"))],
            "forms": [(code, str(title)) for code, title in words.forms.items()],
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
