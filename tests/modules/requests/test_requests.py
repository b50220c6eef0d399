"""Requests go by the workflow of their kind, and everybody sees where they stand."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.core import settings, workflow
from app.core.approvals import ApprovalRequest, State
from app.core.approvals.case import Case
from app.core.approvals.clocks import escalate_overdue
from app.core.approvals.progress import progress
from app.core.notifications.models import Notification
from app.core.workflow import drafts, templates
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, Invalid
from app.kernel.registry import registry
from app.modules.requests.models import Request, Status
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House

PERMIT = {"kind": "permit", "title": "Hot work", "starts_on": "2027-03-01", "destination": "Quay 3"}


@pytest.fixture
def house(app: Flask) -> House:
    """The small organisation in which approvals are tried."""
    return House()


def made(house: House, **data: str) -> UUID:
    """A draft of the clerk's."""
    return house.do("clerk", "requests.request", "create", data=data).record_id


def submitted(house: House, **data: str) -> UUID:
    """What waits once the clerk submitted it."""
    outcome = house.do("clerk", "requests.request", "submit", [made(house, **data)])
    assert outcome.state == "parked"
    assert outcome.approval_id is not None
    return outcome.approval_id


def record(house: House, record_id: UUID) -> Request:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = work.get_one(Request, (house.organisation.id, record_id), populate_existing=True)
        work.expunge(found)
        return found


def way(house: House, request_id: UUID) -> dict[str, Any]:
    """Where a request stands, as the page of its record says."""
    with house.as_("clerk"):
        found = session().get_one(ApprovalRequest, (house.organisation.id, request_id), populate_existing=True)
        return progress(Case(found))


def in_force(house: House, approval: str, template: str) -> None:
    """Put a template in force."""
    drawn = next(each for each in templates.TEMPLATES if each.key == template)
    with house.as_("owner"):
        governed = next(each for each in drafts.governed() if each.approval.key == approval)
        found = workflow.workflow_of(registry.approvals[approval], governed.action.name)
        version = perform_one("workflow.workflow_version", "create", data={"workflow": str(found)}).record
        drafts.write(version, drawn.draw(governed.action.name))
        session().flush()
        drafts.activate(version)


def requisition(house: House, amount: str) -> UUID:
    """A requisition of the clerk's for an amount, submitted."""
    line = {"description": "Bolts", "quantity": "1", "unit": "set", "unit_price": amount, "cost_centre": "R-1"}
    data = {"title": "Bolts", "justification": "Worn", "department": str(house.departments["roads"]), "supplier": str(house.supplier),
            "needed_by": "2027-01-01", "lines": [line]}
    record_id = house.do("clerk", "procurement.requisition", "create", data=data).record_id
    found = house.do("clerk", "procurement.requisition", "submit", [record_id]).approval_id
    assert found is not None
    return found


@pytest.mark.requirement("OF-399", "OF-404")
def test_a_permit_goes_from_step_to_step_and_none_can_be_skipped(house: House) -> None:
    request_id = submitted(house, **PERMIT)
    seen = way(house, request_id)
    assert [step["label"] for step in seen["steps"]] == ["Made", "Submitted", "Manager approval", "HSE approval", "Publish"]
    assert (seen["at"], seen["of"], [step["state"] for step in seen["steps"]]) == (3, 5, ["done", "done", "now", "later", "later"])
    with pytest.raises(Forbidden):
        house.decide(request_id, "hanna")
    house.decide(request_id, "manager")
    assert (way(house, request_id)["at"], house.waits_for(request_id)) == (4, ["hanna"])
    house.decide(request_id, "hanna")
    assert house.later(400) >= 1
    seen = way(house, request_id)
    assert (seen["at"], seen["through"], {step["state"] for step in seen["steps"]}) == (5, 5, {"done"})
    assert record(house, house.request(request_id).record_id).status == Status.PUBLISHED


@pytest.mark.requirement("OF-404", "OF-405")
def test_the_record_shows_how_far_it_is_and_who_decided_when(house: House, app: Flask) -> None:
    request_id = submitted(house, **PERMIT)
    house.decide(request_id, "manager", reason="Fire watch agreed.")
    reference = record(house, house.request(request_id).record_id).reference
    page = Browser(app, house, "clerk").get(f"/requests/requests/{reference}/").text
    for words in ("Step 2/2", "Manager approval", "HSE approval", "Manager", "Approved"):
        assert words in page
    house.decide(request_id, "hanna")
    house.later(400)
    story = Browser(app, house, "clerk").get(f"/inbox/{house.request(request_id).reference}/").text
    for words in ("Manager", "Hanna", "Fire watch agreed.", "Step 5 of 5: Publish"):
        assert words in story


@pytest.mark.requirement("OF-400", "LG-313")
def test_only_what_is_above_the_limit_goes_to_the_cfo_and_a_refusal_ends_it(house: House) -> None:
    with house.as_("owner"):
        settings.set("procurement.first_limit", 10_000)
    in_force(house, "procurement.requisition", "purchase")
    small, large = requisition(house, "9999"), requisition(house, "10001")
    for request_id in (small, large):
        assert house.waits_for(request_id) == ["manager"]
        house.decide(request_id, "manager")
    assert (house.request(small).state, house.waits_for(small)) == (State.HELD, [])
    assert house.waits_for(large) == ["felix", "fiona", "freya"]
    house.decide(large, "felix")
    assert house.request(large).state == State.HELD
    refused = requisition(house, "10001")
    house.decide(refused, "manager", "reject", reason="Not this year.")
    assert (house.request(refused).state, house.waits_for(refused)) == (State.REJECTED, [])
    assert house.request(refused).last_reason == "Not this year."


