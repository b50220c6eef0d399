"""What only informs: what was decided of one's own, what one follows, steps that somebody else took over. It is put away when seen."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import Select, select, update

from app.core import notifications
from app.core.approvals import guards
from app.core.approvals.models import LIVE, ApprovalRequest, ApprovalSeat, Asked, Seat, State, Verb
from app.core.approvals.queue import NEWS
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict

ENDS = frozenset({Verb.RETURN, Verb.REJECT, Verb.EFFECT, Verb.VOID, Verb.WITHDRAW})
TAKES_OVER = frozenset({Verb.APPROVE, Verb.RETURN, Verb.REJECT})
IN_PERSON = (Asked.OWN, Asked.DELEGATED, Asked.ESCALATED, Asked.ADDED)


def is_news(request: ApprovalRequest) -> bool:
    """Whether the reader has something about this request to put away."""
    if request.requested_by == current.user.id and request.state in LIVE:
        return False
    told = notifications.unread_about(current.user.id, NEWS).where(notifications.Notification.record_id == request.id)
    return session().scalar(told.limit(1)) is not None or (request.state in LIVE and session().scalar(_following(request)) is not None)


def put_away(request: ApprovalRequest) -> None:
    """The reader has seen it: what they were told is read, and they follow it no more. Raises Conflict for what needs them."""
    if request.requested_by == current.user.id and request.state in LIVE:
        raise Conflict(_("%(reference)s is still under way; it stays until it is decided.", reference=request.record_reference))
    if request.state == State.OPEN and guards.seat_of(request, current.user.id) is not None:
        raise Conflict(_("%(reference)s waits for your decision.", reference=request.record_reference))
    notifications.read_about(current.user.id, request.id)
    session().execute(update(ApprovalSeat).where(ApprovalSeat.id.in_(_following(request)))
                      .values(settled_at=clock.now()).execution_options(synchronize_session=False))


def readers(request: ApprovalRequest, verb: Verb, by: UUID) -> Iterator[tuple[UUID, str]]:
    """Whom this step informs besides whoever asked, each with the key under which they are told once."""
    seats = session().scalars(select(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round))
    for seat in seats:
        if seat.member_id in (by, request.requested_by):
            continue
        if verb in ENDS and seat.state == Seat.WATCHING and seat.settled_at is None:
            yield seat.member_id, f"watched:{request.id}:{request.round}:{verb.value}"
        if verb in TAKES_OVER and seat.state == Seat.SETTLED and seat.asked in IN_PERSON:
            yield seat.member_id, f"over:{seat.id}"


def _following(request: ApprovalRequest) -> Select[tuple[UUID]]:
    return select(ApprovalSeat.id).where(ApprovalSeat.request_id == request.id, ApprovalSeat.member_id == current.user.id,
                                         ApprovalSeat.state == Seat.WATCHING, ApprovalSeat.settled_at.is_(None))
