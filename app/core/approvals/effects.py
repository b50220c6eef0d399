"""What was approved takes effect once, after its hold window, through the door."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from app.core import settings
from app.core.approvals import snapshots
from app.core.approvals.events import ApprovalDecided
from app.core.approvals.granting import granting
from app.core.approvals.models import LIVE, ApprovalRequest, State, Verb
from app.core.approvals.requests import add_decision, decision_row
from app.core.approvals.rounds import noted, void
from app.core.approvals.running import Run
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, Actor, current
from app.kernel.db import session
from app.kernel.door import Outcome, perform
from app.kernel.errors import Conflict
from app.kernel.events import publish
from app.kernel.manifest import Resource
from app.kernel.registry import registry

EFFECT = "approval.effect"


def hold_seconds(risk: Any) -> int:
    """How long an effect of this colour waits, so that it can be undone."""
    return int(settings.get(f"approvals.hold_{str(risk).lower()}"))


def hold(request: ApprovalRequest, decision_id: UUID, *, seconds: int | None = None) -> None:
    """Owe the effect of an approved request; it leaves when the hold window is over."""
    wait = hold_seconds(request.risk) if seconds is None else seconds
    due = clock.now() + timedelta(seconds=wait)
    row = outbox.put("effect", EFFECT, {"request": str(request.id), "round": request.round}, due_at=due, key=f"approval:{decision_id}",
                     risk=str(request.risk))
    request.state, request.hold_until, request.effect_id = State.HELD, due, row.id


def take_effect(payload: dict[str, Any], _row: outbox.OutboxRow) -> None:
    """Perform what was approved, once: the row's end, the record's change and the request's new state are one commit."""
    request = held(UUID(payload["request"]))
    if request is None or request.state != State.HELD or request.round != payload["round"]:
        return
    resource = registry.resource(request.resource)
    record = _record(resource, request.record_id)
    now = snapshots.take(resource, [record])[0]
    if now.hash != request.snapshot_hash:
        void(resource, request, record, now)
        return
    carry_out(request)
    request.state, request.effected_at = State.EFFECTED, clock.now()
    done(request, record)
    noted(request, Verb.EFFECT, "")
    session().flush()
    add_decision(decision_row(request, Verb.EFFECT, by=current.user.id))
    publish(ApprovalDecided(request.id, Verb.EFFECT.value, current.user.id))


def done(request: ApprovalRequest, record: Any) -> None:
    """The step of the effect is over, and with it the graph: nobody is asked after an effect."""
    run = Run(request, record)
    path = next(path for path in run.standing.waiting() if run.step(path).kind == "effect")
    run.happened(path, run.standing.steps[path].visit, "done")


def carry_out(request: ApprovalRequest) -> list[Outcome]:
    """The action itself, through the door, on behalf of whoever asked for it."""
    with granting(request.id):
        return perform(request.resource, request.action, [request.record_id], request.data, actor=on_behalf_of(request), channel="approval",
                       approved=request.id)


def on_behalf_of(request: ApprovalRequest) -> Actor:
    """The system, for the person who asked: what was approved does not fail because that person left meanwhile."""
    return replace(SYSTEM, on_behalf_of=request.requested_by, language=current.organisation.language,
                   timezone=current.organisation.timezone)


def held(request_id: UUID) -> ApprovalRequest | None:
    """The request, locked after its record; tries again soon when somebody is changing the record at this moment."""
    request = session().get(ApprovalRequest, (current.organisation.id, request_id))
    if request is None:
        return None
    model: Any = registry.resource(request.resource).model
    if session().scalar(select(model.id).where(model.id == request.record_id).with_for_update(skip_locked=True)) is None:
        raise outbox.Retry("The record is being changed.", after=1)
    session().refresh(request, with_for_update=True)
    return request


def _record(resource: Resource, record_id: UUID) -> Any:
    model: Any = resource.model
    return session().scalars(select(model).where(model.id == record_id).execution_options(populate_existing=True)).one()


def failed(row: outbox.OutboxRow, reason: str) -> None:
    """The effect cannot happen (the record's state, a missing address): the request ends, and everybody concerned learns why."""
    if row.state != outbox.FAILED:
        return
    request = session().get(ApprovalRequest, (row.organisation_id, UUID(row.payload["request"])))
    if request is None or request.state != State.HELD:
        return
    said = _("It could not take effect: %(reason)s", reason=reason.partition(": ")[2] or reason)
    request.state = State.VOID
    request.last_verb, request.last_reason, request.last_at = Verb.VOID, said, clock.now()
    session().flush()
    add_decision(decision_row(request, Verb.VOID, by=row.actor_id, reason=said))
    publish(ApprovalDecided(request.id, Verb.VOID.value, row.actor_id))


def revive(row: outbox.OutboxRow) -> None:
    """Hold the effect of a request again that ended because it could not take effect. Raises Conflict when it was asked for anew."""
    request = session().get(ApprovalRequest, (row.organisation_id, UUID(row.payload["request"])))
    if request is None or request.state != State.VOID or request.round != row.payload["round"] or request.effect_id != row.id:
        raise Conflict(_("What was approved has changed since; its effect cannot be tried again."))
    newer = select(ApprovalRequest.id).where(ApprovalRequest.resource == request.resource, ApprovalRequest.action == request.action,
                                             ApprovalRequest.record_id == request.record_id, ApprovalRequest.state.in_(LIVE))
    if session().scalar(newer.limit(1)) is not None:
        raise Conflict(_("%(reference)s was asked for again meanwhile; decide that request.", reference=request.record_reference))
    request.state, request.hold_until = State.HELD, clock.now()
    noted(request, Verb.COMMENT, _("Its effect is tried again."))
    session().flush()
    add_decision(decision_row(request, Verb.COMMENT, by=current.user.id, reason=_("Its effect is tried again.")))


def about(row: outbox.OutboxRow) -> tuple[str, str] | None:
    """The request whose effect it is, and its page."""
    request = session().get(ApprovalRequest, (row.organisation_id, UUID(row.payload["request"])))
    if request is None:
        return None
    return f"{request.record_reference} · {request.title}", f"/{current.organisation.slug}/inbox/{request.reference}/"


def install_effects() -> None:
    """Tell the outbox who delivers effects of approvals."""
    outbox.handler(EFFECT, failed=failed, attempts=20, longest=60, label=_l("Effect of an approval"), about=about,
                   revive=revive)(take_effect)


__all__ = ["EFFECT", "carry_out", "failed", "held", "hold", "hold_seconds", "install_effects", "on_behalf_of", "take_effect"]
