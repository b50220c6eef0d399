"""Proposals from the moment at which a machine makes them: GREEN is accepted at once, all else waits for a person."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core import approvals, audit
from app.core.approvals import ApprovalDecided, ApprovalRequest, Colour, Verb
from app.core.approvals import State as Asked
from app.core.autonomy import evidence, kinds, levels
from app.core.autonomy.models import LONGEST, Proposal, Status
from app.kernel import clock, door
from app.kernel.ai_actions import Source
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid
from app.kernel.fields import Form, long_text
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsing

RESOURCE = "autonomy.proposal"
ANSWERS = (Verb.APPROVE, Verb.REJECT)


class Words(Form):
    """What may be changed of a proposal: its text."""

    text = long_text(_l("Text"), required=True, max_length=LONGEST)


def propose(kind: str, title: str, text: str, *, sources: Sequence[Source] = (), inputs: Mapping[str, Any] | None = None,
            confidence: float | Decimal | None = None, cost: Decimal | str | int = 0, provider: str = "", model: str = "",
            about: Any = None) -> Proposal:
    """Keep what a machine made. GREEN is accepted at once; ORANGE and RED wait for those whom their approval asks.

    `about` is the record that it concerns. Raises `Invalid`, and `Conflict` when nobody could decide.
    """
    made = _made(kind, title, text.replace("\r\n", "\n").strip(), inputs or {}, evidence.kept(sources))
    made.confidence = _score(confidence)
    made.cost, made.provider, made.model = Decimal(cost), provider[:200] or None, model[:200] or None
    if about is not None:
        found = registry.of_model(type(about))
        made.about_kind, made.about_id, made.about_reference = found.key if found else None, about.id, about.reference
    assign([made])
    with audit.doing(f"{RESOURCE}.create"):
        session().add(made)
        session().flush()
    door.perform(RESOURCE, "accept", [made.id])
    return made


def _made(kind: str, title: str, text: str, inputs: Mapping[str, Any], sources: list[dict[str, Any]]) -> Proposal:
    errors = {name: [_("This is needed.")] for name, said in (("kind", kind), ("title", title), ("text", text)) if not said.strip()}
    if len(text) > LONGEST:
        errors["text"] = [_("At most %(max)d characters; this has %(count)d.", max=LONGEST, count=len(text))]
    if len(kind) > 100:
        errors["kind"] = [_("At most %(max)d characters; this has %(count)d.", max=100, count=len(kind))]
    if errors:
        raise Invalid(errors)
    given = json.loads(json.dumps(dict(inputs), default=str))
    return Proposal(id=new_id(), kind=kind, title=title.strip()[:200], produced=text, text=text, level=levels.level_of(kind),
                    status=Status.PENDING, inputs=given, sources=sources, unvalidated=False,
                    evidence_hash=evidence.seal(kind, text, given, sources))


def _score(confidence: float | Decimal | None) -> Decimal | None:
    if confidence is None:
        return None
    if not 0 <= confidence <= 1:
        raise Invalid({"confidence": [_("A score lies between 0 and 1, not at %(score)s.", score=confidence)]})
    return round(Decimal(str(confidence)), 4)


def accept(proposal: Proposal) -> Proposal:
    """It may be used from now on. Raises `Conflict` for what is not GREEN and was agreed by nobody."""
    request = door.approval_in_effect()
    agreed = bool(request and approvals.given_by(request))
    if not agreed and proposal.level != Colour.GREEN and not rehearsing():
        raise Conflict(_("%(level)s is accepted by a person only.", level=proposal.level.value))
    if proposal.level == Colour.GREEN and not agreed:
        proposal.status, proposal.decided_at = Status.AUTO_APPROVED, clock.now()
    else:
        proposal.status = Status.MODIFIED_APPROVED if proposal.is_changed else Status.APPROVED
    return proposal


def revise(proposal: Proposal, *, text: str) -> Proposal:
    """Change the words that would be used; those that were produced stay beside them."""
    proposal.text = text
    return proposal


def use(proposal: Proposal) -> Proposal:
    """Use it, once: do what its kind does. Raises `Conflict` for what was not accepted."""
    answer = can_use(proposal)
    if answer is not True:
        raise Conflict(answer)
    kind = kinds.known().get(proposal.kind)
    proposal.used_at = clock.now()
    proposal.used_by_id = None if current.user.is_system else current.user.id
    proposal.unvalidated = not proposal.is_accepted
    if kind and kind.use:
        kind.use(proposal)
    return proposal


def is_pending(proposal: Any) -> bool | str:
    """Whether nobody has decided for good."""
    return True if proposal.status == Status.PENDING else _("This is settled.")


def can_revise(proposal: Any) -> bool | str:
    """Whether its words may still be changed."""
    return _("It was used as it is.") if proposal.used_at else is_pending(proposal)


def can_use(proposal: Any) -> bool | str:
    """True, or the sentence that says why it cannot be used."""
    if proposal.used_at is not None:
        return _("It was used already.")
    if proposal.is_accepted:
        return True
    if proposal.status == Status.REJECTED or _refused(proposal):
        return _("It was rejected and cannot be used.")
    if proposal.level == Colour.ORANGE and levels.may_skip(proposal.kind):
        return True
    return _("%(level)s cannot be used before somebody approved it.", level=proposal.level.value)


def _refused(proposal: Proposal) -> bool:
    """Whether somebody rejected it a moment ago."""
    asked = approvals.of_record(registry.resource(RESOURCE), proposal.id)
    return bool(asked) and asked[0].state == Asked.REJECTED


def final_text(proposal: Proposal) -> str:
    """The words to be sent, filed or exported as final. Raises `Conflict` unless they were accepted, or used where that was allowed."""
    if not proposal.is_accepted and not (proposal.used_at and proposal.status != Status.REJECTED):
        raise Conflict(_("It was rejected and cannot be used.") if proposal.status == Status.REJECTED or _refused(proposal)
                       else _("%(level)s cannot be used before somebody approved it.", level=proposal.level.value))
    return proposal.text


def decided(fact: ApprovalDecided) -> None:
    """Write down on the proposal who decided and when; what was rejected is not to be used."""
    request = session().get(ApprovalRequest, (current.organisation.id, fact.request_id))
    if request is None or request.resource != RESOURCE:
        return
    proposal = session().get_one(Proposal, (current.organisation.id, request.record_id), with_for_update=True)
    with audit.doing(f"{RESOURCE}.decide"):
        if Verb(fact.verb) in ANSWERS and fact.by_id != SYSTEM_ID:
            proposal.decided_by_id, proposal.decided_at = fact.by_id, clock.now()
        if fact.verb == Verb.UNDO.value:
            proposal.decided_by_id = proposal.decided_at = None
        if request.state == Asked.REJECTED and proposal.status == Status.PENDING:
            proposal.status, proposal.remark = Status.REJECTED, request.last_reason or None
        session().flush()
