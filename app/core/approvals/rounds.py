"""What a change of the record does to its requests: decisions given on other bytes are void, held effects stop, people are asked anew."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.core import workflow
from app.core.approvals import snapshots, words
from app.core.approvals.granting import is_granted
from app.core.approvals.limits import amount_of
from app.core.approvals.models import LIVE, ApprovalDecision, ApprovalRequest, ApprovalSeat, Seat, State, Verb
from app.core.approvals.requests import add_decision, decision_row, outliers_of, plain, tell
from app.core.approvals.running import Run
from app.core.approvals.seats import add_seats
from app.core.approvals.snapshots import Snapshot
from app.kernel import clock, outbox
from app.kernel.bulk import MANY
from app.kernel.current import SYSTEM_ID, Actor, current
from app.kernel.db import session
from app.kernel.errors import Conflict
from app.kernel.fields import fields_of
from app.kernel.manifest import Action, Resource
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsing


def recheck(resource: Resource, records: Sequence[Any]) -> list[ApprovalRequest]:
    """Compare records that were just changed with what is being approved; gives the requests that this voided or withdrew."""
    if rehearsing() or not any(action.approval for action in resource.actions):
        return []
    by_id = {record.id: record for record in records}
    requests = [r for r in _live_requests(resource, list(by_id)) if not is_granted(r.id)]
    if not requests:
        return []
    concerned = list({r.record_id: by_id[r.record_id] for r in requests}.values())
    taken = dict(zip((r.id for r in concerned), snapshots.take(resource, concerned), strict=True))
    return [r for r in requests if _brought_up_to_date(resource, r, by_id[r.record_id], taken[r.record_id])]


def _live_requests(resource: Resource, ids: list[UUID]) -> list[ApprovalRequest]:
    query = select(ApprovalRequest).where(ApprovalRequest.resource == resource.key, ApprovalRequest.state.in_(LIVE))
    if len(ids) <= MANY:
        query = query.where(ApprovalRequest.record_id.in_(ids))
    known = set(ids)
    found = session().scalars(query.order_by(ApprovalRequest.id).with_for_update().execution_options(populate_existing=True))
    return [request for request in found if request.record_id in known]


def _brought_up_to_date(resource: Resource, request: ApprovalRequest, record: Any, snapshot: Snapshot) -> bool:
    action = resource.action(request.action)
    if record.is_archived or action is None or not _still_wanted(action, record):
        withdraw(request, _("%(reference)s can no longer take this step.", reference=request.record_reference))
        return True
    if snapshot.hash == request.snapshot_hash:
        return False
    void(resource, request, record, snapshot)
    return True


def _still_wanted(action: Action, record: Any) -> bool:
    return action.when is None or action.when(record) is True


def void(resource: Resource, request: ApprovalRequest, record: Any, snapshot: Snapshot) -> None:
    """Decisions given on other bytes count no more: the difference is kept, the held effect stops, and the right people are asked anew.

    Whoever changed the record is now one of its makers.
    """
    changes = [asdict(change) for change in snapshots.differences(resource, request.snapshot, snapshot.text)]
    said = _("Changed: %(fields)s", fields=", ".join(dict.fromkeys(change["label"] for change in changes)))
    row = decision_row(request, Verb.VOID, by=current.user.id, reason=said, shown=snapshot.hash,
                       data={"changes": changes, "before": request.snapshot_hash, "after": snapshot.hash})
    _stop_effect(request)
    request.makers = sorted({*request.makers, *({str(current.user.id)} if current.user.id != SYSTEM_ID else ())})
    start_round(resource, request, record, snapshot)
    noted(request, Verb.VOID, said)
    session().flush()
    add_decision(row)


def start_round(resource: Resource, request: ApprovalRequest, record: Any, snapshot: Snapshot) -> None:
    """Ask anew, from the first level, about what the record is now. What needs nobody any more takes effect by itself."""
    action = resource.action(request.action)
    approval = registry.approval_of(action, record) if action is not None else registry.approvals[request.approval]
    titles = words.titles(resource, [record])[0]
    amount, currency = amount_of(approval, record)
    _settle_seats(request)
    request.round, request.level, request.state, request.paused_at = request.round + 1, 1, State.OPEN, None
    request.approval = approval.key
    request.version_id, request.escalations = workflow.version_in_force(approval, request.action), 0
    request.steps, request.standing = [], {}
    request.title, request.subtitle, request.amount, request.currency = titles[0], titles[1], amount, currency
    request.snapshot, request.snapshot_hash = snapshot.text, snapshot.hash
    request.flags = outliers_of(approval, [record]).get(record.id, [])
    run = Run(request, record)
    run.begin()
    if not run.reached_effect:
        session().flush()
        add_seats(run.rows)
        tell([request.id])
    else:
        from app.core.approvals.effects import hold
        hold(request, add_decision(decision_row(request, Verb.APPROVE, by=SYSTEM_ID, reason=_("Needs no decision any more."))), seconds=0)


def resubmit(request: ApprovalRequest, record: Any, *, actor: Actor, data: Mapping[str, Any]) -> None:
    """Ask again after changes were asked for: by repeating the action, changed or not."""
    resource = registry.resource(request.resource)
    request.requested_by, request.data = actor.id, plain(data)
    request.makers = sorted({*request.makers, str(actor.id)})
    start_round(resource, request, record, snapshots.take(resource, [record])[0])
    noted(request, Verb.REQUEST, "")
    session().flush()
    add_decision(decision_row(request, Verb.REQUEST, by=actor.id))


def withdraw(request: ApprovalRequest, reason: str) -> None:
    """End a request without a decision: the record left its state, was archived, or its import was rolled back."""
    _stop_effect(request)
    _settle_seats(request)
    request.state = State.CANCELLED
    noted(request, Verb.WITHDRAW, reason)
    session().flush()
    add_decision(decision_row(request, Verb.WITHDRAW, by=current.user.id, reason=reason))


def withdraw_records(resource: Resource, ids: Sequence[UUID], reason: str = "") -> set[UUID]:
    """Take back what waits for records that are about to go; gives the ids whose effect has run, which must stay."""
    query = select(ApprovalRequest.record_id).where(ApprovalRequest.resource == resource.key, ApprovalRequest.record_id.in_(ids),
                                                    ApprovalRequest.state == State.EFFECTED)
    ran = set(session().scalars(query))
    for request in _live_requests(resource, [i for i in ids if i not in ran]):
        withdraw(request, reason or _("The import was rolled back."))
    return ran


def noted(request: ApprovalRequest, verb: Verb, reason: str) -> None:
    """Write the last step on the request itself, so that its audit row carries it."""
    request.last_verb, request.last_reason, request.last_by, request.last_at = verb, reason or None, current.user.id, clock.now()


def _stop_effect(request: ApprovalRequest) -> None:
    if request.effect_id is not None and request.state == State.HELD:
        outbox.cancel(request.effect_id)
    request.effect_id = request.hold_until = None


def _settle_seats(request: ApprovalRequest) -> None:
    session().execute(update(ApprovalSeat).where(ApprovalSeat.request_id == request.id, ApprovalSeat.state == Seat.WAITING)
                      .values(state=Seat.SETTLED, settled_at=clock.now()).execution_options(synchronize_session=False))


def check_unlocked(resource: Resource, record: Any, changed: Mapping[str, Any], *, lines: Sequence[Any] | None = None) -> None:
    """Refuse a change of what was approved and has taken effect; an amendment is a new request."""
    frozen = locked(resource, record)
    if not frozen:
        return
    fields = fields_of(resource.model)
    labels = [str(fields[name].label) for name in frozen if name in fields and fields[name].attribute in changed]
    if labels or (lines is not None and resource.lines is not None and _other_lines(resource, record, lines)):
        raise Conflict(_("%(reference)s took effect as it was approved: %(fields)s can no longer be changed. Make a new one instead.",
                         reference=record.reference, fields=", ".join(labels) or str(resource.lines and resource.lines.label)))


def locked(resource: Resource, record: Any) -> tuple[str, ...]:
    """The names of the fields that can no longer be changed, because an approval of them has taken effect."""
    if not any(action.approval for action in resource.actions):
        return ()
    query = select(ApprovalRequest.id).where(ApprovalRequest.record_id == record.id, ApprovalRequest.state == State.EFFECTED,
                                             ApprovalRequest.resource == resource.key).limit(1)
    return snapshots.snapshot_names(resource) if session().scalar(query) else ()


def _other_lines(resource: Resource, record: Any, rows: Sequence[Mapping[str, Any]]) -> bool:
    lines = resource.lines
    if lines is None:
        return False
    model: Any = lines.model
    present = list(session().scalars(select(model).where(getattr(model, f"{lines.parent}_id") == record.id).order_by(model.position)))
    return len(present) != len(rows) or any(getattr(one, name) != value for one, row in zip(present, rows, strict=True)
                                            for name, value in row.items())


def story(request: ApprovalRequest) -> list[ApprovalDecision]:
    """All that happened to a request, oldest first."""
    return list(session().scalars(select(ApprovalDecision).where(ApprovalDecision.request_id == request.id)
                                  .order_by(ApprovalDecision.at, ApprovalDecision.id)))
