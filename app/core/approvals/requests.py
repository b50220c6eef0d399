"""Raising requests: which records may go on at once, and which wait, with what was shown and who is asked. One record or 16,000."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.core import audit, workflow
from app.core.approvals import snapshots, words
from app.core.approvals.approvers import Directory
from app.core.approvals.events import ApprovalsAsked
from app.core.approvals.judging import Judge
from app.core.approvals.limits import amount_of
from app.core.approvals.models import LIVE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Colour, State, Verb
from app.core.approvals.running import Run, passes
from app.core.approvals.snapshots import Snapshot
from app.core.workflow import Graph
from app.kernel import clock
from app.kernel.bulk import MANY, copy_records, record_rows, write_rows
from app.kernel.current import SYSTEM_ID, Actor, current
from app.kernel.db import session
from app.kernel.events import publish
from app.kernel.fields import fields_of
from app.kernel.manifest import Action, Approval, Resource
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry

PORTION = 500


@dataclass(frozen=True)
class Asking:
    """What is being asked, by whom, by which way."""

    resource: Resource
    action: str
    approval: Approval
    data: Mapping[str, Any]
    actor: Actor
    channel: str


@dataclass(frozen=True)
class Course:
    """By which version it is agreed, with what is read once for all records."""

    version_id: UUID
    graph: Graph
    directory: Directory
    judge: Judge


def intercept(resource: Resource, action: Action | str, records: Sequence[Any], data: Mapping[str, Any] | None = None, *,
              actor: Actor, channel: str) -> dict[UUID, ApprovalRequest | None]:
    """By record id: None where the action may go on at once, otherwise the request that now waits (the one that waits already, if any).

    `records` are in the database. Everything is read once for all of them and written in bulk.
    """
    declared = resource.action(action) if isinstance(action, str) else action
    if declared is None or not declared.approval or not records:
        return {record.id: None for record in records}
    alike: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        alike[registry.approval_of(declared, record).key].append(record)
    found: dict[UUID, ApprovalRequest | None] = {}
    for key, some in alike.items():
        found |= _intercept(Asking(resource, declared.name, registry.approvals[key], dict(data or {}), actor, channel), some)
    return found


def _intercept(asking: Asking, records: Sequence[Any]) -> dict[UUID, ApprovalRequest | None]:
    """The same for records that are agreed by one approval."""
    version_id = workflow.version_in_force(asking.approval, asking.action)
    directory, graph = Directory(), workflow.graph_of_version(version_id)
    judge = Judge(asking.approval, directory.limits, asking.actor.id, actor=asking.actor)
    waiting = [record for record in records if not passes(graph, judge.of(record))]
    found: dict[UUID, ApprovalRequest | None] = {record.id: None for record in records}
    if waiting:
        found |= _live(asking, waiting)
        found |= _raise(asking, [r for r in waiting if found[r.id] is None], Course(version_id, graph, directory, judge))
    return found


def _live(asking: Asking, records: Sequence[Any]) -> dict[UUID, ApprovalRequest]:
    """Requests that wait already. One that was returned goes to the approvers again."""
    from app.core.approvals.rounds import resubmit

    query = select(ApprovalRequest).where(ApprovalRequest.resource == asking.resource.key, ApprovalRequest.action == asking.action,
                                          ApprovalRequest.state.in_(LIVE), ApprovalRequest.record_id.in_([r.id for r in records]))
    known = {request.record_id: request for request in session().scalars(query)}
    for record in records:
        request = known.get(record.id)
        if request is not None and request.state == State.RETURNED:
            resubmit(request, record, actor=asking.actor, data=asking.data)
    return known


def _raise(asking: Asking, records: Sequence[Any], course: Course) -> dict[UUID, ApprovalRequest]:
    if not records:
        return {}
    taken, said = snapshots.take(asking.resource, records), words.titles(asking.resource, records)
    flags = outliers_of(asking.approval, records)
    made: list[ApprovalRequest] = []
    seats: list[dict[str, Any]] = []
    for record, snapshot, titles in zip(records, taken, said, strict=True):
        request = _request(asking, record, snapshot, titles, flags.get(record.id, []))
        request.version_id = course.version_id
        run = Run(request, record, directory=course.directory, judge=course.judge, graph=course.graph)
        run.begin()
        seats += run.rows
        made.append(request)
    _write(made, seats)
    tell([request.id for request in made])
    return {request.record_id: request for request in made}


def _request(asking: Asking, record: Any, snapshot: Snapshot, titles: tuple[str, str], flags: list[dict[str, Any]]) -> ApprovalRequest:
    amount, currency = amount_of(asking.approval, record)
    now = clock.now()
    return ApprovalRequest(
        id=new_id(), organisation_id=current.organisation.id, title=titles[0], subtitle=titles[1], state=State.OPEN,
        risk=Colour.RED, amount=amount, currency=currency, department_id=_department(record),
        due_at=now, escalate_at=None, last_verb=Verb.REQUEST, last_by=asking.actor.id, resource=asking.resource.key, record_id=record.id,
        record_reference=record.reference, action=asking.action, approval=asking.approval.key, data=plain(asking.data),
        channel=asking.channel,
        requested_by=asking.actor.id, makers=makers_of(record, asking.actor.id), snapshot=snapshot.text, snapshot_hash=snapshot.hash,
        steps=[], standing={}, level=1, round=1, escalations=0, flags=flags)


def _department(record: Any) -> UUID | None:
    described = fields_of(type(record)).get("department")
    return described.value(record) if described is not None and described.reference == "department" else None


def makers_of(record: Any, *more: UUID) -> list[str]:
    """Who made, imported or last changed a record, or asks for it: none of them ever decides it."""
    ids = {record.created_by, record.updated_by, *more} - {None, SYSTEM_ID}
    return sorted(str(i) for i in ids)


def plain(data: Mapping[str, Any]) -> dict[str, Any]:
    """What was sent with the action, as JSON that the door reads back the same."""
    return {key: value if isinstance(value, (bool, int, float, list, dict)) or value is None else str(value) for key, value in data.items()}


def outliers_of(approval: Approval, records: Sequence[Any]) -> dict[UUID, list[dict[str, Any]]]:
    """By record id, why a record deserves a look, to be said in each reader's language; by the approval's own rule."""
    if approval.outliers is None:
        return {}
    said = approval.outliers(records)
    return {getattr(key, "id", key): [sentence.kept for sentence in sentences] for key, sentences in said.items() if sentences}


def decision_row(request: ApprovalRequest, verb: Verb, *, by: UUID, reason: str = "", shown: str = "", key: str = "",
                 behalf: UUID | None = None, data: Mapping[str, Any] | None = None, level: int = 0) -> dict[str, Any]:
    """One line of a request's story, about its present leg if none is said, as a row."""
    made = new_id()
    return {"organisation_id": request.organisation_id, "id": made, "request_id": request.id, "round": request.round,
            "level": level or request.level,
            "verb": verb, "reason": reason, "shown_hash": shown or request.snapshot_hash, "by_id": by, "on_behalf_of": behalf,
            "channel": current.channel, "key": key or str(made), "at": clock.now(), "data": dict(data or {})}


def _write(made: list[ApprovalRequest], seats: list[dict[str, Any]]) -> None:
    assign(made)
    if len(made) > MANY:
        record_rows(made)
        copy_records(made)
        audit.record_created(made)
    else:
        session().add_all(made)
        session().flush()
    write_rows(ApprovalSeat.__table__, seats)
    write_rows(ApprovalDecision.__table__, [decision_row(r, Verb.REQUEST, by=r.requested_by) for r in made])


def add_decision(row: dict[str, Any]) -> UUID:
    """Write one line of a request's story."""
    session().execute(insert(ApprovalDecision), [row])
    made: UUID = row["id"]
    return made


def tell(ids: Sequence[UUID], *, only: Sequence[UUID] = ()) -> None:
    """Say after the commit that people are asked, in portions; `only` these, where the others know it."""
    for start in range(0, len(ids), PORTION):
        publish(ApprovalsAsked(tuple(ids[start:start + PORTION]), tuple(only)))
