"""Others are drawn in: a second opinion, which decides nothing, and a further approver, whose approval is needed too."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import workflow
from app.core.approvals import guards, standing, words
from app.core.approvals.answers import Answer, Decided, write
from app.core.approvals.legs import leg_at
from app.core.approvals.models import ApprovalDecision, ApprovalRequest, ApprovalSeat, Asked, Seat, Verb
from app.core.approvals.requests import tell
from app.core.approvals.running import Run, deciders_among, places_among
from app.core.approvals.seats import add_seats, seat_row, seats_of
from app.kernel import clock
from app.kernel.db import session

STANCES = {"for": Seat.FAVOURS, "against": Seat.OPPOSES}


def ask_opinion(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    """Ask somebody what they think. The step goes on meanwhile, and needs no answer of theirs."""
    seat = guards.require_seat(request)
    to = guards.require_adviser(request, answer.to, too_near(request, record, seat))
    question = guards.require_reason(Verb.OPINION, answer.reason)
    add_seats([seat_row(request, to, Asked.OPINION, seat.due_at, level=seat.level)])
    write(request, answer, reason=question, behalf=seat.for_member_id, data=_named(to))
    tell([request.id], only=[to])
    return Decided(request, Verb.OPINION, gone=False)


def advise(request: ApprovalRequest, _record: Any, answer: Answer) -> Decided:
    """Say what one thinks of it, for or against, to those who decide."""
    seat = guards.require_opinion_seat(request)
    mark = STANCES[guards.require_stance(answer.stance, STANCES)]
    said = guards.require_reason(Verb.ADVISE, answer.reason)
    seat.state, seat.settled_at = mark, clock.now()
    write(request, answer, reason=said, data={"stance": answer.stance})
    return Decided(request, Verb.ADVISE)


def add_approver(request: ApprovalRequest, record: Any, answer: Answer) -> Decided:
    """Ask somebody to approve as well: the step is not over before they have. Who stands in for them is asked in their place."""
    seat = guards.require_seat(request)
    run = Run(request, record)
    step = run.step(run.legs[seat.level - 1].path)
    heard = run.barred(step) | deciders_among(run.seats(seat.level))
    near = workflow.conflicted(run.directory, step.apart, record)
    to = guards.require_delegate(request, answer.to, heard, near, places_among(run.seats(seat.level)))
    reason = guards.require_reason(Verb.ADD, answer.reason)
    no_opinion_of(request, [to])
    row = seat_row(request, to, Asked.ADDED, seat.due_at, level=seat.level)
    rows = standing.handed_over(request, record, [row], run.directory, heard | {each.member_id for each in run.waiting(seat.level)})
    add_seats(rows)
    write(request, answer, reason=reason, behalf=seat.for_member_id, data=_named(to))
    tell([request.id], only=[each["member_id"] for each in rows])
    return Decided(request, Verb.ADD, gone=False)


def question_to(request: ApprovalRequest, member_id: UUID) -> dict[str, str] | None:
    """What a member was asked last, and by whom."""
    line = last_question(request, member_id)
    return {"who": words.people([line.by_id])[line.by_id], "text": line.reason} if line is not None else None


def last_question(request: ApprovalRequest, member_id: UUID) -> ApprovalDecision | None:
    """The step by which somebody asked for a member's opinion."""
    return session().scalars(select(ApprovalDecision).where(
        ApprovalDecision.request_id == request.id, ApprovalDecision.verb == Verb.OPINION,
        ApprovalDecision.data["to"].astext == str(member_id)).order_by(
        ApprovalDecision.at.desc(), ApprovalDecision.id.desc()).limit(1)).first()


def too_near(request: ApprovalRequest, record: Any, seat: ApprovalSeat) -> set[UUID]:
    """Who has an interest of their own in what a step decides."""
    leg = leg_at(request, seat.level)
    graph = workflow.graph_of_version(request.version_id) if request.version_id else None
    return workflow.conflicted(workflow.Directory(), graph.place(leg.path)[1].apart, record) if graph else set()


def no_opinion_of(request: ApprovalRequest, members: Iterable[UUID]) -> None:
    """Who is asked to decide is asked for no opinion any more."""
    for seat in seats_of(request, Seat.WAITING):
        if seat.asked == Asked.OPINION and seat.member_id in set(members):
            seat.state, seat.settled_at = Seat.SETTLED, clock.now()


def _named(to: UUID) -> dict[str, str]:
    return {"to": str(to), "name": words.people([to])[to]}
