"""What must be true before an answer counts: the right person, the bytes that were shown, and for RED more than a key."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Container
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select

from app.core import workflow
from app.core.approvals import reasons, snapshots, standing, words
from app.core.approvals.legs import leg_at
from app.core.approvals.models import ASIDE, ApprovalRequest, ApprovalSeat, Asked, Colour, Seat, State, Verb
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.kinds import fold
from app.kernel.registry import registry

SEATED = frozenset({Verb.APPROVE, Verb.RETURN, Verb.REJECT, Verb.ASK, Verb.DELEGATE, Verb.SNOOZE, Verb.ESCALATE, Verb.OPINION, Verb.ADD})
REASONED = {Verb.RETURN: "reason", Verb.REJECT: "reason", Verb.ASK: "reason", Verb.ANSWER: "reason", Verb.COMMENT: "reason",
            Verb.OPINION: "reason", Verb.ADVISE: "reason"}
LONGEST = 4_000
LAST_YEAR = 2200


def require_token(verb: str) -> None:
    """Refuse a token that was made for less than to `view` or `decide` requests: a seat is no permission that could narrow it."""
    if not current.user.is_meant_for(f"approvals.approval_request.{verb}"):
        raise Forbidden(as_another() or _("This needs you to be signed in yourself."))
    if verb == "decide" and current.user.service is not None:
        raise Forbidden(_("Only a person can answer a request for approval."))


def as_another() -> str:
    """Why somebody who sees what another sees decides nothing; empty for everybody else."""
    return _("You see what %(name)s sees; only they can decide.", name=current.user.name) if current.user.impersonator else ""


def lock(request_id: UUID) -> tuple[ApprovalRequest, Any]:
    """The request and its record, both locked, the record first, as every change of it does."""
    request = session().get(ApprovalRequest, (current.organisation.id, request_id))
    if request is None:
        raise NotFound
    model: Any = registry.resource(request.resource).model
    record = session().scalars(select(model).where(model.id == request.record_id).with_for_update()
                               .execution_options(populate_existing=True)).first()
    if record is None:
        raise NotFound(_("%(what)s %(reference)s was not found.", what=registry.resource(request.resource).label,
                         reference=request.record_reference))
    session().refresh(request, with_for_update=True)
    return request, record


def is_maker(request: ApprovalRequest, member_id: UUID) -> bool:
    """Whether somebody made, imported, changed or asked for this, and so never decides it."""
    return str(member_id) in request.makers


def seat_of(request: ApprovalRequest, member_id: UUID) -> ApprovalSeat | None:
    """The waiting seat at which a member decides, at the first of the open legs at which they are asked."""
    return _waiting_seat(request, member_id, ApprovalSeat.asked.not_in(ASIDE))


def opinion_seat_of(request: ApprovalRequest, member_id: UUID) -> ApprovalSeat | None:
    """The waiting seat at which a member is asked for their opinion alone."""
    return _waiting_seat(request, member_id, ApprovalSeat.asked == Asked.OPINION)


def _waiting_seat(request: ApprovalRequest, member_id: UUID, kind: ColumnElement[bool]) -> ApprovalSeat | None:
    return session().scalars(select(ApprovalSeat).where(
        ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round, kind,
        ApprovalSeat.member_id == member_id, ApprovalSeat.state == Seat.WAITING, ~standing.is_over()).order_by(
        ApprovalSeat.level, ApprovalSeat.id)).first()


def require_seat(request: ApprovalRequest) -> ApprovalSeat:
    """The actor's waiting seat. Raises Forbidden for makers and for those who are not asked, Conflict for what is settled."""
    if is_maker(request, current.user.id):
        raise Forbidden(own(request))
    if request.state != State.OPEN:
        raise Conflict(_("%(reference)s is settled already: %(state)s.", reference=request.record_reference, state=request.state.label))
    seat = seat_of(request, current.user.id)
    if seat is not None:
        return seat
    if opinion_seat_of(request, current.user.id) is not None:
        raise Forbidden(only_opinion())
    if reason := reasons.why_not_now(request, current.user.id):
        raise Forbidden(reason)
    if _answered(request):
        raise Conflict(_("You have answered %(reference)s already.", reference=request.record_reference))
    raise Forbidden(_("You are not asked to decide %(reference)s.", reference=request.record_reference))


def require_opinion_seat(request: ApprovalRequest) -> ApprovalSeat:
    """The seat at which the actor's opinion is asked. Raises Forbidden for everybody else, Conflict for what is settled."""
    seat = opinion_seat_of(request, current.user.id)
    if seat is not None and request.state == State.OPEN:
        return seat
    if request.state != State.OPEN:
        raise Conflict(_("%(reference)s is settled already: %(state)s.", reference=request.record_reference, state=request.state.label))
    raise Forbidden(_("Nobody asked for your opinion of %(reference)s.", reference=request.record_reference))


