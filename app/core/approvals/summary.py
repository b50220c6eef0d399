"""What approvals have to say to one member in the morning."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, func, select

from app.core.approvals import preview, showing
from app.core.approvals.models import LIVE, ApprovalRequest, ApprovalSeat, State, Verb
from app.core.approvals.queue import waiting_for
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session

DECIDED = (State.HELD, State.EFFECTED, State.RETURNED, State.REJECTED, State.VOID)


@dataclass(frozen=True)
class Section:
    """The first requests of one kind, and how many there are in all."""

    count: int
    rows: list[dict[str, Any]]


@dataclass(frozen=True)
class Summary:
    """What waits for a member, what of it is overdue, what they asked for, and what was decided of it."""

    waiting: Section
    overdue: Section
    requested: Section
    decided: Section

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.waiting.count or self.overdue.count or self.requested.count or self.decided.count)


def summary_for(member_id: UUID, since: datetime, *, most: int = 5) -> Summary:
    """The member's requests as they stand at this moment, in the reader's language; what was decided, since a moment."""
    now, mine = clock.now(), ApprovalRequest.requested_by == member_id
    seated = select(ApprovalRequest).join(ApprovalSeat, and_(
        ApprovalSeat.organisation_id == ApprovalRequest.organisation_id, ApprovalSeat.request_id == ApprovalRequest.id)).where(
        waiting_for(member_id))
    return Summary(
        waiting=_section(seated.where(ApprovalSeat.due_at > now).order_by(ApprovalSeat.due_at, ApprovalRequest.id), most),
        overdue=_section(seated.where(ApprovalSeat.due_at <= now).order_by(ApprovalSeat.due_at, ApprovalRequest.id), most),
        requested=_section(select(ApprovalRequest).where(mine, ApprovalRequest.state.in_(LIVE)).order_by(
            ApprovalRequest.due_at, ApprovalRequest.id), most),
        decided=_section(select(ApprovalRequest).where(
            mine, ApprovalRequest.state.in_(DECIDED), ApprovalRequest.last_at > since, ApprovalRequest.last_verb != Verb.COMMENT).order_by(
            ApprovalRequest.last_at.desc(), ApprovalRequest.id), most))


def _section(query: Select[Any], most: int) -> Section:
    count = session().scalar(select(func.count()).select_from(query.order_by(None).with_only_columns(ApprovalRequest.id).subquery())) or 0
    return Section(count, [_row(request) for request in session().scalars(query.limit(most))] if count else [])


def _row(request: ApprovalRequest) -> dict[str, Any]:
    left = request.due_at - clock.now()
    return {"title": showing.heading(request), "reference": request.record_reference, "subtitle": request.subtitle or "",
            "amount": preview.money(request), "risk": request.risk.value, "due": showing.due_text(request, left),
            "late": left.total_seconds() < 0 and request.state == State.OPEN, "step": showing.step_text(request),
            "state": str(request.state.label), "verb": str(request.last_verb.label), "reason": request.last_reason or "",
            "good": request.state in (State.HELD, State.EFFECTED), "path": f"/{current.organisation.slug}/inbox/{request.reference}/"}
