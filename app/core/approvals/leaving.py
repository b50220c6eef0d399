"""Somebody who was asked may come in no more: what waits for them goes to whoever is asked today in their place."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit, workflow
from app.core.approvals import levels, standing
from app.core.approvals.delegations import end_those_to
from app.core.approvals.handing import waiting
from app.core.approvals.models import ASIDE, ApprovalRequest, ApprovalSeat, Asked, Seat, Verb
from app.core.approvals.requests import add_decision, decision_row, tell
from app.core.approvals.rounds import noted
from app.core.approvals.running import Run, added_among, deciders_among, given_among
from app.core.approvals.seats import add_seats, place_of, seat_row
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
            if seat.asked == Asked.OPINION:
                seat.state, seat.settled_at = Seat.SETTLED, clock.now()
            elif seat.asked not in ASIDE:
                _hand_on(request, seat)


def _hand_on(request: ApprovalRequest, seat: ApprovalSeat) -> None:
    """By the step, as if it were asked today; whoever answered already keeps their voice."""
    run = Run(request, _record(request))
    try:
        asked, needs = _asked_today(run, seat)
    except Conflict as error:
        audit.note("approvals.approval_request.escalate", result="refused", resource="approvals.approval_request", record=request,
                   context={"reason": str(error)})
        return
    seat.state, seat.settled_at = Seat.SETTLED, clock.now()
    run.legs[seat.level - 1] = replace(run.legs[seat.level - 1], needs=needs)
    run.keep()
    said = _("%(name)s is no longer here.", name=people([seat.member_id])[seat.member_id])
    with audit.doing("approvals.approval_request.escalate", instead_of=seat.member_id):
        noted(request, Verb.ESCALATE, said)
        session().flush()
    add_seats(asked)
    add_decision(decision_row(request, Verb.ESCALATE, by=current.user.id, reason=said, behalf=seat.member_id, level=seat.level,
                              data={"to": [str(row["member_id"]) for row in asked]}))
    tell([request.id])


def _asked_today(run: Run, seat: ApprovalSeat) -> tuple[list[dict[str, Any]], int]:
    """The seats to add, none while enough others are asked, and how many must agree."""
    added = added_among(run.seats(seat.level))
    if place_of(seat) in added:
        return levels.escalated(run, [seat]), run.legs[seat.level - 1].needs
    here = [each for each in run.seats(seat.level) if each.id != seat.id and each.asked not in ASIDE and place_of(each) not in added]
    voices = given_among(here)
    waits = {place_of(each) for each in here if each.state == Seat.WAITING}
    before = deciders_among(run.seats()) - voices
    barred = {UUID(each) for each in run.request.makers} | before
    chosen = workflow.choose(run.directory, run.step(run.legs[seat.level - 1].path), run.about(), barred)
    if len(waits | voices) >= chosen.needs and waits:
        return [], chosen.needs
    present = added | waits | voices | {each.member_id for each in here if each.state in (Seat.WAITING, Seat.APPROVED)}
    fresh = [seat_row(run.request, member, Asked.ESCALATED, seat.due_at, level=seat.level) for member in chosen.members
             if member not in present]
    return standing.handed_over(run.request, run.record, fresh, run.directory, barred | present), chosen.needs


def _record(request: ApprovalRequest) -> Any:
    model: Any = registry.resource(request.resource).model
    return session().get_one(model, (request.organisation_id, request.record_id))
