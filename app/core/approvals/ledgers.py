"""What reports can be about: every request for approval, and every answer with the time that it took."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Integer, Numeric, and_, cast, func, select

from app.core.approvals.models import ApprovalRequest, ApprovalSeat, Asked, Colour, Seat, State
from app.core.approvals.stuck import ANSWERED, OVERSEE, seen
from app.kernel.fields import Field
from app.kernel.ledgers import rows
from app.kernel.manifest import Ledger
from app.kernel.registry import registry


class _Steps(Mapping[str, str]):
    """What steps are called: translated where a module declared them; one without a name by its address."""

    def __getitem__(self, said: str) -> str:
        return _(said) if " " in said or "." not in said else said.rpartition(".")[2].replace("_", " ").capitalize()

    def __iter__(self) -> Iterator[str]:
        return iter(())

    def __len__(self) -> int:
        return 1

    def __contains__(self, said: object) -> bool:
        return bool(said)


def _approvals() -> Mapping[str, Any]:
    return {key: each.label for key, each in registry.approvals.items()}


def _hours(until: Any, since: Any) -> Any:
    return cast(func.extract("epoch", until - since) / 3600, Numeric(24, 1))


_leg = ApprovalRequest.steps[cast(ApprovalSeat.level - 1, Integer)]
_approval = Field("text", _l("Approval"), sortable=False, listed=_approvals, max_length=100)

ANSWER = rows(
    "approval_answer",
    select(ApprovalSeat.organisation_id, ApprovalSeat.id, ApprovalSeat.request_id, ApprovalRequest.reference, ApprovalRequest.title,
           ApprovalRequest.approval, ApprovalRequest.risk, ApprovalSeat.member_id, ApprovalSeat.for_member_id, ApprovalSeat.asked,
           ApprovalSeat.state, ApprovalSeat.asked_at, ApprovalSeat.settled_at, ApprovalSeat.due_at,
           func.coalesce(func.nullif(_leg["label"].astext, ""), _leg["path"].astext, "").label("step"),
           (ApprovalSeat.settled_at > ApprovalSeat.due_at).label("late"),
           _hours(ApprovalSeat.settled_at, ApprovalSeat.asked_at).label("hours")).join(
        ApprovalRequest, and_(ApprovalRequest.organisation_id == ApprovalSeat.organisation_id,
                              ApprovalRequest.id == ApprovalSeat.request_id)).where(
        ApprovalSeat.state.in_(ANSWERED), ApprovalSeat.settled_at.is_not(None)),
    reference=Field("text", _l("Reference"), sortable=False), title=Field("text", _l("Title"), sortable=False), approval=_approval,
    step=Field("text", _l("Step"), sortable=False, listed=_Steps), risk=Field("choice", _l("Risk"), choices=Colour),
    member_id=Field("reference", _l("Decided by"), reference="member", groups=False),
    for_member_id=Field("reference", _l("In place of"), reference="member", groups=False, required=False),
    asked=Field("choice", _l("Why asked"), choices=Asked), state=Field("choice", _l("Answer"), choices=Seat),
    asked_at=Field("datetime", _l("Asked at")), settled_at=Field("datetime", _l("Answered at")), late=Field("boolean", _l("Late")),
    hours=Field("decimal", _l("Hours"), scale=1, sortable=False),
)

REQUEST = rows(
    "approval_asked",
    select(ApprovalRequest.organisation_id, ApprovalRequest.id, ApprovalRequest.reference, ApprovalRequest.title, ApprovalRequest.approval,
           ApprovalRequest.state, ApprovalRequest.risk, ApprovalRequest.amount, ApprovalRequest.currency, ApprovalRequest.department_id,
           ApprovalRequest.requested_by.label("requester_id"), ApprovalRequest.requested_at, ApprovalRequest.due_at,
           ApprovalRequest.last_at, ApprovalRequest.round, ApprovalRequest.escalations,
           _hours(func.coalesce(ApprovalRequest.last_at, ApprovalRequest.requested_at), ApprovalRequest.requested_at).label("hours")),
    reference=Field("text", _l("Reference"), sortable=False), title=Field("text", _l("Title"), sortable=False), approval=_approval,
    state=Field("choice", _l("State"), choices=State), risk=Field("choice", _l("Risk"), choices=Colour),
    amount=Field("money", _l("Amount"), currency="currency", required=False),
    department_id=Field("reference", _l("Department"), reference="department", required=False),
    requester_id=Field("reference", _l("Asked by"), reference="member", groups=False), requested_at=Field("datetime", _l("Asked at")),
    due_at=Field("datetime", _l("Due")), last_at=Field("datetime", _l("Last step at")), round=Field("integer", _l("Round")),
    escalations=Field("integer", _l("Escalations")), hours=Field("decimal", _l("Hours until the last step"), scale=1, sortable=False),
)


def _answers_seen(_user: Any) -> ColumnElement[bool]:
    read: Any = ANSWER
    return read.request_id.in_(select(ApprovalRequest.id).where(seen()))


def _requests_seen(_user: Any) -> ColumnElement[bool]:
    read: Any = REQUEST
    return read.id.in_(select(ApprovalRequest.id).where(seen()))


LEDGERS = (
    Ledger(ANSWER, key="answer", label=_l("Answer to a request"), plural=_l("Answers to requests for approval"), needs=OVERSEE,
           columns=("reference", "title", "approval", "step", "member", "state", "settled_at", "hours"),
           filters=("approval", "risk", "member", "asked", "state", "asked_at", "settled_at", "late"), sort="-settled_at",
           visible_to=_answers_seen, page="inbox/stuck"),
    Ledger(REQUEST, key="asked", label=_l("Request for approval"), plural=_l("Requests for approval"), needs=OVERSEE,
           columns=("reference", "title", "approval", "state", "amount", "requester", "requested_at", "due_at"),
           filters=("approval", "state", "risk", "department", "requester", "requested_at", "due_at"), sort="-requested_at",
           visible_to=_requests_seen, page="inbox/stuck"),
)
