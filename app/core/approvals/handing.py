"""Brings what waits in step with who stands in for whom: at once when that changes, and each minute for what begins and ends by itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, or_, select, update

from app.core.approvals import standing
from app.core.approvals.approvers import Directory
from app.core.approvals.models import ApprovalDelegation, ApprovalRequest, ApprovalSeat, Asked, Seat, State
from app.core.approvals.requests import tell
from app.core.approvals.running import deciders_among
from app.core.approvals.seats import seats_of
from app.core.calendar import Absence
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.events import RecordEvent
from app.kernel.registry import registry

PASSED_ON = (Asked.OWN, Asked.GROUP, Asked.ESCALATED, Asked.ADDED)


def keep_up() -> int:
    """Give back what somebody holds no longer by right, hand over what waits for members for whom somebody stands in; gives how many."""
    directory = Directory()
    moved = give_back_where(standing.is_over())
    moved += sum(_renewed(seat, request, directory) for seat, request in _held(directory))
    return moved + sum(hand_over(member_id, directory) for member_id in list(directory.stand_ins))


def absence_changed(fact: RecordEvent) -> None:
    """Somebody is away, or is not after all: what waits follows at once."""
    members = session().scalars(select(Absence.member_id).where(Absence.id.in_(fact.ids)).distinct()).all()
    give_back_where(ApprovalSeat.delegation_id.in_(fact.ids) | _further_by(fact.ids))
    for member_id in members:
        hand_over(member_id)


def hand_over(member_id: UUID, directory: Directory | None = None) -> int:
    """Give whoever stands in for a member what waits for them, and what waits for them in the place of others; gives how many."""
    directory = directory or Directory()
    if not directory.stand_ins.get(member_id):
        return 0
    mine = (ApprovalSeat.member_id == member_id, ApprovalSeat.asked.in_(PASSED_ON))
    moved = sum(_handed_over(seat, request, directory) for seat, request in session().execute(waiting().where(*mine)).all())
    held = waiting().where(ApprovalSeat.member_id == member_id, ApprovalSeat.delegation_id.in_(_passing_on()))
    return moved + sum(_renewed(seat, request, directory) for seat, request in session().execute(held).all())


def give_back(stand_in: UUID) -> int:
    """What waits for somebody by a delegation waits again for whoever it came from."""
    return give_back_where((ApprovalSeat.delegation_id == stand_in) | _further_by([stand_in]))


def give_back_where(criterion: ColumnElement[bool]) -> int:
    """The same for all seats of which this is true; where another stands in by now, it goes there. Gives how many."""
    directory, moved = Directory(), 0
    for seat, request in session().execute(waiting().where(ApprovalSeat.delegation_id.is_not(None), criterion)).all():
        _given_back(seat, request)
        again = _seat_of(seat, request)
        if again is not None:
            _handed_over(again, request, directory)
        tell([request.id])
        moved += 1
    return moved


def waiting() -> Any:
    """Waiting seats of the present round with their open requests, which are locked; those under a decision follow later."""
    return select(ApprovalSeat, ApprovalRequest).join(ApprovalRequest, (
        ApprovalRequest.organisation_id == ApprovalSeat.organisation_id) & (ApprovalRequest.id == ApprovalSeat.request_id)).where(
        ApprovalSeat.state == Seat.WAITING, ApprovalRequest.state == State.OPEN,
        ApprovalSeat.round == ApprovalRequest.round).order_by(ApprovalRequest.id).with_for_update(
        of=ApprovalRequest, skip_locked=True).execution_options(populate_existing=True)


def _held(directory: Directory) -> Iterator[tuple[ApprovalSeat, ApprovalRequest]]:
    """The seats that somebody holds by a delegation with a condition, which may hold no more."""
    ruled = [each.id for found in directory.stand_ins.values() for each in found if each.rule]
    if ruled:
        yield from session().execute(waiting().where(or_(ApprovalSeat.delegation_id.in_(ruled), _further_by(ruled)))).tuples()


def _renewed(seat: ApprovalSeat, request: ApprovalRequest, directory: Directory) -> int:
    """Give a seat back and ask anew who stands in, unless that is who holds it."""
    if seat.for_member_id is None:
        return 0
    chain = standing.in_place_of(directory, request, _record(request), seat.for_member_id, _taken(request, seat, but=seat.member_id))
    if chain and chain[-1].delegate_id == seat.member_id:
        return 0
    _given_back(seat, request)
    again = _seat_of(seat, request)
    if again is not None:
        _handed_over(again, request, directory)
    tell([request.id])
    return 1


def _handed_over(seat: ApprovalSeat, request: ApprovalRequest, directory: Directory) -> int:
    """Give one seat to whoever stands in for its member about this request."""
    chain = standing.in_place_of(directory, request, _record(request), seat.member_id, _taken(request, seat))
    if not chain:
        return 0
    row = {column.name: getattr(seat, column.key) for column in ApprovalSeat.__table__.c}
    seat.state, seat.settled_at = Seat.DELEGATED, clock.now()
    session().flush()
    session().execute(insert(ApprovalSeat), standing.seats(row, chain))
    tell([request.id])
    return 1


def _taken(request: ApprovalRequest, seat: ApprovalSeat, *, but: UUID | None = None) -> set[UUID]:
    """Who cannot have a seat: makers, those who decided before, and those who have a voice at this step already."""
    here = seats_of(request)
    waits = {s.member_id for s in here if s.level == seat.level and s.state == Seat.WAITING and s.id != seat.id}
    return ({UUID(i) for i in request.makers} | deciders_among(here) | waits) - ({but} if but else set())


def _given_back(seat: ApprovalSeat, request: ApprovalRequest) -> None:
    """The seat waits again for the one in whose place somebody sat, who looks on no more."""
    seat.state, seat.settled_at = Seat.SETTLED, clock.now()
    same = (ApprovalSeat.request_id == request.id, ApprovalSeat.round == seat.round, ApprovalSeat.level == seat.level,
            ApprovalSeat.member_id == seat.for_member_id)
    session().flush()
    session().execute(update(ApprovalSeat).where(*same, ApprovalSeat.state == Seat.DELEGATED)
                      .values(state=Seat.WAITING, settled_at=None).execution_options(synchronize_session=False))
    session().execute(update(ApprovalSeat).where(*same, ApprovalSeat.state == Seat.WATCHING,
                                                 ApprovalSeat.delegation_id == seat.delegation_id)
                      .values(settled_at=clock.now()).execution_options(synchronize_session=False))


def _seat_of(seat: ApprovalSeat, request: ApprovalRequest) -> ApprovalSeat | None:
    """The seat that waits again."""
    return session().scalars(select(ApprovalSeat).where(
        ApprovalSeat.request_id == request.id, ApprovalSeat.round == seat.round, ApprovalSeat.level == seat.level,
        ApprovalSeat.member_id == seat.for_member_id, ApprovalSeat.state == Seat.WAITING).execution_options(populate_existing=True)).first()


def _further_by(ids: Iterable[UUID]) -> ColumnElement[bool]:
    return ApprovalSeat.further.overlap(list(ids))  # type: ignore[no-any-return]


def _passing_on() -> Any:
    """What may go further: the delegations that say so, and every absence."""
    given = select(ApprovalDelegation.id).where(ApprovalDelegation.further)
    return given.union_all(select(Absence.id).where(Absence.organisation_id == current.organisation.id))


def _record(request: ApprovalRequest) -> Any:
    return session().get(registry.resource(request.resource).model, (request.organisation_id, request.record_id))
