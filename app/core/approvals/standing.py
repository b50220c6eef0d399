"""Standing delegations where people are asked: the seat of somebody who delegated goes to the delegate, one seat and one voice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import ColumnElement, and_, false, func, or_, select

from app.core.approvals.models import ApprovalDelegation, ApprovalRequest, ApprovalSeat, Asked, Seat
from app.kernel import clock
from app.kernel.current import current
from app.kernel.records import new_id

if TYPE_CHECKING:
    from app.core.approvals.approvers import Directory


def handed_over(request: ApprovalRequest, rows: Sequence[dict[str, Any]], directory: Directory, barred: set[UUID]) -> list[dict[str, Any]]:
    """The seats with those of members who delegated handed over. `barred`, who made the record or decided before, gets none of them."""
    taken = barred | {row["member_id"] for row in rows}
    found: list[dict[str, Any]] = []
    for row in rows:
        delegation = in_place_of(directory, request, row["member_id"], taken)
        if delegation is None:
            found.append(row)
        else:
            taken.add(delegation.delegate_id)
            found += [{**row, "state": Seat.DELEGATED, "settled_at": clock.now()}, *seats(row, delegation)]
    return found


def in_place_of(directory: Directory, request: ApprovalRequest, member_id: UUID, taken: set[UUID]) -> ApprovalDelegation | None:
    """The delegation by which somebody else decides this for a member; `taken` are those who cannot, or have a voice already."""
    return next((each for each in directory.delegations.get(member_id, ())
                 if each.delegate_id in directory.members and each.delegate_id not in taken and covers(directory, each, request)), None)


def covers(directory: Directory, delegation: ApprovalDelegation, request: ApprovalRequest) -> bool:
    """Whether a delegation is about this kind and amount; what cannot be compared with its limit is not covered."""
    if delegation.resource and delegation.resource != request.resource:
        return False
    if delegation.up_to is None:
        return True
    most = directory.limits.at_home(delegation.up_to, delegation.currency)
    asked = None if request.amount is None else directory.limits.at_home(request.amount, request.currency)
    return most is not None and asked is not None and asked <= most


def given_back() -> ColumnElement[bool]:
    """The seats of delegates who had not answered when their delegation ended."""
    over = select(ApprovalDelegation.id).where(or_(ApprovalDelegation.ended_at.is_not(None),
                                                   ApprovalDelegation.ends_on < clock.today(current.organisation.timezone)))
    return and_(ApprovalSeat.state == Seat.SETTLED, func.coalesce(ApprovalSeat.delegation_id.in_(over), false()))


def seats(row: dict[str, Any], delegation: ApprovalDelegation) -> list[dict[str, Any]]:
    """The delegate's seat in place of one, and that of whoever delegated, who looks on."""
    fresh = {**row, "state": Seat.WAITING, "snoozed_until": None, "settled_at": None, "asked_at": clock.now()}
    return [{**fresh, "id": new_id(), "member_id": delegation.delegate_id, "for_member_id": delegation.member_id, "asked": Asked.DELEGATED,
             "delegation_id": delegation.id},
            {**fresh, "id": new_id(), "asked": Asked.WATCHING, "state": Seat.WATCHING, "delegation_id": delegation.id}]
