"""Versions that are made here: a draft is changed until it is put in force; from then on it stays as it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.core import forms
from app.core.workflow import editing, versions
from app.core.workflow.checking import Flaw, flaws
from app.core.workflow.deciders import About, found
from app.core.workflow.declared import graph_of
from app.core.workflow.directory import Directory
from app.core.workflow.graph import ASKING, Graph, Step, digest
from app.core.workflow.meaning import understood
from app.core.workflow.models import Stage, Workflow, WorkflowVersion
from app.core.workflow.storing import Malformed, read, written
from app.core.workflow.versions import given_number, graph_of_version, version_in_force
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid
from app.kernel.manifest import Action, Approval, Resource
from app.kernel.registry import registry

NOBODY = UUID(int=0)
MOST_PAST = 30


def complete(version: WorkflowVersion) -> None:
    """A new version begins as the one in force; so does a draft that becomes one of another workflow."""
    if version.graph is not None and not inspect(version).attrs.workflow_id.history.deleted:
        return
    with session().no_autoflush:  # it is not whole yet
        workflow = workflow_of(version)
        graph = graph_of_version(version_in_force(registry.approvals[workflow.approval], workflow.action))
        version.number, version.graph, version.graph_hash = given_number(workflow.id), written(graph), digest(graph)
        version.past = []


def changeable(version: Any) -> bool | str:
    """A version that is or was in force stays as it is."""
    if version.stage in (None, Stage.DRAFT):
        return True
    return _("This version is or was in force and stays as it is. Make a new one from it.")


def redraw(version: WorkflowVersion, *, graph: str) -> WorkflowVersion:
    """Change the steps of a draft to those of some JSON. Raises Invalid, naming the place that cannot be read."""
    try:
        wanted = read(json.loads(graph))
    except (Malformed, ValueError) as error:
        place = str(error) if isinstance(error, Malformed) else ""
        raise Invalid({"graph": [_("This cannot be read as steps: %(place)s", place=place or "JSON")]}) from None
    return write(version, wanted)


def consequences(version: WorkflowVersion) -> list[str]:
    """What putting it in force, or taking it out, means."""
    workflow = workflow_of(version)
    if version.stage == Stage.ACTIVE:
        return [_("New requests of “%(name)s” go by what the module declares again.", name=workflow.name)]
    return [_("New requests of “%(name)s” go by version %(number)d; those under way stay on theirs.", name=workflow.name,
              number=version.number)]


def write(version: WorkflowVersion, graph: Graph) -> WorkflowVersion:
    """Change a draft. Its conditions are understood now. Raises Conflict for a version that is or was in force, Invalid for a condition."""
    if (reason := changeable(version)) is not True:
        raise Conflict(reason)
    meant = understood(graph, concerned(workflow_of(version)).key)
    version.past = _past(version, written(meant))
    version.graph, version.graph_hash = written(meant), digest(meant)
    return version


def before(version: WorkflowVersion) -> Graph | None:
    """The graph that a draft had before its last change; None where there is none."""
    return read(version.past[-1]) if version.past else None


def _past(version: WorkflowVersion, wanted: dict[str, Any]) -> list[dict[str, Any]]:
    """What a change leaves behind it: going back to the last graph takes that one away instead."""
    past = list(version.past or ())
    if wanted == version.graph:
        return past
    return past[:-1] if past and past[-1] == wanted else [*past, version.graph][-MOST_PAST:]


def activate(version: WorkflowVersion) -> WorkflowVersion:
    """Put a draft in force: new requests go by it, those under way go on as they began. Raises Invalid for a graph that is not sound."""
    workflow, graph = workflow_of(version), read(version.graph)
    wrong = faults(workflow, graph)
    if wrong:
        raise Invalid({"graph": [f"{flaw.path}: {flaw.sentence}" if flaw.path else flaw.sentence for flaw in wrong]})
    session().execute(select(Workflow.id).where(Workflow.id == workflow.id).with_for_update())
    for present in session().scalars(select(WorkflowVersion).where(WorkflowVersion.workflow_id == workflow.id,
                                                                   WorkflowVersion.stage == Stage.ACTIVE)):
        present.stage = Stage.RETIRED
    session().flush()
    version.stage, version.activated_at, version.past = Stage.ACTIVE, clock.now(), []
    return version


def retire(version: WorkflowVersion) -> WorkflowVersion:
    """Take a version out of force: new requests go by what the module declares."""
    version.stage = Stage.RETIRED
    return version


def is_draft(version: Any) -> bool | str:
    """Whether it can be put in force."""
    return True if version.stage == Stage.DRAFT else _("Only a draft can be put in force.")


def is_active(version: Any) -> bool | str:
    """Whether new requests go by it."""
    return True if version.stage == Stage.ACTIVE else _("This version is not in force.")


def faults(workflow: Workflow, graph: Graph) -> list[Flaw]:
    """All that keeps a graph from being put in force: what is wrong with it, steps that ask nobody today, what is not of its action."""
    directory = Directory()
    wrong = flaws(graph, resolves=lambda step: _somebody(directory, step))
    known = forms.titles()
    effects = {step.effect for _path, step in graph.every() if step.kind == "effect"}
    if effects - {workflow.action}:
        wrong.append(Flaw("", "empty", "effect"))
    return wrong + [Flaw(path, "no_form", step.form) for path, step in graph.every()
                    if step.kind == "form" and step.form and step.form not in known]


def workflow_of(version: WorkflowVersion) -> Workflow:
    """The workflow of a version."""
    return session().scalars(select(Workflow).where(Workflow.id == version.workflow_id)).one()


def concerned(workflow: Workflow) -> Resource:
    """The kind of record that a workflow is about."""
    return governed_by(workflow).resource


def governed_by(workflow: Workflow) -> Governed:
    """What a workflow is about."""
    return next(each for each in governed() if (each.approval.key, each.action.name) == (workflow.approval, workflow.action))


@dataclass(frozen=True)
class Governed:
    """An action of a kind of record that is agreed by a workflow."""

    resource: Resource
    action: Action
    approval: Approval

    @property
    def name(self) -> str:
        """Its name in addresses: that of the action, and the value that it goes by."""
        return f"{self.action.name}.{self.approval.key.rpartition('.')[2]}" if self.action.approval_by else self.action.name

    @property
    def about(self) -> str:
        """“Payment · Release”."""
        return f"{self.resource.label} · {self.action.label or self.action.name}"


def insertable(about: Governed) -> dict[str, tuple[str, Graph]]:
    """The workflows that can stand inside one, as they are today: those about the same kind of record; name and steps by approval."""
    found = {}
    for each in governed():
        if each.resource.key != about.resource.key or each.approval.key == about.approval.key:
            continue
        graph = session().scalars(select(WorkflowVersion.graph).join(Workflow, Workflow.id == WorkflowVersion.workflow_id).where(
            Workflow.approval == each.approval.key, Workflow.action == each.action.name, WorkflowVersion.stage == Stage.ACTIVE)).first()
        inner = editing.inner(read(graph) if graph else graph_of(each.approval, each.action.name))
        if inner is not None:
            found[each.approval.key] = (str(each.approval.label), inner)
    return found


def make_workflows() -> None:
    """Make the workflow of every action that has none here yet."""
    for each in governed():
        versions.workflow_of(each.approval, each.action.name)


def governed() -> list[Governed]:
    """Every action that is agreed by a workflow, once for each workflow that it has."""
    return [Governed(resource, action, approval) for resource in registry for action in resource.actions
            for approval in registry.approvals_of(resource, action)]


def _somebody(directory: Directory, step: Step) -> bool:
    """Whether anybody is found for a step: what depends on the record or on who asks is not known before, the fallback is."""
    if step.kind not in ASKING or any(each.by not in ("role", "group", "rota", "member") for each in step.deciders):
        return True
    return bool(found(directory, step.deciders, About(None, NOBODY), set()))

