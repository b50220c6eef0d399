"""From one leg to the next, and back inside the hold window; upwards when the limit has passed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, select, update

from app.core import access, settings
from app.core.approvals import legs, standing
from app.core.approvals.approvers import Directory, above
from app.core.approvals.models import ASIDE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Seat, State, Verb
from app.core.approvals.running import Run, deciders_among
from app.core.approvals.seats import add_seats, place_of, seat_row, seats_of
from app.core.workflow import LAST_RESORTS
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden
from app.kernel.registry import registry


def advance(request: ApprovalRequest, record: Any, seat: ApprovalSeat, outcome: str, decision_id: UUID) -> list[dict[str, Any]]:
    """After `seat` answered: wait for others, ask the next ones (gives the rows of their seats), hold the effect, or end."""
    from app.core.approvals.effects import hold

    run = Run(request, record)
    run.answered(seat, outcome)
    if run.reached_effect:
        hold(request, decision_id)
    return run.rows


def found(request: ApprovalRequest) -> dict[str, Any]:
    """Where a request stands before a decision, so that undoing puts it back."""
    return {"standing": request.standing, "steps": request.steps, "escalations": request.escalations}


def settle_others(request: ApprovalRequest) -> None:
    """Nobody else is needed any more."""
    for seat in seats_of(request, Seat.WAITING):
        seat.state, seat.settled_at = Seat.SETTLED, clock.now()


def put_off(request: ApprovalRequest, record: Any, pause: timedelta) -> None:
    """Move the limits by as long as the clock stood still."""
    run = Run(request, record)
    run.legs = [legs.put_off(leg, pause) for leg in run.legs]
    run.keep()
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
                                          ~standing.is_over())
    if session().scalar(known.limit(1)) is not None:
        return True
    resource = registry.resource(request.resource)
    model: Any = resource.model
    return session().scalar(select(model.id).where(model.id == request.record_id, access.visible(resource, current.user))) is not None


def require_concerned(request: ApprovalRequest, member_id: UUID) -> None:
    """Raises Forbidden for somebody whom the request does not concern."""
    if not is_concerned(request, member_id):
        raise Forbidden(_("You are not asked to decide %(reference)s.", reference=request.record_reference))


def escalated(run: Run, seats: Sequence[ApprovalSeat]) -> list[dict[str, Any]]:
    """Rows of seats for the managers of those who wait at a leg; when there is none, for a named role."""
    excluded = _not_above(run, seats)
    found: dict[UUID, UUID] = {}
    for seat in seats:
        manager = above(run.directory, seat.member_id, excluded)
        if manager is not None:
            found.setdefault(manager, place_of(seat))
    return _instead(run, found, seats) if found else named(run, _named(run.directory, excluded), seats)


def named(run: Run, members: Iterable[UUID], seats: Sequence[ApprovalSeat]) -> list[dict[str, Any]]:
    """Rows of seats for members who are asked in place of those who wait at a leg."""
    excluded = _not_above(run, seats)
    people = [member for member in members if member not in excluded]
    return _instead(run, {member: place_of(seat) for member, seat in zip(people, cycle(seats), strict=False)}, seats)


def _not_above(run: Run, seats: Sequence[ApprovalSeat]) -> set[UUID]:
    """Who is not asked as well: those who may not decide, and those who are asked at this leg already."""
    level = seats[0].level if seats else 0
    present = {seat.member_id for seat in run.seats(level) if seat.state != Seat.SETTLED and seat.asked not in ASIDE}
    makers = {UUID(i) for i in run.request.makers}
    return makers | deciders_among(run.seats()) | present


def _instead(run: Run, found: Mapping[UUID, UUID], seats: Sequence[ApprovalSeat]) -> list[dict[str, Any]]:
    first = seats[0]
    return [seat_row(run.request, member, Asked.ESCALATED, first.due_at, instead, level=first.level) for member, instead in found.items()]


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
    before = last.data.get("found")
    if request.state == State.HELD:
        if request.effect_id is None or not outbox.cancel(request.effect_id):
            raise late
    elif request.state != State.OPEN or clock.now() > last.at + timedelta(seconds=hold_seconds(request.risk)):
        raise late
    if before is None:
        raise late
    request.state, request.effect_id, request.hold_until = State.OPEN, None, None
    request.standing, request.steps, request.escalations = before["standing"], before["steps"], before["escalations"]
    here = {number for number, _leg in legs.open_legs(request)}
    known = sum(leg.state != legs.AHEAD for leg in legs.legs_of(request))
    session().execute(delete(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round,
                                                 ApprovalSeat.level > known).execution_options(synchronize_session=False))
    for seat in seats_of(request, Seat.APPROVED, Seat.SETTLED):
        settled = seat.state == Seat.SETTLED and seat.level in here and seat.settled_at is not None and seat.settled_at >= last.at
        if settled or str(seat.id) == last.data.get("seat"):
            seat.state, seat.settled_at = Seat.WAITING, None
    legs.keep(request, legs.legs_of(request), clock.now())
