"""The pages of workflows: a version is made, its steps are changed, another administrator agrees, and requests go by it."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access
from app.core.approvals import ApprovalRequest, State
from app.core.audit.history import Filters, listed
from app.core.workflow.models import Stage, WorkflowVersion
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House

DESIGN = "/workflow/designs/procurement.payment/release/"
SAFETY = {"do": "set", "path": "step", "label": "Safety", "kind": "approve", "colour": "GREEN", "who": "role:hse_manager",
          "needs": "any:0", "four_eyes": "true"}


@pytest.fixture
def house(app: Flask) -> House:
    """The small organisation in which approvals are tried."""
    return House()


@pytest.fixture
def owner(app: Flask, house: House) -> Browser:
    """Who may change workflows."""
    return Browser(app, house, "owner")


def draft(owner: Browser) -> str:
    """The address of a new version."""
    answer = owner.post(DESIGN)
    assert answer.status_code == 303, answer.text[-3000:]
    return re.search(r"/workflow/designs/WFV[^?]*", answer.location).group()  # type: ignore[union-attr]


def versions(house: House) -> list[WorkflowVersion]:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = list(work.scalars(select(WorkflowVersion).where(WorkflowVersion.stage != Stage.RETIRED).order_by(WorkflowVersion.number)))
        for each in found:
            work.expunge(each)
        return found


def test_every_action_that_is_agreed_is_listed_and_drawn(owner: Browser) -> None:
    page = owner.get("/workflow/designs/").text
    for words in ("Release of a payment", "Close-out of an incident", "Change of a workflow", "As delivered"):
        assert words in page
    page = owner.get(DESIGN).text
    for words in ("<svg", "The manager of “Department”", "Finance approver", "Takes effect", "New version"):
        assert words in page


def test_members_see_no_workflows(app: Flask, house: House) -> None:
    clerk = Browser(app, house, "clerk")
    assert clerk.get("/workflow/designs/").status_code == 403
    assert clerk.post(DESIGN).status_code == 403


def test_requests_go_by_a_version_once_another_administrator_agreed(owner: Browser, app: Flask, house: House) -> None:
    with house.as_("owner"):
        access.grant_further(house.ids["director"], "admin")
    place = draft(owner)
    assert owner.post(f"{place}/steps", do="add", path="submit").location.endswith("?step=step#step-form")
    assert 'id="step-form"' in owner.get(f"{place}?step=step").text
    assert owner.post(f"{place}/steps", **SAFETY, amount="8", unit="hours").status_code == 303
    page = owner.get(place).text
    assert "Safety" in page
    assert "Within 8 hours" in page
    assert owner.post(f"{place}/activate").status_code == 303
    assert house.payment("10").state == "done"
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        request_id = work.scalars(select(ApprovalRequest.id).where(ApprovalRequest.approval == "workflow.activation")).one()
    assert house.waits_for(request_id) == ["director"]
    house.decide(request_id, "director")
    assert house.later(400) >= 1
    assert house.request(request_id).state == State.EFFECTED
    assert versions(house)[0].stage == Stage.ACTIVE
    assert house.waits_for(house.waiting("10")) == ["hanna"]
    assert owner.post(f"{place}/steps", do="remove", path="step").status_code == 409
    assert "Version 2" in owner.get(DESIGN).text


def test_what_is_wrong_is_said_at_its_place_and_nothing_is_put_in_force(owner: Browser, house: House) -> None:
    place = draft(owner)
    owner.post(f"{place}/steps", do="add", path="submit")
    wrong = {"do": "set", "path": "step", "label": "Safety", "kind": "sign", "colour": "GREEN", "who": "", "needs": "any:0", "amount": "x"}
    answer = owner.post(f"{place}/steps", **wrong)
    assert answer.status_code == 422
    for words in ("Say who decides.", "Say what the signature means.", "Write a whole number above zero.", 'value="Safety"'):
        assert words in answer.text
    said = wrong | {"kind": "approve", "who": "role:client", "amount": ""}
    assert owner.post(f"{place}/steps", **said).status_code == 303
    assert "This step asks nobody." in owner.get(place).text
    assert owner.post(f"{place}/activate").status_code == 422
    assert [each.stage for each in versions(house)] == [Stage.DRAFT]


def test_a_condition_that_means_nothing_is_refused_with_its_place(owner: Browser) -> None:
    place = draft(owner)
    owner.post(f"{place}/steps", do="add", path="submit")
    said = {"do": "set", "path": "step", "label": "", "kind": "approve", "colour": "GREEN", "who": "role:admin", "needs": "any:0",
            "when": "amuont > 5"}
    answer = owner.post(f"{place}/steps", **said)
    assert answer.status_code == 422
    assert "amuont" in answer.text


def test_steps_stand_beside_each_other_move_and_go(owner: Browser) -> None:
    place = draft(owner)
    owner.post(f"{place}/steps", do="beside", path="level_1")
    page = owner.get(place).text
    assert "At the same time" in page
    owner.post(f"{place}/steps", do="unwrap", path="together", branch="branch_2")
    assert "At the same time" not in owner.get(place).text
    owner.post(f"{place}/steps", do="earlier", path="level_2")
    page = owner.get(place).text
    assert page.index('id="step-level_2"') < page.index('id="step-level_1"')
    owner.post(f"{place}/steps", do="later", path="level_2")
    page = owner.get(place).text
    assert page.index('id="step-level_1"') < page.index('id="step-level_2"')
    owner.post(f"{place}/steps", do="add", kind="wait", path="level_2")
    assert 'id="step-rest"' in owner.get(place).text
    owner.post(f"{place}/steps", do="remove", path="level_2")
    assert 'id="step-level_2"' not in owner.get(place).text


def test_a_step_is_linked_and_what_nothing_leads_to_any_more_is_said_at_its_place(owner: Browser) -> None:
    place = draft(owner)
    assert owner.post(f"{place}/steps", do="link", path="submit", to="level_2").status_code == 303
    page = owner.get(place).text
    assert "No way leads to this step." in page
    assert "1 thing to mend" in page
    assert 'href="#step-level_1"' in page
    assert owner.post(f"{place}/activate").status_code == 422
    owner.post(f"{place}/steps", do="behind", path="level_1", to="submit")
    assert "No way leads to this step." not in owner.get(place).text
    answer = owner.post(f"{place}/steps", do="add", path="level_1", kind="review")
    assert answer.location.endswith("?step=review#step-form")
    assert owner.post(f"{place}/steps", **(SAFETY | {"path": "review", "kind": "review", "onward": "effect"})).status_code == 303
    assert "On to “Takes effect”" in owner.get(place).text


def test_changes_are_taken_back_one_by_one_and_the_draft_begins_as_it_was(owner: Browser, house: House) -> None:
    place = draft(owner)
    begun = [each.graph for each in versions(house)]
    assert ">Undo<" not in owner.get(place).text
    owner.post(f"{place}/steps", do="add", path="submit")
    owner.post(f"{place}/steps", **SAFETY)
    owner.post(f"{place}/steps", do="remove", path="level_1")
    assert 'id="step-level_1"' not in owner.get(place).text
    owner.post(f"{place}/steps", do="undo")
    page = owner.get(place).text
    assert 'id="step-level_1"' in page
    assert "Safety" in page
    owner.post(f"{place}/steps", do="undo")
    owner.post(f"{place}/steps", do="undo")
    assert [each.graph for each in versions(house)] == begun
    assert owner.post(f"{place}/steps", do="undo").status_code == 404


@pytest.mark.parametrize("said", [{"do": "remove", "path": "effect"}, {"do": "add", "path": "nowhere"}, {"do": "later", "path": "level_2"},
                                  {"do": "behind", "path": "level_1", "to": "end"}, {"do": "behind", "path": "submit", "to": "level_1"},
                                  {"do": "link", "path": "level_1", "to": "submit"}, {"do": "add", "path": "submit", "kind": "effect"},
                                  {"do": "nothing", "path": "submit"}])
def test_what_cannot_be_done_is_not_found(owner: Browser, said: dict[str, str]) -> None:
    assert owner.post(f"{draft(owner)}/steps", **said).status_code == 404


def test_another_workflow_stands_inside_one_and_a_request_goes_through_it(owner: Browser, house: House) -> None:
    place = re.search(r"/workflow/designs/WFV[^?]*", owner.post("/workflow/designs/requests.request/submit.deployment/").location)[0]  # type: ignore[index]
    for path in re.findall(r'data-path="([^"]*)" data-after', owner.get(place).text):
        owner.post(f"{place}/steps", do="remove", path=path)
    owner.post(f"{place}/steps", do="add", kind="sub", path="submit")
    page = owner.get(f"{place}?step=inside").text
    assert "Something is missing here" in page
    assert '<option value="requests.letter" >Draft letter</option>' in page
    assert "requests.deployment" not in page
    assert owner.post(f"{place}/steps", do="set", path="inside", workflow="procurement.payment").status_code == 422
    assert owner.post(f"{place}/steps", do="set", path="inside", workflow="requests.letter").status_code == 303
    within = re.findall(r'id="step-inside-([^"]*)"', owner.get(place).text)
    assert within
    owner.post(f"{place}/steps", **(SAFETY | {"path": f"inside.{within[0]}", "label": "Inside first"}))
    for rest in within[1:]:
        owner.post(f"{place}/steps", do="remove", path=f"inside.{rest}")
    assert "things to mend" not in owner.get(place).text
    with house.as_("owner") as work:
        work.scalars(select(WorkflowVersion).where(WorkflowVersion.stage == Stage.DRAFT)).one().stage = Stage.ACTIVE
    made = house.do("clerk", "requests.request", "create", data={"kind": "deployment", "title": "Crane software"})
    asked = house.do("clerk", "requests.request", "submit", [made.record_id])
    assert asked.approval_id is not None
    assert house.waits_for(asked.approval_id) == ["hanna"]
    house.decide(asked.approval_id, "hanna")
    house.later(400)
    assert house.request(asked.approval_id).state == State.EFFECTED


def test_the_trail_tells_the_steps_as_their_page_does(owner: Browser, house: House) -> None:
    version = draft(owner)
    assert owner.post(f"{version}/steps", do="add", path="submit").status_code == 303
    assert owner.post(f"{version}/steps", **SAFETY).status_code == 303
    with house.as_("owner"):
        told = [(change.before, change.after) for entry in listed(Filters()).entries for change in entry.changes if change.label == "Steps"]
    assert told, "making and changing a version is in the trail"
    for said in filter(None, (each for pair in told for each in pair)):
        assert "Finance approver" in said
        assert "Takes effect" in said
        assert "{" not in said
    assert any("Safety: HSE manager · One of them is enough." in after for _before, after in told)
