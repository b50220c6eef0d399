"""Versions that are made here: a draft is changed until it is put in force; from then on it stays as it is."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.workflow.checking import Flaw, flaws
from app.core.workflow.deciders import About, found
from app.core.workflow.directory import Directory
from app.core.workflow.graph import ASKING, Condition, Graph, Step, digest
from app.core.workflow.models import Stage, Workflow, WorkflowVersion
from app.core.workflow.storing import Malformed, read, written
from app.core.workflow.versions import graph_of_version, next_number, version_in_force
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid
from app.kernel.manifest import Action, Resource
from app.kernel.registry import registry

PEOPLE, NOBODY = "people.member", UUID(int=0)


def complete(version: WorkflowVersion) -> None:
    """A new version begins as the one in force."""
    if version.graph is not None:
        return
    with session().no_autoflush:  # it is not whole yet
        workflow = workflow_of(version)
        graph = graph_of_version(version_in_force(registry.approvals[workflow.approval], workflow.action))
        version.number, version.graph, version.graph_hash = next_number(workflow.id), written(graph), digest(graph)


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
    version.graph, version.graph_hash = written(meant), digest(meant)
    return version


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
    version.stage, version.activated_at = Stage.ACTIVE, clock.now()
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
    effects = {step.effect for _path, step in graph.every() if step.kind == "effect"}
    if effects - {workflow.action}:
        wrong.append(Flaw("", "empty", "effect"))
    return wrong + [Flaw(path, "unbuilt") for path, step in graph.every() if step.kind == "form"]


def workflow_of(version: WorkflowVersion) -> Workflow:
    """The workflow of a version."""
    return session().scalars(select(Workflow).where(Workflow.id == version.workflow_id)).one()


def concerned(workflow: Workflow) -> Resource:
    """The kind of record that a workflow is about."""
    return next(resource for resource, action in governed() if (action.approval, action.name) == (workflow.approval, workflow.action))


def governed() -> list[tuple[Resource, Action]]:
    """Every action that is agreed by a workflow, with its resource."""
    return [(resource, action) for resource in registry for action in resource.actions if action.approval]


def understood(graph: Graph, resource: str) -> Graph:
    """The graph with each written condition's rule beside it. Raises Invalid, naming the step."""
    return replace(graph, steps={key: _step(step, resource) for key, step in graph.steps.items()})


def _step(step: Step, resource: str) -> Step:
    try:
        return replace(
            step, when=_condition(step.when, resource), ways=tuple(replace(way, when=_condition(way.when, resource)) for way in step.ways),
            deciders=tuple(replace(each, condition=_condition(each.condition, PEOPLE)) for each in step.deciders),
            branches=tuple(replace(each, when=_condition(each.when, resource), graph=understood(each.graph, resource))
                           for each in step.branches),
            graph=understood(step.graph, resource) if step.graph else None)
    except Invalid as error:
        sentences = [str(sentence) for found in error.errors.values() for sentence in found]
        raise Invalid({step.key: sentences}) from error


def _condition(condition: Condition | None, resource: str) -> Condition | None:
    if condition is None or not condition.text:
        return condition
    return replace(condition, rule=access.understood(condition.text, resource))


def _somebody(directory: Directory, step: Step) -> bool:
    """Whether anybody is found for a step: what depends on the record or on who asks is not known before, the fallback is."""
    if step.kind not in ASKING or any(each.by not in ("role", "group", "rota", "member") for each in step.deciders):
        return True
    return bool(found(directory, step.deciders, About(None, NOBODY), set()))

