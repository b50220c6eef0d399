"""What time does to requests: a wait is over, those asked are reminded; past its limit a step goes upwards, to those it names, and ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import notifications, workflow
from app.core.approvals import levels, timing
from app.core.approvals.effects import hold
from app.core.approvals.events import ApprovalDecided
from app.core.approvals.guards import lock
from app.core.approvals.legs import OPEN, Leg
from app.core.approvals.models import ApprovalRequest, ApprovalSeat, State, Verb
from app.core.approvals.requests import add_decision, decision_row, tell
from app.core.approvals.rounds import noted
from app.core.approvals.running import Run
from app.core.approvals.seats import add_seats
from app.core.approvals.showing import heading
from app.core.approvals.telling import address
from app.core.workflow import Limit
from app.kernel import clock
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, NotFound
from app.kernel.events import publish

AT_ONCE = 200
LATER = timedelta(hours=1)  # when something stood in the way
ENDS = {"approve": "approved", "reject": "rejected", "cancel": "cancelled"}
VERBS = {"approved": Verb.APPROVE, "done": Verb.APPROVE, "rejected": Verb.REJECT, "cancelled": Verb.WITHDRAW}


def escalate_overdue() -> int:
    """Do what is due to every open request; gives how many. Each is a piece of work of its own."""
    query = select(ApprovalRequest.id).where(ApprovalRequest.state == State.OPEN, ApprovalRequest.escalate_at <= clock.now(),
                                             ApprovalRequest.paused_at.is_(None))
    with unit_of_work() as work:
        ids = list(work.scalars(query.order_by(ApprovalRequest.escalate_at).limit(AT_ONCE)))
    return sum(_serve(request_id) for request_id in ids)


def _serve(request_id: UUID) -> bool:
    with unit_of_work():
        try:
            request, record = lock(request_id)
        except NotFound:
            return False
        now = clock.now()
        if request.state != State.OPEN or request.paused_at is not None or request.escalate_at is None or request.escalate_at > now:
            return False
        run = Run(request, record)
        due = [number for number, leg in enumerate(run.legs, 1) if leg.state == OPEN and leg.next_at and leg.next_at <= now]
        try:
            with session().begin_nested():
                for number in due:
                    if run.legs[number - 1].state == OPEN:
                        _act(run, number, now)
        except Conflict:  # nobody is left to ask: that is on the page of what is stuck, and tried again later
            session().refresh(request)
            request.escalate_at = now + LATER
        return True


def _act(run: Run, number: int, now: datetime) -> None:
    """What time does to one leg."""
    leg = run.legs[number - 1]
    if leg.kind == "wait":
        _go_on(run, leg, "done", "")
        return
    limit = run.step(leg.path).limit
    if limit is None:
        return
    if timing.is_reminder(leg, now):
        _remind(run, number, limit, now)
    elif leg.climbs < limit.climbs or (leg.climbs == limit.climbs and limit.then):
        _climb(run, number, limit, now)
    elif limit.end and not (limit.end == "approve" and (leg.colour == "RED" or leg.kind in ("sign", "form"))):
        outcome = run.step(leg.path).good if limit.end == "approve" else ENDS[limit.end]
        _go_on(run, leg, outcome, _("Nobody answered in time: the workflow says so."))
    else:
        _write(run, number, replace(leg, next=""))


def _remind(run: Run, number: int, limit: Limit, now: datetime) -> None:
    leg, key = run.legs[number - 1], f"reminder:{run.request.id}:{run.request.round}:{number}:{run.legs[number - 1].next}"
    for member_id in {seat.member_id for seat in run.waiting(number)}:
        notifications.notify(member_id, "approval", lambda: _("Still waiting for you: %(title)s", title=heading(run.request)),
                             address(run.request), record=run.request, key=key)
    begin = min((seat.asked_at for seat in run.seats(number)), default=now)
    _write(run, number, timing.reminded(leg, limit, run.record, begin, now))


def _climb(run: Run, number: int, limit: Limit, now: datetime) -> None:
    """Ask those above, so many times; then those whom the step names; the next limit is as long as the first."""
    leg, waiting = run.legs[number - 1], run.waiting(number)
    last = leg.climbs == limit.climbs
    rows = _named(run, limit, waiting) if last else levels.escalated(run, waiting)
    further = bool(limit.end or limit.then) or leg.climbs + 1 < limit.climbs
    due = timing.ends(limit, run.record, now).isoformat() if further else ""
    run.request.escalations += not last
    _write(run, number, replace(leg, climbs=leg.climbs + 1, next=due))
    if not rows:
        return
    said = _("Nobody answered within %(limit)s.", limit=timing.in_words(limit))
    noted(run.request, Verb.ESCALATE, said)
    session().flush()
    add_seats(rows)
    add_decision(decision_row(run.request, Verb.ESCALATE, by=current.user.id, reason=said, level=number,
                              data={"to": [str(row["member_id"]) for row in rows]}))
    tell([run.request.id])


def _named(run: Run, limit: Limit, waiting: list[ApprovalSeat]) -> list[dict[str, object]]:
    people = workflow.found(run.directory, limit.then, run.about(), set()) if limit.then else []
    return levels.named(run, people, waiting) if waiting else []


def _go_on(run: Run, leg: Leg, outcome: str, said: str) -> None:
    """End a step without anybody's answer."""
    verb = VERBS[outcome] if leg.kind != "wait" else Verb.COMMENT
    said = said or _("The time of “%(step)s” has come.", step=leg.name)
    row = decision_row(run.request, verb, by=SYSTEM_ID, reason=said, level=run.legs.index(leg) + 1)
    run.happened(leg.path, leg.visit, outcome)
    if run.reached_effect:
        hold(run.request, row["id"])
    noted(run.request, verb, said)
    session().flush()
    add_seats(run.rows)
    add_decision(row)
    run.rows.clear()
    tell([run.request.id])
    if leg.kind != "wait":
        publish(ApprovalDecided(run.request.id, verb.value, SYSTEM_ID))


def _write(run: Run, number: int, leg: Leg) -> None:
    run.legs[number - 1] = leg
    run.keep()


