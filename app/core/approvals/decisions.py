"""`decide()`: the only way in which a request is answered, from a page, a form, the API, a job. Twenty at once are one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit
from app.core.approvals import consulting, filling, guards, levels, modifying, words
from app.core.approvals.answers import Answer, Decided, seconds_left, write
from app.core.approvals.events import ApprovalDecided
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Seat, State, Verb
from app.core.approvals.requests import add_decision, decision_row, tell
from app.core.approvals.rounds import noted
from app.core.approvals.running import Run, deciders_among
from app.core.approvals.seats import add_seats, seat_row, seats_of
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.events import publish

PERSONAL = frozenset({Verb.APPROVE, Verb.RETURN, Verb.REJECT, Verb.ASK, Verb.ANSWER, Verb.DELEGATE, Verb.SNOOZE, Verb.COMMENT,
                      Verb.ESCALATE, Verb.OPINION, Verb.ADVISE, Verb.ADD, Verb.UNDO})

LONGEST_KEY = 200


def decide(request: ApprovalRequest | UUID, verb: Verb | str, *, reason: str = "", shown_hash: str = "", key: str = "",
           to: UUID | None = None, until: datetime | None = None, word: str = "", password: str = "", evidence: str = "",
           bulk: bool = False, looked: bool = False, stance: str = "",
           changes: Mapping[str, Any] | None = None, answers: Mapping[str, Any] | None = None) -> Decided:
    """Answer a request as the member who acts. `key` makes a repeat the same answer; the evidence seal of a RED decision is its key.
    Among many (`bulk`) what stands out is approved only when somebody `looked` at it. `stance`: whether an opinion is for or against.
    `changes` are those with which it is approved, where its approval knows any (`Approval.modify`). `answers` are those to
    the form of a step at which one is filled in.

    Raises Forbidden (not asked, or one's own), Conflict (settled, or other bytes: `details["changed"]`), Invalid (what is missing).
    """
    answer = Answer(_verb(verb), reason, shown_hash, key[:LONGEST_KEY], to, until, word, password, evidence or key, bulk, looked, stance,
                    changes, answers)
    request_id = request if isinstance(request, UUID) else request.id
    if earlier := _earlier(request_id, answer):
        return earlier
    with audit.doing(f"approvals.approval_request.{answer.verb.value}", shown=answer.shown_hash), session().no_autoflush:
        found, record = guards.lock(request_id)
        if earlier := _earlier(request_id, answer):
            return earlier
        decided = VERBS[answer.verb](found, record, answer)
        session().flush()
    publish(ApprovalDecided(found.id, answer.verb.value, current.user.id))
    return decided


def _verb(verb: Verb | str) -> Verb:
    try:
        found = Verb(verb)
    except ValueError:
        found = Verb.VOID
    if found not in PERSONAL:
        raise Invalid({"decision": [_("“%(verb)s” is not something that can be answered.", verb=str(verb)[:40])]})
    if current.user.is_system:
        raise Forbidden(_("Only a person can answer a request for approval."))
    guards.require_token("decide")
    return found


def _earlier(request_id: UUID, answer: Answer) -> Decided | None:
    """The first answer given with this key. Raises Conflict when the key was used for something else."""
    if not answer.key:
        return None
    row = session().scalars(select(ApprovalDecision).where(ApprovalDecision.key == answer.key)).first()
    if row is None:
        return None
    if (row.request_id, row.verb, row.by_id) != (request_id, answer.verb, current.user.id):
        raise Conflict(_("This form was used for something else. Open the request again."))
    request = session().get_one(ApprovalRequest, (current.organisation.id, request_id), populate_existing=True)
    return Decided(request, answer.verb, repeated=True, seconds=seconds_left(request), data=dict(row.data))


def _approve(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    seat = guards.require_seat(request)
    guards.require_entitled(request, record)
    guards.require_shown(request, record, answer.shown_hash)
    if answer.bulk:
        guards.require_alone(request, looked=answer.looked)
    guards.require_red(request, evidence=answer.evidence, typed=answer.word, password=answer.password)
    signed = guards.require_signature(request, seat, answer.password, bulk=answer.bulk)
    reason = guards.require_reason(Verb.APPROVE, answer.reason)
    filled = filling.require_filled(request, record, seat, answer.answers, bulk=answer.bulk)
    modified = modifying.modify(request, record, answer.changes)
    return _judge(request, record, answer, seat, reason, Seat.APPROVED, "approved", {**signed, **filled, **modified})


def _no(mark: Seat, outcome: str) -> Callable[[ApprovalRequest, Any, Answer], Decided]:
    def no(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
        seat = guards.require_seat(request)
        reason = guards.require_reason(answer.verb, answer.reason)
        guards.require_shown(request, record, answer.shown_hash)
        guards.require_possible(request, seat, outcome)
        return _judge(request, record, answer, seat, reason, mark, outcome)

    return no


def _judge(request: ApprovalRequest, record: Any, answer: Answer, seat: ApprovalSeat, reason: str, mark: Seat, outcome: str,
           more: Mapping[str, Any] | None = None) -> Decided:
    """Mark the seat, go on from its leg, and write the story; those who are asked next learn of it."""
    shown = (more or {}).get("after") or answer.shown_hash
    row = decision_row(request, answer.verb, by=current.user.id, reason=reason, shown=shown, key=answer.key,
                       behalf=seat.for_member_id, level=seat.level,
                       data={"seat": str(seat.id), "found": levels.found(request), **(more or {})})
    _settle(seat, mark)
    asked = levels.advance(request, record, seat, outcome, row["id"])
    noted(request, answer.verb, reason)
    session().flush()
    add_decision(row)
    if asked:
        add_seats(asked)
        tell([request.id])
    return Decided(request, answer.verb, seconds=seconds_left(request), data=dict(row["data"]))


def _ask(request: ApprovalRequest, _record: Any, answer: Answer) -> Decided:
    seat = guards.require_seat(request)
    question = guards.require_reason(Verb.ASK, answer.reason)
    if request.paused_at is None:
        request.paused_at = clock.now()
    write(request, answer, reason=question, behalf=seat.for_member_id)
    return Decided(request, Verb.ASK, gone=False)


def _answer(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    if not guards.is_maker(request, current.user.id):
        raise Forbidden(_("Only whoever asked for %(reference)s answers questions about it.", reference=request.record_reference))
    if request.state != State.OPEN or request.paused_at is None:
        raise Conflict(_("No question is open."))
    said = guards.require_reason(Verb.ANSWER, answer.reason)
    levels.put_off(request, record, clock.now() - request.paused_at)
    request.paused_at = None
    write(request, answer, reason=said)
    tell([request.id])
    return Decided(request, Verb.ANSWER, gone=False)


def _delegate(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    seat = guards.require_seat(request)
    to = guards.require_delegate(request, answer.to, deciders_among(seats_of(request)), consulting.too_near(request, record, seat))
    consulting.no_opinion_of(request, [to])
    _settle(seat, Seat.DELEGATED)
    add_seats([seat_row(request, to, Asked.DELEGATED, seat.due_at, seat.for_member_id or seat.member_id, level=seat.level)])
    levels.watch(request, seat.member_id)
    reason = guards.require_reason(Verb.DELEGATE, answer.reason)
    write(request, answer, reason=reason, behalf=seat.for_member_id, data={"to": str(to), "name": words.people([to])[to]})
    tell([request.id])
    return Decided(request, Verb.DELEGATE)


def _snooze(request: ApprovalRequest, _record: Any, answer: Answer) -> Decided:
    seat = guards.require_seat(request)
    seat.snoozed_until = guards.require_later(answer.until)
    write(request, answer, data={"until": seat.snoozed_until.isoformat()})
    return Decided(request, Verb.SNOOZE)


def _comment(request: ApprovalRequest, _record: Any, answer: Answer) -> Decided:
    said = guards.require_reason(Verb.COMMENT, answer.reason)
    levels.require_concerned(request, current.user.id)
    write(request, answer, reason=said)
    return Decided(request, Verb.COMMENT, gone=False)


def _escalate(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    seat = guards.require_seat(request)
    rows = levels.escalated(Run(request, record), [seat])
    if not rows:
        raise Conflict(_("There is nobody above who could decide this."))
    consulting.no_opinion_of(request, [row["member_id"] for row in rows])
    add_seats(rows)
    reason = guards.require_reason(Verb.ESCALATE, answer.reason)
    write(request, answer, reason=reason, data={"to": [str(row["member_id"]) for row in rows]})
    tell([request.id])
    return Decided(request, Verb.ESCALATE, gone=False)


def _undo(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    last = levels.last_approval(request)
    if last is None or last.by_id != current.user.id:
        raise Forbidden(_("Only whoever approved %(reference)s last can undo it.", reference=request.record_reference))
    levels.take_back(request, last)
    modifying.take_back(request, record, last)
    write(request, answer)
    return Decided(request, Verb.UNDO, gone=False)


def _settle(seat: ApprovalSeat, state: Seat) -> None:
    seat.state, seat.settled_at = state, clock.now()


VERBS: dict[Verb, Callable[[ApprovalRequest, Any, Answer], Decided]] = {
    Verb.APPROVE: _approve, Verb.RETURN: _no(Seat.RETURNED, "returned"), Verb.REJECT: _no(Seat.REJECTED, "rejected"),
    Verb.ASK: _ask, Verb.ANSWER: _answer, Verb.DELEGATE: _delegate, Verb.SNOOZE: _snooze, Verb.COMMENT: _comment,
    Verb.ESCALATE: _escalate, Verb.OPINION: consulting.ask_opinion, Verb.ADVISE: consulting.advise, Verb.ADD: consulting.add_approver,
    Verb.UNDO: _undo}

__all__ = ["Answer", "Decided", "decide", "seconds_left"]
