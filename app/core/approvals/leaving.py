"""Somebody who was asked may come in no more: what waits for them goes to whoever is asked today in their place."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit
from app.core.approvals import levels, standing
from app.core.approvals.approvers import Directory, choose
from app.core.approvals.delegations import end_those_to, waiting
from app.core.approvals.models import ApprovalRequest, ApprovalSeat, Asked, Seat, Verb
from app.core.approvals.requests import add_decision, add_seats, decision_row, seat_row, tell
from app.core.approvals.rounds import noted
from app.core.approvals.words import people
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict
from app.kernel.events import RecordEvent
from app.kernel.registry import registry


def hand_on(fact: RecordEvent) -> None:
    """Ask others in place of whoever left; delegations to them end, so that what they held goes back."""
    gone = select(Member.id).where(Member.id.in_(fact.ids), ~(Member.active & Member.archived_at.is_(None)))
    for member_id in session().scalars(gone).all():
        end_those_to(member_id)
        for seat, request in session().execute(waiting().where(ApprovalSeat.member_id == member_id)).all():
            if seat.asked != Asked.WATCHING:
                _hand_on(request, seat)


def _hand_on(request: ApprovalRequest, seat: ApprovalSeat) -> None:
    """By the rule of the level, as if it were asked today; whoever answered already keeps their voice."""
    directory, record = Directory(), _record(request)
    try:
        asked, needs = _asked_today(request, record, seat, directory)
    except Conflict as error:
        audit.note("approvals.approval_request.escalate", result="refused", resource="approvals.approval_request", record=request,
                   context={"reason": str(error)})
        return
    seat.state, seat.settled_at = Seat.SETTLED, clock.now()
    steps = [dict(step) for step in request.steps]
    steps[request.level - 1]["needs"] = needs
    request.steps = steps
    said = _("%(name)s is no longer here.", name=people([seat.member_id])[seat.member_id])
    with audit.doing("approvals.approval_request.escalate", instead_of=seat.member_id):
        noted(request, Verb.ESCALATE, said)
        session().flush()
    add_seats(asked)
    add_decision(decision_row(request, Verb.ESCALATE, by=current.user.id, reason=said, behalf=seat.member_id,
                              data={"to": [str(row["member_id"]) for row in asked]}))
    tell([request.id])


def _asked_today(request: ApprovalRequest, record: Any, seat: ApprovalSeat, directory: Directory) -> tuple[list[dict[str, Any]], int]:
    """The seats to add, none while enough others are asked, and how many must agree."""
    approval, step = registry.approvals[request.approval], request.steps[request.level - 1]
    here = [each for each in levels.seats_of(request, level=request.level) if each.id != seat.id]
    voices = levels.given_among(here)
    waits = {_place(each) for each in here if each.state == Seat.WAITING}
    before = levels.deciders_among(levels.seats_of(request, Seat.APPROVED)) - voices
    barred = {UUID(each) for each in request.makers} | before
    chosen = choose(directory, step["rule"], record, requester=request.requested_by, excluded=barred,
                    needs=approval.levels[step["place"]].needs, fallback=approval.fallback)
    if len(waits | voices) >= chosen.needs and waits:
        return [], chosen.needs
    present = waits | voices | {each.member_id for each in here if each.state in (Seat.WAITING, Seat.APPROVED)}
    fresh = [seat_row(request, member, Asked.ESCALATED, seat.due_at) for member in chosen.members if member not in present]
    return standing.handed_over(request, fresh, directory, barred | present), chosen.needs


def _place(seat: ApprovalSeat) -> UUID:
    return seat.for_member_id or seat.member_id


def _record(request: ApprovalRequest) -> Any:
    model: Any = registry.resource(request.resource).model
    return session().get_one(model, (request.organisation_id, request.record_id))
