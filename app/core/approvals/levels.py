"""From one level to the next, and back inside the hold window; upwards when the limit has passed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, func, select, update

from app.core import access, settings
from app.core.approvals import standing
from app.core.approvals.approvers import Directory, above
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Seat, State, Verb
from app.core.approvals.requests import add_seats, seat_row, seat_rows
from app.core.workflow import LAST_RESORTS
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden
from app.kernel.registry import registry


def seats_of(request: ApprovalRequest, *states: Seat, level: int | None = None) -> list[ApprovalSeat]:
    """The seats of the present round, those of one level if asked."""
    query = select(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round)
    if states:
        query = query.where(ApprovalSeat.state.in_(states))
    if level is not None:
        query = query.where(ApprovalSeat.level == level)
    return list(session().scalars(query.order_by(ApprovalSeat.level, ApprovalSeat.asked_at, ApprovalSeat.id)))


def deciders(request: ApprovalRequest) -> set[UUID]:
    """Who has approved in this round, and in whose place: none of them decides a further level."""
    return deciders_among(seats_of(request, Seat.APPROVED))


def deciders_among(seats: Iterable[ApprovalSeat]) -> set[UUID]:
    """Of these seats, who has approved, and in whose place."""
    approved = [seat for seat in seats if seat.state == Seat.APPROVED]
    return {member for seat in approved for member in (seat.member_id, seat.for_member_id) if member}


def advance(request: ApprovalRequest, record: Any, seat: ApprovalSeat, decision_id: UUID) -> list[dict[str, Any]]:
    """After `seat` approved: wait for others of this level, ask the next one (gives the rows of its seats), or hold the effect."""
    from app.core.approvals.effects import hold

    if len(given(request) | {_place(seat)}) < request.steps[request.level - 1]["needs"]:
        settle_others(request, seat, of_place=_place(seat))
        return []
    settle_others(request, seat)
    request.paused_at = None
    if request.level >= len(request.steps):
        hold(request, decision_id)
        return []
    request.level += 1
    return seat_rows(request, record, Directory(), deciders(request) | {seat.member_id, seat.for_member_id or seat.member_id})


def given(request: ApprovalRequest) -> set[UUID]:
    """In whose places somebody has approved at the present level: a person and whoever stands in for them count once."""
    return given_among(seats_of(request, level=request.level))


def given_among(seats: Iterable[ApprovalSeat]) -> set[UUID]:
    """The same of seats at hand."""
    return {_place(seat) for seat in seats if seat.state == Seat.APPROVED}


def _place(seat: ApprovalSeat) -> UUID:
    return seat.for_member_id or seat.member_id


def settle_others(request: ApprovalRequest, but: ApprovalSeat | None = None, *, of_place: UUID | None = None) -> None:
    """Nobody else of this level is needed any more, or nobody else in one person's place."""
    query = update(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round,
                                       ApprovalSeat.level == request.level, ApprovalSeat.state == Seat.WAITING)
    if but is not None:
        query = query.where(ApprovalSeat.id != but.id)
    if of_place is not None:
        query = query.where(func.coalesce(ApprovalSeat.for_member_id, ApprovalSeat.member_id) == of_place)
    session().execute(query.values(state=Seat.SETTLED, settled_at=clock.now()).execution_options(synchronize_session=False))


def put_off(request: ApprovalRequest, pause: timedelta) -> None:
    """Move the limits by as long as the clock stood still."""
    request.due_at += pause
    request.escalate_at += pause
    session().execute(update(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.state == Seat.WAITING)
                      .values(due_at=ApprovalSeat.due_at + pause).execution_options(synchronize_session=False))


def watch(request: ApprovalRequest, member_id: UUID) -> None:
    """Let somebody follow a request that is no longer theirs to decide."""
    known = select(ApprovalSeat.id).where(ApprovalSeat.request_id == request.id, ApprovalSeat.member_id == member_id,
                                          ApprovalSeat.state == Seat.WATCHING)
    if session().scalar(known.limit(1)) is None:
        add_seats([{**seat_row(request, member_id, Asked.WATCHING, request.due_at), "state": Seat.WATCHING}])


