"""Raising requests: which records may go on at once, and which wait, with what was shown and who is asked. One record or 16,000."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.core import audit
from app.core.approvals import snapshots, standing, words
from app.core.approvals.approvers import Chosen, Directory, choose
from app.core.approvals.events import ApprovalsAsked
from app.core.approvals.limits import Limits, amount_of, colour_of, levels_of
from app.core.approvals.models import LIVE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Seat, State, Verb
from app.core.approvals.snapshots import Snapshot
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


def intercept(resource: Resource, action: Action | str, records: Sequence[Any], data: Mapping[str, Any] | None = None, *,
              actor: Actor, channel: str) -> dict[UUID, ApprovalRequest | None]:
    """By record id: None where the action may go on at once, otherwise the request that now waits (the one that waits already, if any).

    `records` are in the database. Everything is read once for all of them and written in bulk.
    """
    declared = resource.action(action) if isinstance(action, str) else action
    if declared is None or not declared.approval or not records:
        return {record.id: None for record in records}
    asking = Asking(resource, declared.name, registry.approvals[declared.approval], dict(data or {}), actor, channel)
    limits = Limits()
    needed = {record.id: places for record in records if (places := levels_of(asking.approval, record, limits))}
    waiting = [record for record in records if record.id in needed]
    found: dict[UUID, ApprovalRequest | None] = {record.id: None for record in records}
    if waiting:
        found |= _live(asking, waiting)
        found |= _raise(asking, [r for r in waiting if found[r.id] is None], needed)
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


def _raise(asking: Asking, records: Sequence[Any], needed: Mapping[UUID, list[int]]) -> dict[UUID, ApprovalRequest]:
    if not records:
        return {}
    directory, taken = Directory(), snapshots.take(asking.resource, records)
    said = words.titles(asking.resource, records)
    flags = outliers_of(asking.approval, records)
    made: list[ApprovalRequest] = []
    seats: list[dict[str, Any]] = []
    for record, snapshot, titles in zip(records, taken, said, strict=True):
        request = _request(asking, record, snapshot, titles, needed[record.id], flags.get(record.id, []))
        seats += seat_rows(request, record, directory)
        made.append(request)
    _write(made, seats)
    tell([request.id for request in made])
    return {request.record_id: request for request in made}


def _request(asking: Asking, record: Any, snapshot: Snapshot, titles: tuple[str, str], places: list[int],
             flags: list[dict[str, Any]]) -> ApprovalRequest:
    amount, currency = amount_of(asking.approval, record)
    now = clock.now()
    return ApprovalRequest(
        id=new_id(), organisation_id=current.organisation.id, title=titles[0], subtitle=titles[1], state=State.OPEN,
        risk=colour_of(asking.approval, record, places), amount=amount, currency=currency, department_id=_department(record),
        due_at=now, escalate_at=now, last_verb=Verb.REQUEST, last_by=asking.actor.id, resource=asking.resource.key, record_id=record.id,
        record_reference=record.reference, action=asking.action, approval=asking.approval.key, data=plain(asking.data),
        channel=asking.channel,
        requested_by=asking.actor.id, makers=makers_of(record, asking.actor.id), snapshot=snapshot.text, snapshot_hash=snapshot.hash,
        steps=[_step(asking.approval, place) for place in places], level=1, round=1, flags=flags)


def _step(approval: Approval, place: int) -> dict[str, Any]:
    level = approval.levels[place]
    return {"place": place, "rule": level.approvers, "needs": level.needs, "hours": level.hours}


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


def seat_rows(request: ApprovalRequest, record: Any, directory: Directory, decided: Iterable[UUID] = ()) -> list[dict[str, Any]]:
    """Ask the people of the request's present level, those who made it or decided before left out; its limit starts now."""
    approval = registry.approvals[request.approval]
    steps = [dict(step) for step in request.steps]
    step = steps[request.level - 1]
    excluded = {UUID(i) for i in request.makers} | set(decided)
    chosen = choose(directory, step["rule"], record, requester=request.requested_by, excluded=excluded,
                    needs=approval.levels[step["place"]].needs, fallback=approval.fallback)
    step["needs"] = chosen.needs
    request.steps = steps
    request.due_at = request.escalate_at = clock.now() + timedelta(hours=step["hours"])
    request.escalations = 0
    return standing.handed_over(request, [_seat(request, member_id, chosen) for member_id in chosen.members], directory, excluded)


def _seat(request: ApprovalRequest, member_id: UUID, chosen: Chosen) -> dict[str, Any]:
    return seat_row(request, member_id, chosen.asked, request.due_at)


def seat_row(request: ApprovalRequest, member_id: UUID, asked: Any, due_at: datetime, for_member: UUID | None = None) -> dict[str, Any]:
    """One waiting seat, as a row."""
    return {"organisation_id": request.organisation_id, "id": new_id(), "request_id": request.id, "member_id": member_id,
            "for_member_id": for_member, "delegation_id": None, "level": request.level, "round": request.round, "asked": asked,
            "state": Seat.WAITING, "due_at": due_at, "snoozed_until": None, "asked_at": clock.now(), "settled_at": None}


def decision_row(request: ApprovalRequest, verb: Verb, *, by: UUID, reason: str = "", shown: str = "", key: str = "",
                 behalf: UUID | None = None, data: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """One line of a request's story, as a row."""
    made = new_id()
    return {"organisation_id": request.organisation_id, "id": made, "request_id": request.id, "round": request.round,
            "level": request.level,
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


def add_seats(rows: Sequence[dict[str, Any]]) -> None:
    """Write the seats of one request."""
    if rows:
        session().execute(insert(ApprovalSeat), list(rows))


def add_decision(row: dict[str, Any]) -> UUID:
    """Write one line of a request's story."""
    session().execute(insert(ApprovalDecision), [row])
    made: UUID = row["id"]
    return made


def tell(ids: Sequence[UUID]) -> None:
    """Say after the commit that people are asked, in portions."""
    for start in range(0, len(ids), PORTION):
        publish(ApprovalsAsked(tuple(ids[start:start + PORTION])))