def only_opinion() -> str:
    """Why somebody who is asked for an opinion does not decide."""
    return _("You are asked for your opinion; others decide.")


def require_stance(stance: str, known: Container[str]) -> str:
    """For or against. Raises Invalid."""
    if stance not in known:
        raise Invalid({"stance": [_("Say whether you are for it or against it.")]})
    return stance


def require_possible(request: ApprovalRequest, seat: ApprovalSeat, outcome: str) -> None:
    """Refuse an answer that the step does not know: a review is not rejected. Raises Conflict."""
    kind = leg_at(request, seat.level).kind
    if outcome == "rejected" and kind == "form":
        raise Conflict(_("This step asks for a form: fill it in, or return it."))
    if outcome == "rejected" and kind not in ("approve", "sign"):
        raise Conflict(_("This step asks for a review: return it, or agree."))


def own(request: ApprovalRequest) -> str:
    """Why a maker does not decide."""
    return _("You made, imported, changed or asked for %(reference)s, so somebody else decides it.", reference=request.record_reference)


def require_entitled(request: ApprovalRequest, record: Any) -> None:
    """Refuse an approval by which somebody would give what they do not have themselves. Raises Forbidden."""
    approval = registry.approvals.get(request.approval)
    if approval is not None and approval.why_not_by is not None and (reason := approval.why_not_by(record, current.user)):
        raise Forbidden(reason)


def _answered(request: ApprovalRequest) -> bool:
    return session().scalar(select(ApprovalSeat.id).where(
        ApprovalSeat.request_id == request.id, ApprovalSeat.round == request.round, ApprovalSeat.member_id == current.user.id,
        ApprovalSeat.state != Seat.WATCHING).limit(1)) is not None


def require_shown(request: ApprovalRequest, record: Any, shown: str) -> None:
    """Refuse a decision on other bytes than those that are there now, with what differs. Raises Conflict, Invalid."""
    if not shown:
        raise Invalid({"hash": [_("Say which snapshot you saw: open the request and decide from there.")]})
    resource = registry.resource(request.resource)
    now = snapshots.take(resource, [record])[0]
    if shown == now.hash == request.snapshot_hash:
        return
    raise Conflict(_("%(reference)s has changed since you looked at it. Nothing was decided.", reference=request.record_reference),
                   changed=changes_since(request, shown, now.text), hash=now.hash)


def changes_since(request: ApprovalRequest, shown: str, now: str) -> list[tuple[str, str, str]]:
    """What differs between the snapshot that somebody saw and the record as it is now."""
    resource = registry.resource(request.resource)
    if shown == request.snapshot_hash:
        return [(c.label, c.before, c.after) for c in snapshots.differences(resource, request.snapshot, now)]
    from app.core.approvals.rounds import story

    voids = [row for row in story(request) if row.verb in (Verb.VOID, Verb.APPROVE) and row.data.get("changes")]
    seen = next((place for place, row in enumerate(voids) if row.data.get("before") == shown), 0)
    return [(c["label"], c["before"], c["after"]) for row in voids[seen:] for c in row.data["changes"]]


def require_reason(verb: Verb, reason: str) -> str:
    """The reason, where one is needed, within its length. Raises Invalid."""
    said = reason.strip()
    if verb in REASONED and not said:
        raise Invalid({"reason": [_("A reason is needed.") if verb in (Verb.RETURN, Verb.REJECT) else _("This is needed.")]})
    if len(said) > LONGEST:
        raise Invalid({"reason": [_("At most %(max)d characters; this has %(count)d.", max=LONGEST, count=len(said))]})
    return said


def word() -> str:
    """What is typed to approve a RED request, in the reader's language."""
    return _("approve")


def require_alone(request: ApprovalRequest, *, looked: bool) -> None:
    """What is never decided among many: RED, and what stands out unless somebody looked at it. Raises Forbidden, Conflict."""
    if request.risk == Colour.RED:
        raise Forbidden(_("RED is decided one by one."))
    if request.flags and not looked:
        raise Conflict(_("To look at, left in the queue"))