@pytest.mark.requirement("OF-401")
def test_two_are_asked_at_once_and_it_moves_on_after_both(house: House) -> None:
    request_id = submitted(house, kind="contract", title="Crane hire", counterparty="Acorn", amount="500")
    assert sorted(house.waits_for(request_id)) == ["felix", "fiona", "freya", "owner"]  # nobody is an approver here: the owner stands in
    house.decide(request_id, "fiona")
    assert house.waits_for(request_id) == ["owner"]
    house.decide(request_id, "owner")
    assert house.waits_for(request_id) == ["manager"]


@pytest.mark.requirement("OF-402", "OF-403")
def test_after_a_day_the_next_one_above_is_asked_and_each_is_told_once(house: House) -> None:
    request_id = submitted(house, **PERMIT)
    house.later(1)
    assert told(house, request_id) == {"manager": 1}
    with clock.at(clock.now() + timedelta(hours=24, minutes=1)):
        with acting(house.organisation, SYSTEM, channel="schedule"):
            assert escalate_overdue() == 1
        assert house.waits_for(request_id) == ["director", "manager"]
        house.later(1)
        assert told(house, request_id)["director"] == 1
        house.decide(request_id, "director")
        house.later(1)
        assert told(house, request_id)["hanna"] == 1


def told(house: House, request_id: UUID) -> dict[str, int]:
    """How many notices each got that something waits for them."""
    names = {value: key for key, value in house.ids.items()}
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        rows = work.execute(select(Notification.member_id, func.count()).where(
            Notification.kind == "approval", Notification.record_id == request_id).group_by(Notification.member_id)).all()
    return {names[row[0]]: row[1] for row in rows}


def test_days_are_counted_and_must_be_possible(house: House) -> None:
    leave = record(house, made(house, kind="leave", title="Summer", starts_on="2027-07-01", ends_on="2027-07-20"))
    assert (leave.days, leave.requester_id, leave.department_id) == (20, house.ids["clerk"], house.departments["roads"])
    with pytest.raises(Invalid):
        made(house, kind="leave", title="Summer")
    with pytest.raises(Invalid):
        made(house, kind="travel", title="Yard", starts_on="2027-07-02", ends_on="2027-07-01")


def test_a_kind_that_is_changed_while_it_waits_goes_by_its_own_workflow(house: House) -> None:
    request_id = submitted(house, **PERMIT)
    house.do("clerk", "requests.request", "edit", [house.request(request_id).record_id], {"kind": "import_change_set"})
    found = house.request(request_id)
    assert (found.approval, found.round) == ("requests.import_change_set", 2)
    assert house.waits_for(request_id) == ["owner"]


def test_what_is_withdrawn_can_be_opened_and_asked_for_again(house: House) -> None:
    request_id = submitted(house, **PERMIT)
    record_id = house.request(request_id).record_id
    house.do("clerk", "requests.request", "withdraw", [record_id])
    assert (house.request(request_id).state, house.waits_for(request_id)) == (State.CANCELLED, [])
    house.do("clerk", "requests.request", "reopen", [record_id])
    again = house.do("clerk", "requests.request", "submit", [record_id])
    assert (again.state, again.approval_id != request_id) == ("parked", True)


def test_requests_of_others_are_not_seen_until_they_are_published(house: House, app: Flask) -> None:
    request_id = submitted(house, **PERMIT)
    reference = record(house, house.request(request_id).record_id).reference
    address = f"/requests/requests/{reference}/"
    assert Browser(app, house, "fiona").get(address).status_code == 404
    assert Browser(app, house, "manager").get(address).status_code == 200  # asked to decide it
    for name in ("manager", "hanna"):
        house.decide(request_id, name)
    house.later(400)
    assert Browser(app, house, "fiona").get(address).status_code == 200


def test_a_version_of_one_kind_begins_with_a_template_and_leaves_the_others(house: House, app: Flask) -> None:
    owner = Browser(app, house, "owner")
    design = "/workflow/designs/requests.request/submit.leave/"
    page = owner.get(design).text
    for words in ("Leave", "Begin from a template", "Policy document", "Manager approval"):
        assert words in page
    answer = owner.post(design, template="policy_document")
    assert answer.status_code == 303
    assert "Half of the managers" in owner.get(answer.location.removeprefix(owner.root)).text
    assert owner.post(design, template="purchase").status_code == 404


def test_what_was_submitted_reads_as_waiting_until_it_is_decided(house: House, app: Flask) -> None:
    made(house, **{**PERMIT, "title": "Cold work"})
    request_id = submitted(house, **PERMIT)
    reference, browser = house.request(request_id).record_reference, Browser(app, house, "clerk")

    def said() -> dict[str, str]:
        """What the list says of each request, and the page of the one that was submitted."""
        rows = re.findall(r"<tr\b.*?</tr>", browser.get("/requests/requests/").text, re.DOTALL)
        found = {title: row for title in ("Hot work", "Cold work") for row in rows if title in row}
        return {**found, "page": browser.get(f"/requests/requests/{reference}/").text.partition("<h1")[2].partition("</h1>")[0]}

    def states() -> dict[str, list[str]]:
        return {name: sorted(set(re.findall(r"\b(Waiting|Draft)\b", text))) for name, text in said().items()}

    assert states() == {"Hot work": ["Waiting"], "Cold work": ["Draft"], "page": ["Waiting"]}
    house.decide(request_id, "manager", "return", reason="Which quay?")
    assert states() == {"Hot work": ["Draft"], "Cold work": ["Draft"], "page": ["Draft"]}
