"""Versions: by which one an action is agreed today, and the graph of each. What the code declares is stored when it is first needed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert as pg_insert

from app.core.workflow.declared import graph_of
from app.core.workflow.graph import Graph, digest
from app.core.workflow.models import Origin, Stage, Workflow, WorkflowVersion
from app.core.workflow.storing import read, written
from app.kernel import clock
from app.kernel.bulk import record_rows
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.manifest import Approval
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign

MOST_KEPT = 500
_graphs: dict[UUID, Graph] = {}


def version_in_force(approval: Approval, action: str) -> UUID:
    """The version by which an action is agreed now: the one that was put in force here, otherwise what the module declares."""
    graph = graph_of(approval, action)
    declared = and_(WorkflowVersion.origin == Origin.DECLARED, WorkflowVersion.graph_hash == digest(graph))
    query = select(WorkflowVersion.id).join(Workflow, and_(
        Workflow.organisation_id == WorkflowVersion.organisation_id, Workflow.id == WorkflowVersion.workflow_id)).where(
        Workflow.approval == approval.key, Workflow.action == action, or_(WorkflowVersion.stage == Stage.ACTIVE, declared))
    found = session().scalar(query.order_by((WorkflowVersion.stage == Stage.ACTIVE).desc()).limit(1))
    return found or _declare(approval, action, graph)


def version_declared(approval: Approval, action: str) -> UUID:
    """The version that the module declares now, whatever was put in force here."""
    return _declare(approval, action, graph_of(approval, action))


def graph_of_version(version_id: UUID) -> Graph:
    """The graph of a version that is or was in force: it never changes, so each process reads it once."""
    known = _graphs.get(version_id)
    if known is None:
        known = read(session().scalars(select(WorkflowVersion.graph).where(WorkflowVersion.id == version_id)).one())
        if len(_graphs) >= MOST_KEPT:
            _graphs.clear()
        _graphs[version_id] = known
    return known


def workflow_of(approval: Approval, action: str) -> UUID:
    """The workflow of an action, made when there is none yet."""
    wanted = select(Workflow.id).where(Workflow.approval == approval.key, Workflow.action == action)
    found = session().scalar(wanted)
    if found is None:
        _add(Workflow(id=new_id(), name=_untranslated(approval.label), approval=approval.key, action=action))
        found = session().scalars(wanted).one()
    return found


def next_number(workflow_id: UUID) -> int:
    """The number of the next version of a workflow."""
    return (session().scalar(select(func.max(WorkflowVersion.number)).where(WorkflowVersion.workflow_id == workflow_id)) or 0) + 1


def given_number(workflow_id: UUID) -> int:
    """The number of a version that is being made: many that are made together, and are not in the database yet, get one each."""
    given: dict[UUID, int] = session().info.setdefault("numbers_of_versions", {})
    given[workflow_id] = max(next_number(workflow_id), given.get(workflow_id, 0) + 1)
    return given[workflow_id]


def _declare(approval: Approval, action: str, graph: Graph) -> UUID:
    """Store what the code declares; two who do it at once keep one. It is the code's, nobody's change: no row in the trail."""
    workflow_id, graph_hash = workflow_of(approval, action), digest(graph)
    _add(WorkflowVersion(id=new_id(), workflow_id=workflow_id, number=next_number(workflow_id), origin=Origin.DECLARED,
                         stage=Stage.RETIRED, graph=written(graph), graph_hash=graph_hash, activated_at=clock.now()))
    return session().scalars(select(WorkflowVersion.id).where(
        WorkflowVersion.workflow_id == workflow_id, WorkflowVersion.origin == Origin.DECLARED,
        WorkflowVersion.graph_hash == graph_hash)).one()


def _add(record: Any) -> None:
    record.organisation_id = current.organisation.id
    assign([record])
    refresh_keys(record)
    names, rows = record_rows([record])
    values = dict(zip(names, next(iter(rows)), strict=True))
    session().execute(pg_insert(type(record)).values(**values).on_conflict_do_nothing().execution_options(audited_otherwise=True))


def _untranslated(label: Any) -> str:
    return str(getattr(label, "_args", (label,))[0])
