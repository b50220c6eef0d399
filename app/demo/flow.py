"""The last days of an organisation, played through the door: reported, asked for, decided, waiting."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from app.core import approvals, people
from app.core.approvals import ApprovalRequest, ApprovalSeat, Seat, State, Verb
from app.core.people import Member
from app.demo.staff import Staff
from app.kernel import clock
from app.kernel.current import acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.modules.hse.demo import OUTCOMES, PLACES, RESULTS, STORIES
from app.modules.procurement.demo import SUPPLIERS, WANTS, Want
from app.modules.procurement.models import Supplier

INCIDENTS, REQUISITIONS, PAYMENTS = 12, 24, 9
REASONS = ("Please attach the second quotation.", "Wrong cost centre: this belongs to the site budget.", "Can it wait until next month?")
REFUSALS = ("We have three of these in the store.", "Covered by the framework contract; order from there.")


def play(staff: Staff, dice: random.Random) -> None:
    """Report, ask, pay and decide over the last nine days, the oldest first; what came last still waits."""
    now = clock.now()
    steps = [(now - timedelta(hours=hours), step) for step, count in ((_report, INCIDENTS), (_ask, REQUISITIONS), (_pay, PAYMENTS))
             for hours in sorted((dice.uniform(2, 210) for _n in range(count)), reverse=True)]
    for moment, step in sorted(steps, key=lambda each: each[0]):
        step(staff, dice, moment)
    _decide(staff, dice, now)


def _report(staff: Staff, dice: random.Random, moment: datetime) -> None:
    story, reporter = dice.choice(STORIES[staff.house.trade]), dice.choice(workers(staff))
    data = {"title": story.title.format(place=dice.choice(PLACES[staff.house.trade])), "kind": story.kind.value,
            "site": str(dice.choice(staff.sites).id), "department": str(reporter.department_id),
            "occurred_at": (moment - timedelta(hours=1)).isoformat(), "actual_severity": story.actual,
            "potential_severity": story.potential, "actual_likelihood": dice.choice((1, 2, 3)),
            "potential_likelihood": dice.choice((1, 2, 3)),
            "narrative": story.account,
            "immediate_action": story.at_once}
    with acting_at(reporter, moment):
        incident_id = perform_one("hse.incident", "create", data=data).record_id
    lead = staff.with_role("hse_manager")[0]
    with acting_at(lead, moment + timedelta(hours=1)):
        steps = [perform_one("hse.corrective_action", "create", data={
            "title": title, "incident": str(incident_id), "owner": str(dice.choice(staff.leads).id),
            "due_on": (moment + timedelta(days=dice.choice((1, 3, 14)))).date().isoformat()}).record_id for title in story.steps]
    if dice.random() < 0.4:
        _close(staff, dice, incident_id, steps, moment + timedelta(hours=2))


def _close(staff: Staff, dice: random.Random, incident_id: Any, steps: list[Any], moment: datetime) -> None:
    """Another manager has everything done and asks for the close-out."""
    asker = dice.choice([m for m in staff.with_role("manager") if m not in staff.with_role("hse_manager")])
    with acting_at(asker, moment):
        for step in steps:
            perform_one("hse.corrective_action", "complete", step, {"result": dice.choice(RESULTS)})
        perform_one("hse.incident", "close", incident_id, {"outcome": dice.choice(OUTCOMES)})


def _ask(staff: Staff, dice: random.Random, moment: datetime) -> None:
    want, asker = dice.choice(WANTS[staff.house.trade]), dice.choice(workers(staff))
    with acting_at(asker, moment):
        made = perform_one("procurement.requisition", "create", data={
            "title": want.title, "justification": want.why, "supplier": str(_supplier(staff, want).id),
            "department": str(asker.department_id), "site": str(dice.choice(staff.sites).id),
            "needed_by": (moment + timedelta(days=dice.randint(10, 40))).date().isoformat(),
            "lines": [_line(staff, dice, item) for item in want.items]}).record
        if dice.random() < 0.85:
            perform_one("procurement.requisition", "submit", made.id)


def _line(staff: Staff, dice: random.Random, item: Any) -> dict[str, Any]:
    centre = f"{staff.house.cost_centre}-{dice.randint(110, 480)}"
    return {"description": item.description, "quantity": dice.randint(1, item.most), "unit": item.unit,
            "unit_price": f"{dice.uniform(item.lowest, item.highest):.2f}", "cost_centre": centre}


def _pay(staff: Staff, dice: random.Random, moment: datetime) -> None:
    clerk, want = staff.with_role("payments_clerk")[0], dice.choice(WANTS[staff.house.trade])
    amount = dice.uniform(*dice.choice(((5_200, 14_000), (15_000, 48_000), (52_000, 90_000), (120, 4_800))))
    with acting_at(clerk, moment):
        perform_one("procurement.payment", "create", data={
            "supplier": str(_supplier(staff, want).id), "amount": f"{amount:.2f}", "paid_on": moment.date().isoformat(),
            "purpose": want.title, "category": "Supplies and Services", "department": str(dice.choice(list(staff.departments.values())).id),
            "transaction_number": f"{staff.house.cost_centre}-9{int(moment.timestamp()) % 10_000_000:07d}", "capital_or_revenue": "R"})


def _decide(staff: Staff, dice: random.Random, now: datetime) -> None:
    """Whoever is asked answers what is older than a day or so; payments, and all that is RED, stay for the hands of the reader."""
    asked = (ApprovalSeat.request_id == ApprovalRequest.id) & (ApprovalSeat.organisation_id == ApprovalRequest.organisation_id)
    with unit_of_work():
        waiting = session().execute(
            select(ApprovalRequest.id, ApprovalSeat.member_id, ApprovalRequest.requested_at).join(ApprovalSeat, asked)
            .where(ApprovalRequest.state == State.OPEN, ApprovalSeat.state == Seat.WAITING,
                   ApprovalRequest.risk != "RED", ApprovalRequest.approval != "procurement.payment")
            .order_by(ApprovalRequest.requested_at)).all()
    by_id, done = {member.id: member for member in staff.members}, set()
    for request_id, member_id, asked_at in waiting:
        if request_id in done or now - asked_at < timedelta(hours=20) or dice.random() < 0.15:
            continue
        done.add(request_id)
        with acting_at(by_id[member_id], asked_at + timedelta(hours=dice.uniform(0.5, 18))):
            _answer(request_id, dice)


def _answer(request_id: Any, dice: random.Random) -> None:
    request = session().get_one(ApprovalRequest, (current.organisation.id, request_id))
    verb = dice.choices((Verb.APPROVE, Verb.RETURN, Verb.REJECT), (8, 1, 1))[0]
    reason = {Verb.RETURN: dice.choice(REASONS), Verb.REJECT: dice.choice(REFUSALS)}.get(verb, "")
    approvals.decide(request.id, verb, reason=reason, shown_hash=request.snapshot_hash, key=f"demo:{request.id}")


def workers(staff: Staff) -> list[Member]:
    """Those who do the work, without the named people."""
    return [member for member in staff.members if member not in staff.named.values()]


def _supplier(staff: Staff, want: Want) -> Supplier:
    name = SUPPLIERS[staff.house.trade][want.supplier]
    return session().scalars(select(Supplier).where(Supplier.name == name)).one()


@contextmanager
def acting_at(member: Member, moment: datetime) -> Iterator[Mapping[str, Any]]:
    """One piece of work by a member at a moment of the past."""
    actor = people.load_actor(current.organisation, member.id)
    with acting(current.organisation, actor, channel="page"), clock.at(moment), unit_of_work():
        yield {}