def require_red(request: ApprovalRequest, *, evidence: str, typed: str, password: str) -> None:
    """RED: the evidence was opened, the word typed, and it is really you. Raises Invalid naming what is missing."""
    if request.risk != Colour.RED:
        return
    errors: dict[str, list[str]] = {}
    if not _opened(request, evidence):
        errors["evidence"] = [_("Open the evidence first: a RED decision is made from there.")]
    if fold(typed) not in (fold(word()), "approve"):
        errors["word"] = [_("Type “%(word)s”.", word=word())]
    if not errors and not _is_you(password):
        errors["password"] = [_("This is not your password.")]
    if errors:
        raise Invalid(errors)


def meaning_of(request: ApprovalRequest, seat: ApprovalSeat | None) -> str:
    """What a signature at this seat says; empty where none is asked."""
    if seat is None or leg_at(request, seat.level).kind != "sign":
        return ""
    said = workflow.graph_of_version(request.version_id).place(leg_at(request, seat.level).path)[1].meaning if request.version_id else ""
    return _(said) if said else ""


def require_signature(request: ApprovalRequest, seat: ApprovalSeat, password: str, *, bulk: bool) -> dict[str, str]:
    """Where the step asks for a signature: it is really you, and what it means is kept with your name. Raises Invalid, Forbidden."""
    meaning = meaning_of(request, seat)
    if not meaning:
        return {}
    if bulk:
        raise Forbidden(_("What is signed is signed one by one."))
    if request.risk != Colour.RED and not _is_you(password):
        raise Invalid({"password": [_("This is not your password.")]})
    return {"meaning": meaning, "signed_as": current.user.name}


def evidence_key(request: ApprovalRequest) -> str:
    """The idempotency key that only a page with the evidence of this snapshot hands out, to this member."""
    nonce = secrets.token_urlsafe(12)
    return f"{nonce}.{_seal(request, nonce)}"


def _opened(request: ApprovalRequest, key: str) -> bool:
    nonce, _dot, seal = key.partition(".")
    return bool(nonce) and hmac.compare_digest(seal, _seal(request, nonce))


def _seal(request: ApprovalRequest, nonce: str) -> str:
    content = f"{request.id}:{request.snapshot_hash}:{current.user.id}:{nonce}"
    return hmac.new(str(current_app.config["SECRET_KEY"]).encode(), content.encode(), hashlib.sha256).hexdigest()[:32]


def _is_you(password: str) -> bool:
    from app.core.auth import is_you

    return is_you(current.user.identity_id, password)


def require_delegate(request: ApprovalRequest, to: UUID | None, decided: set[UUID], near: Container[UUID] = (),
                     asked: Container[UUID] = ()) -> UUID:
    """Somebody who may decide in one's place, or as well: active, not a maker, with no interest of their own, not asked or heard already.
    `asked` are those who are asked besides, though somebody else answers for them. Raises Invalid.
    """
    found, name = _somebody(to)
    if found == current.user.id or found in asked or seat_of(request, found) is not None:
        raise Invalid({"member": [_("%(name)s is asked already.", name=name)]})
    if is_maker(request, found):
        raise Invalid({"member": [_("%(name)s made or asked for this and cannot decide it.", name=name)]})
    if found in decided:
        raise Invalid({"member": [_("%(name)s decided already.", name=name)]})
    return _unbiased(found, name, near)


def require_adviser(request: ApprovalRequest, to: UUID | None, near: Container[UUID]) -> UUID:
    """Somebody whose opinion can be asked: active, not a maker, with no interest of their own, not asked already. Raises Invalid."""
    found, name = _somebody(to)
    if found == current.user.id or seat_of(request, found) is not None or opinion_seat_of(request, found) is not None:
        raise Invalid({"member": [_("%(name)s is asked already.", name=name)]})
    if is_maker(request, found):
        raise Invalid({"member": [_("%(name)s made or asked for this: ask them for information instead.", name=name)]})
    return _unbiased(found, name, near)


def _somebody(to: UUID | None) -> tuple[UUID, str]:
    from app.core.approvals.approvers import Directory

    if to is None:
        raise Invalid({"member": [_("Choose a person.")]})
    if to not in Directory().members:
        raise Invalid({"member": [_("This person is not active here.")]})
    return to, words.people([to])[to]


def _unbiased(found: UUID, name: str, near: Container[UUID]) -> UUID:
    if found in near:
        raise Invalid({"member": [_("%(name)s has an interest of their own in this.", name=name)]})
    return found


def require_later(until: datetime | None) -> datetime:
    """A moment that is still to come. Raises Invalid."""
    if until is None or until <= clock.now():
        raise Invalid({"until": [_("Choose a moment that is still to come.")]})
    if until.year > LAST_YEAR:
        raise Invalid({"until": [_("The year %(year)d is out of range.", year=until.year)]})
    return until
