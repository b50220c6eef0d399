"""The requests of the last days: written, submitted, answered in part, as whoever asks and whoever is asked."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from app.core import approvals
from app.core.approvals import ApprovalRequest, ApprovalSeat, Seat, State, Verb
from app.demo.flow import acting_at, workers
from app.demo.staff import Staff
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.modules.requests.demo import WISHES, Wish

KEY, ROUNDS = "requests.request", 2


def play(staff: Staff) -> None:
    """Ask, and let those who are asked answer a part of it; the dice are its own, so that the rest of the demo stays as it is."""
    dice, now = random.Random(f"opsflux wishes {staff.house.slug}"), clock.now()  # noqa: S311 -- the same demo every time
    for number, wish in enumerate(WISHES):
        _ask(staff, dice, wish, now - timedelta(hours=7 * (len(WISHES) - number) + dice.uniform(2, 6)), submit=number % 7 != 3)
    for _round in range(ROUNDS):
        _answer_some(staff, dice)


def _ask(staff: Staff, dice: random.Random, wish: Wish, moment: Any, *, submit: bool) -> None:
    asker, first = dice.choice(workers(staff)), moment.date() + timedelta(days=wish.ahead)
    days = {"starts_on": first.isoformat(), "ends_on": (first + timedelta(days=wish.days - 1)).isoformat()} if wish.ahead else {}
    said = {"destination": wish.place, "counterparty": wish.counterparty, "amount": str(wish.amount) if wish.amount else ""}
    with acting_at(asker, moment):
        made = perform_one(KEY, "create", data={"kind": wish.kind, "title": wish.title, "description": wish.why, **days,
                                                "site": str(dice.choice(staff.sites).id), **{k: v for k, v in said.items() if v}}).record
        if submit:
            perform_one(KEY, "submit", made.id)


def _answer_some(staff: Staff, dice: random.Random) -> None:
    """Half of what waits is answered, most of it well; nothing that is signed or RED."""
    with unit_of_work():
        waiting = session().execute(
            select(ApprovalRequest.id, ApprovalSeat.member_id, ApprovalSeat.asked_at, ApprovalRequest.steps, ApprovalRequest.level)
            .join(ApprovalSeat, (ApprovalSeat.request_id == ApprovalRequest.id)
                  & (ApprovalSeat.organisation_id == ApprovalRequest.organisation_id))
            .where(ApprovalRequest.resource == KEY, ApprovalRequest.state == State.OPEN, ApprovalRequest.risk != "RED",
                   ApprovalSeat.state == Seat.WAITING).order_by(ApprovalRequest.requested_at, ApprovalSeat.id)).all()
    by_id, done = {member.id: member for member in staff.members}, set()
    for request_id, member_id, asked_at, steps, level in waiting:
        if request_id in done or member_id not in by_id or steps[level - 1]["kind"] == "sign":
            continue
        done.add(request_id)
        if dice.random() < 0.5:
            with acting_at(by_id[member_id], asked_at + timedelta(hours=dice.uniform(0.5, 1.5))):
                _answer(request_id, dice)


def _answer(request_id: Any, dice: random.Random) -> None:
    request = session().get_one(ApprovalRequest, (current.organisation.id, request_id))
    verb = dice.choices((Verb.APPROVE, Verb.RETURN), (6, 1))[0]
    approvals.decide(request.id, verb, reason="Please add who stands in for you." if verb == Verb.RETURN else "",
                     shown_hash=request.snapshot_hash, key=f"wish:{request.id}:{request.level}:{current.user.id}")
