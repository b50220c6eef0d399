"""Seats: reading those of a request, and writing new ones."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select

from app.core.approvals.models import ApprovalRequest, ApprovalSeat, Seat
from app.kernel import clock
from app.kernel.db import session
from app.kernel.records import new_id


def seats_of(request: ApprovalRequest, *states: Seat, level: int | None = None) -> list[ApprovalSeat]:
    """The seats of the present round, those of one leg if asked."""
    query = select(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round)
    if states:
        query = query.where(ApprovalSeat.state.in_(states))
    if level is not None:
        query = query.where(ApprovalSeat.level == level)
    return list(session().scalars(query.order_by(ApprovalSeat.level, ApprovalSeat.asked_at, ApprovalSeat.id)))


def place_of(seat: ApprovalSeat) -> UUID:
    """In whose place somebody sits: their own, if no other's."""
    return seat.for_member_id or seat.member_id


def seat_row(request: ApprovalRequest, member_id: UUID, asked: Any, due_at: datetime, for_member: UUID | None = None, *,
             level: int = 0) -> dict[str, Any]:
    """One waiting seat at a leg, the present one if none is said, as a row."""
    return {"organisation_id": request.organisation_id, "id": new_id(), "request_id": request.id, "member_id": member_id,
            "for_member_id": for_member, "delegation_id": None, "further": None, "level": level or request.level,
            "round": request.round, "asked": asked, "state": Seat.WAITING, "due_at": due_at, "snoozed_until": None,
            "asked_at": clock.now(), "settled_at": None}


def add_seats(rows: Sequence[dict[str, Any]]) -> None:
    """Write the seats of one request."""
    if rows:
        session().execute(insert(ApprovalSeat), list(rows))