def is_concerned(request: ApprovalRequest, member_id: UUID) -> bool:
    """Whether somebody asked for it, is or was asked, follows it, or may see its record."""
    if str(member_id) in request.makers or request.requested_by == member_id:
        return True
    known = select(ApprovalSeat.id).where(ApprovalSeat.request_id == request.id, ApprovalSeat.member_id == member_id,
                                          ~standing.given_back())
    if session().scalar(known.limit(1)) is not None:
        return True
    resource = registry.resource(request.resource)
    model: Any = resource.model
    return session().scalar(select(model.id).where(model.id == request.record_id, access.visible(resource, current.user))) is not None


def require_concerned(request: ApprovalRequest, member_id: UUID) -> None:
    """Raises Forbidden for somebody whom the request does not concern."""
    if not is_concerned(request, member_id):
        raise Forbidden(_("You are not asked to decide %(reference)s.", reference=request.record_reference))


def escalated(request: ApprovalRequest, seats: Sequence[ApprovalSeat]) -> list[dict[str, Any]]:
    """Rows of seats for the managers of those who wait; when there is none, for a named role."""
    directory = Directory()
    present = {seat.member_id for seat in seats_of(request) if seat.level == request.level and seat.state != Seat.SETTLED}
    excluded = {UUID(i) for i in request.makers} | deciders(request) | present
    found: dict[UUID, UUID] = {}
    for seat in seats:
        manager = above(directory, seat.member_id, excluded)
        if manager is not None:
            found.setdefault(manager, _place(seat))
    if not found and seats:
        found = {member: _place(seat) for member, seat in zip(_named(directory, excluded), cycle(seats), strict=False)}
    return [seat_row(request, manager, Asked.ESCALATED, request.due_at, instead) for manager, instead in found.items()]


def _named(directory: Directory, excluded: set[UUID]) -> Iterable[UUID]:
    for role in (str(settings.get("approvals.escalation_role")), *LAST_RESORTS):
        people = [m for m in directory.roles.get(role, ()) if m not in excluded]
        if people:
            return people
    return []


def last_approval(request: ApprovalRequest) -> ApprovalDecision | None:
    """The approval that nobody has acted upon since."""
    turning = (Verb.APPROVE, Verb.RETURN, Verb.REJECT, Verb.DELEGATE, Verb.VOID, Verb.WITHDRAW, Verb.UNDO, Verb.EFFECT, Verb.REQUEST)
    last = session().scalars(select(ApprovalDecision).where(ApprovalDecision.request_id == request.id, ApprovalDecision.verb.in_(turning))
                             .order_by(ApprovalDecision.at.desc(), ApprovalDecision.id.desc()).limit(1)).first()
    return last if last is not None and last.verb == Verb.APPROVE and last.round == request.round else None


def take_back(request: ApprovalRequest, last: ApprovalDecision) -> None:
    """Undo an approval inside its window. Raises Conflict afterwards, saying what can be done instead."""
    from app.core.approvals.effects import hold_seconds

    late = Conflict(_("It is too late to undo: %(reference)s has taken effect. Amend it with a new request.",
                      reference=request.record_reference))
    if request.state == State.HELD:
        if request.effect_id is None or not outbox.cancel(request.effect_id):
            raise late
    elif request.state != State.OPEN or clock.now() > last.at + timedelta(seconds=hold_seconds(request.risk)):
        raise late
    if request.level > last.level:
        session().execute(delete(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round,
                                                     ApprovalSeat.level > last.level).execution_options(synchronize_session=False))
    seats = seats_of(request, Seat.APPROVED, Seat.SETTLED, level=last.level)
    for seat in seats:
        if seat.state == Seat.SETTLED or str(seat.id) == last.data.get("seat"):
            seat.state, seat.settled_at = Seat.WAITING, None
    request.state, request.level, request.effect_id, request.hold_until = State.OPEN, last.level, None, None
    request.due_at = seats[0].due_at if seats else request.due_at
    request.escalate_at = max(request.escalate_at, request.due_at)
