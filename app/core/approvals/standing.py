"""Who stands in where people are asked: the seat of somebody who delegated, or is away, goes to the one who decides for them, one seat and
one voice. It is passed on where that is allowed: in a chain that is bounded and never comes back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from app.core import access
from app.core.approvals.models import ApprovalDelegation, ApprovalRequest, ApprovalSeat, Asked, Seat
from app.core.calendar import Absence, absences
from app.kernel import clock
from app.kernel.current import current
from app.kernel.records import new_id

if TYPE_CHECKING:
    from app.core.approvals.approvers import Directory

FURTHEST = 5


@dataclass(frozen=True)
class StandIn:
    """Somebody decides in a member's place now: everything, or one kind, up to an amount, where a rule holds; whether it goes `further`."""

    id: UUID
    member_id: UUID
    delegate_id: UUID
    further: bool = False
    resource: str | None = None
    up_to: int | None = None
    currency: str = ""
    rule: str = ""

    @classmethod
    def of_delegation(cls, given: ApprovalDelegation) -> StandIn:
        """By a delegation."""
        return cls(given.id, given.member_id, given.delegate_id, given.further, given.resource, given.up_to, given.currency,
                   given.rule or "")

    @classmethod
    def of_absence(cls, absence: Absence) -> StandIn:
        """By an absence: everything, and whoever covers may be away themselves."""
        if absence.cover_id is None:
            raise ValueError(absence.id)
        return cls(absence.id, absence.member_id, absence.cover_id, further=True)


Chain = tuple[StandIn, ...]


def handed_over(request: ApprovalRequest, record: Any, rows: Sequence[dict[str, Any]], directory: Directory,
                barred: set[UUID]) -> list[dict[str, Any]]:
    """The seats with those of members for whom somebody stands in handed over. `barred`, who made the record or decided before, gets none
    of them."""
    taken = barred | {row["member_id"] for row in rows}
    found: list[dict[str, Any]] = []
    for row in rows:
        chain = in_place_of(directory, request, record, row["member_id"], taken)
        if not chain:
            found.append(row)
        else:
            taken.add(chain[-1].delegate_id)
            found += [{**row, "state": Seat.DELEGATED, "settled_at": clock.now()}, *seats(row, chain)]
    return found


def in_place_of(directory: Directory, request: ApprovalRequest, record: Any, member_id: UUID, taken: set[UUID]) -> Chain:
    """By what somebody else decides this for a member, and for those in between; empty when they decide themselves. `taken` are those who
    cannot, or have a voice already: a chain goes through them, and does not end there."""
    chain: Chain = ()
    best: Chain = ()
    passed, here = {member_id}, member_id
    while len(chain) < FURTHEST and (not chain or chain[-1].further):
        steps = _from(directory, request, record, here, passed)
        if not steps:
            break
        step = next((each for each in steps if each.delegate_id not in taken), steps[0])
        chain, here = (*chain, step), step.delegate_id
        passed.add(here)
        best = chain if here not in taken else best
    return best


def _from(directory: Directory, request: ApprovalRequest, record: Any, member_id: UUID, passed: set[UUID]) -> list[StandIn]:
    """By what others decide this for a member, but for those through whom it came."""
    return [each for each in directory.stand_ins.get(member_id, ())
            if each.delegate_id in directory.members and each.delegate_id not in passed and covers(directory, each, request, record)]


def covers(directory: Directory, stand_in: StandIn, request: ApprovalRequest, record: Any) -> bool:
    """Whether it is about this kind, amount and record; what cannot be compared with its limit is not covered."""
    if stand_in.resource and stand_in.resource != request.resource:
        return False
    if stand_in.rule and (record is None or not access.holds(stand_in.rule, directory.actor(stand_in.member_id), record, {})):
        return False
    if stand_in.up_to is None:
        return True
    most = directory.limits.at_home(stand_in.up_to, stand_in.currency)
    asked = None if request.amount is None else directory.limits.at_home(request.amount, request.currency)
    return most is not None and asked is not None and asked <= most


def ended() -> Any:
    """The ids of what lets nobody stand in now, as a query: delegations that are over or to come, absences likewise."""
    today = clock.today(current.organisation.timezone)
    given = select(ApprovalDelegation.id).where(or_(ApprovalDelegation.ended_at.is_not(None), ApprovalDelegation.ends_on < today,
                                                    ApprovalDelegation.starts_on > today, ApprovalDelegation.archived_at.is_not(None)))
    return given.union_all(absences.over())


def is_over() -> ColumnElement[bool]:
    """The seats that somebody had only for a time which has passed, answered or not."""
    ids = ended().subquery()
    passed_on = ApprovalSeat.further.overlap(func.array(select(ids.c.id).scalar_subquery()))
    return and_(ApprovalSeat.delegation_id.is_not(None), ApprovalSeat.asked == Asked.DELEGATED,
                func.coalesce(or_(ApprovalSeat.delegation_id.in_(select(ids.c.id)), passed_on), false()))


def seats(row: dict[str, Any], chain: Chain) -> list[dict[str, Any]]:
    """The seat of whoever stands in, in place of one, and that of the member, who looks on."""
    fresh = {**row, "state": Seat.WAITING, "snoozed_until": None, "settled_at": None, "asked_at": clock.now()}
    first, further = chain[0], [each.id for each in chain[1:]] or None
    return [{**fresh, "id": new_id(), "member_id": chain[-1].delegate_id, "for_member_id": first.member_id, "asked": Asked.DELEGATED,
             "delegation_id": first.id, "further": further},
            {**fresh, "id": new_id(), "asked": Asked.WATCHING, "state": Seat.WATCHING, "delegation_id": first.id, "further": None}]
