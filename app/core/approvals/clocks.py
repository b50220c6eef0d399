"""What time does to requests: past its limit a request goes to the manager above, then to a named role."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.approvals import levels
from app.core.approvals.models import ApprovalRequest, Seat, State, Verb
from app.core.approvals.requests import add_decision, add_seats, decision_row, tell
from app.core.approvals.rounds import noted
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session, unit_of_work

AT_ONCE = 200
MOST_TIMES = 3


def escalate_overdue() -> int:
    """Escalate every open request whose limit has passed; gives how many. Each is a piece of work of its own."""
    query = select(ApprovalRequest.id).where(ApprovalRequest.state == State.OPEN, ApprovalRequest.escalate_at <= clock.now(),
                                             ApprovalRequest.paused_at.is_(None), ApprovalRequest.escalations < MOST_TIMES)
    with unit_of_work() as work:
        ids = list(work.scalars(query.order_by(ApprovalRequest.escalate_at).limit(AT_ONCE)))
    return sum(_escalate(request_id) for request_id in ids)


def _escalate(request_id: UUID) -> bool:
    with unit_of_work() as work:
        request = work.scalars(select(ApprovalRequest).where(ApprovalRequest.id == request_id)
                               .with_for_update(skip_locked=True).execution_options(populate_existing=True)).first()
        if request is None or request.state != State.OPEN or request.escalate_at > clock.now() or request.paused_at is not None:
            return False
        escalate(request)
        return True


def escalate(request: ApprovalRequest) -> None:
    """Ask the managers of those who have not answered; the next limit is as long as the first."""
    waiting = levels.seats_of(request, Seat.WAITING, level=request.level)
    rows = levels.escalated(request, waiting)
    hours = request.steps[request.level - 1]["hours"]
    request.escalations += 1
    request.escalate_at = clock.now() + timedelta(hours=hours)
    if not rows:
        return
    said = _("Nobody answered within %(hours)d h.", hours=hours)
    noted(request, Verb.ESCALATE, said)
    session().flush()
    add_seats(rows)
    add_decision(decision_row(request, Verb.ESCALATE, by=current.user.id, reason=said,
                              data={"to": [str(row["member_id"]) for row in rows]}))
    tell([request.id])
