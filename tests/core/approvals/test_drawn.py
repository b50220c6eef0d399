"""Workflows that are made here: branches beside each other, ways after a refusal, limits with an end, waiting, versions in force."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.core import workflow
from app.core.approvals import ApprovalRequest, State
from app.core.approvals.clocks import escalate_overdue
from app.core.workflow import ALL, ANY, Condition, Decider, Graph, Limit, Share, Step, Way, drafts
from app.core.workflow.models import Stage
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.registry import registry
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House
from tests.core.workflow.graphs import ask, beside, graph, whole

FINANCE, HSE, OWNER = (Decider("role", "finance_approver"),), (Decider("role", "hse_manager"),), (Decider("role", "owner"),)
END = Step("end", "end")


def one(key: str, deciders: Any, **said: Any) -> Graph:
    """A branch in which one step asks."""
    return graph(ask(key, "end", deciders=deciders, **said), END)


def in_force(house: House, drawn: Graph) -> None:
    """Make payments go by a graph."""
    with house.as_("owner"):
        approval = registry.approvals["procurement.payment"]
        effect = replace(drawn.steps["effect"], effect="release")
        made = perform_one("workflow.workflow_version", "create", data={"workflow": str(workflow.workflow_of(approval, "release"))})
        version = drafts.write(made.record, replace(drawn, steps={**drawn.steps, "effect": effect}))
        session().flush()
        drafts.activate(version)


def pass_hours(house: House, hours: float) -> int:
    with clock.at(clock.now() + timedelta(hours=hours)), acting(house.organisation, SYSTEM, channel="schedule"):
        return escalate_overdue()


@pytest.fixture
def both() -> Graph:
    """Finance and health and safety beside each other, then the owner."""
    return whole(beside("checks", "last", ALL, one("money", FINANCE), one("safety", HSE)), ask("last", "effect", deciders=OWNER))


def test_branches_run_beside_each_other_and_join(house: House, both: Graph) -> None:
    in_force(house, both)
    request_id = house.waiting("10")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya", "hanna"]
    house.decide(request_id, "hanna")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]
    house.decide(request_id, "felix")
    assert house.waits_for(request_id) == ["owner"]
    house.decide(request_id, "owner")
    assert house.request(request_id).state == State.HELD
    assert house.later(400) >= 1
    assert house.request(request_id).state == State.EFFECTED
    assert house.request(request_id).standing["result"] == "approved"


def test_a_refusal_in_one_branch_ends_the_other(house: House, both: Graph) -> None:
    in_force(house, both)
    request_id = house.waiting("10")
    house.decide(request_id, "hanna", "reject", reason="Not safe.")
    assert house.request(request_id).state == State.REJECTED
    assert house.waits_for(request_id) == []


def test_one_of_two_branches_is_enough_where_any_is_asked(house: House) -> None:
    in_force(house, whole(beside("checks", "effect", ANY, one("money", FINANCE), one("safety", HSE))))
    request_id = house.waiting("10")
    house.decide(request_id, "hanna")
    assert house.request(request_id).state == State.HELD
    assert house.waits_for(request_id) == []
    with pytest.raises((Conflict, Forbidden)):
        house.decide(request_id, "felix")


def test_undo_puts_back_the_branches_as_they_stood(house: House, both: Graph) -> None:
    in_force(house, both)
    request_id = house.waiting("10")
    house.decide(request_id, "hanna")
    before = house.request(request_id)
    house.decide(request_id, "felix")
    house.decide(request_id, "felix", "undo")
    after = house.request(request_id)
    assert (after.standing, after.steps, after.level) == (before.standing, before.steps, before.level)
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]
    house.decide(request_id, "fiona")
    assert house.waits_for(request_id) == ["owner"]


def test_a_way_after_a_refusal_goes_on_elsewhere(house: House) -> None:
    in_force(house, whole(ask("money", "effect", Way("last", on="rejected"), deciders=FINANCE), ask("last", "effect", deciders=OWNER)))
    request_id = house.waiting("10")
    house.decide(request_id, "felix", "reject", reason="Ask the owner.")
    assert (house.request(request_id).state, house.waits_for(request_id)) == (State.OPEN, ["owner"])
    house.decide(request_id, "owner")
    assert house.request(request_id).state == State.HELD


def test_a_patient_step_bears_a_refusal_while_enough_others_can_agree(house: House) -> None:
    in_force(house, whole(ask("money", "effect", deciders=FINANCE, needs=Share("percent", 66), patient=True)))
    request_id = house.waiting("10")
    house.decide(request_id, "felix", "reject", reason="No.")
    assert (house.request(request_id).state, house.waits_for(request_id)) == (State.OPEN, ["fiona", "freya"])
    house.decide(request_id, "freya")
    house.decide(request_id, "fiona")
    assert house.request(request_id).state == State.HELD


def test_a_condition_passes_a_step_over_and_lets_small_ones_through(house: House) -> None:
    dear = Condition("amount > 500")
    in_force(house, whole(ask("money", "effect", deciders=FINANCE, when=dear)))
    assert house.payment("400").state == "done"
    assert house.waits_for(house.waiting("600")) == ["felix", "fiona", "freya"]


@pytest.mark.parametrize(("end", "state"), [("approve", State.HELD), ("reject", State.REJECTED), ("cancel", State.CANCELLED),
                                            ("", State.OPEN)])
def test_past_its_limit_a_step_ends_as_it_says(house: House, end: str, state: State) -> None:
    in_force(house, whole(ask("money", "effect", deciders=FINANCE, colour="GREEN", limit=Limit(4, climbs=0, end=end))))
    request_id = house.waiting("10")
    assert pass_hours(house, 3) == 0
    assert pass_hours(house, 5) == 1
    assert house.request(request_id).state == state


def test_a_red_step_is_never_approved_by_time(house: House) -> None:
    in_force(house, whole(ask("money", "effect", deciders=FINANCE, colour="RED", limit=Limit(4, climbs=0, end="approve"))))
    request_id = house.waiting("10")
    assert pass_hours(house, 5) == 1
    assert house.request(request_id).state == State.OPEN


def test_it_climbs_then_asks_those_whom_the_step_names(house: House) -> None:
    limit = Limit(4, climbs=1, then=HSE)
    in_force(house, whole(ask("money", "effect", deciders=(Decider("member", str(house.ids["manager"])),), limit=limit)))
    request_id = house.waiting("10")
    assert pass_hours(house, 5) == 1
    assert house.waits_for(request_id) == ["director", "manager"]
    assert pass_hours(house, 10) == 1
    assert house.waits_for(request_id) == ["director", "hanna", "manager"]


def test_those_who_are_asked_are_reminded_before_the_limit(house: House) -> None:
    in_force(house, whole(ask("money", "effect", deciders=HSE, limit=Limit(10, reminders=(4, 2)))))
    request_id = house.waiting("10")
    assert (pass_hours(house, 5), pass_hours(house, 6.5), pass_hours(house, 7), pass_hours(house, 8.5)) == (0, 1, 0, 1)
    assert house.waits_for(request_id) == ["hanna"]
    assert pass_hours(house, 10.5) == 1
    assert "director" in house.waits_for(request_id)


def test_a_wait_is_over_when_its_time_has_come(house: House) -> None:
    wait = Step("rest", "wait", until="2d", ways=(Way("last"),))
    in_force(house, whole(ask("money", "rest", deciders=FINANCE), wait, ask("last", "effect", deciders=OWNER)))
    request_id = house.waiting("10")
    house.decide(request_id, "felix")
    assert (house.request(request_id).state, house.waits_for(request_id)) == (State.OPEN, [])
    assert pass_hours(house, 47) == 0
    assert pass_hours(house, 49) == 1
    assert house.waits_for(request_id) == ["owner"]


def test_a_request_stays_on_the_version_on_which_it_began(house: House, both: Graph) -> None:
    in_force(house, both)
    first = house.waiting("10")
    in_force(house, whole(ask("money", "effect", deciders=HSE)))
    second = house.waiting("20")
    assert house.waits_for(second) == ["hanna"]
    assert house.waits_for(first) == ["felix", "fiona", "freya", "hanna"]
    assert house.request(first).version_id != house.request(second).version_id
    house.decide(first, "hanna")
    house.decide(first, "felix")
    assert house.waits_for(first) == ["owner"]


def test_an_edit_begins_a_new_round_on_the_version_in_force(house: House, both: Graph) -> None:
    in_force(house, both)
    request_id = house.waiting("10")
    house.decide(request_id, "hanna")
    house.edit(request_id, "clerk", purpose="Signs")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya", "hanna"]
    assert house.request(request_id).round == 2


def test_nobody_decides_twice_where_four_eyes_are_wanted(house: House) -> None:
    steps = (ask("first", "second", deciders=HSE), ask("second", "effect", deciders=(*HSE, *OWNER)))
    in_force(house, whole(*steps))
    request_id = house.waiting("10")
    house.decide(request_id, "hanna")
    assert house.waits_for(request_id) == ["owner"]
    in_force(house, whole(steps[0], replace(steps[1], four_eyes=False)))
    request_id = house.waiting("20")
    house.decide(request_id, "hanna")
    assert house.waits_for(request_id) == ["hanna", "owner"]


def test_a_review_cannot_reject(house: House) -> None:
    in_force(house, whole(ask("look", "effect", deciders=HSE, kind="review")))
    request_id = house.waiting("10")
    with pytest.raises(Conflict):
        house.decide(request_id, "hanna", "reject", reason="No.")
    house.decide(request_id, "hanna")
    assert house.request(request_id).state == State.HELD


def test_a_signature_says_who_signed_and_what_it_means(house: House, app: Flask) -> None:
    in_force(house, whole(ask("sign", "effect", deciders=HSE, kind="sign", meaning="I have been on site.")))
    request_id = house.waiting("10")
    form = Browser(app, house, "hanna").get(f"/inbox/{reference_of(house, request_id)}/decide?verb=approve").get_data(as_text=True)
    assert "I have been on site." in form
    assert 'name="password"' in form
    with pytest.raises(Invalid):
        house.decide(request_id, "hanna", password="wrong")
    with pytest.raises(Forbidden):
        house.decide(request_id, "hanna", password="right", bulk=True, looked=True)
    assert house.request(request_id).state == State.OPEN
    house.decide(request_id, "hanna", password="right")
    assert house.request(request_id).state == State.HELD
    page = Browser(app, house, "hanna").get(f"/inbox/{reference_of(house, request_id)}/").get_data(as_text=True)
    assert "Signed by Hanna: I have been on site." in page


def test_the_page_says_where_each_branch_stands(house: House, both: Graph, app: Flask) -> None:
    in_force(house, both)
    request_id = house.waiting("10")
    page = Browser(app, house, "hanna").get(f"/inbox/{reference_of(house, request_id)}/").get_data(as_text=True)
    for word in ("Money", "Safety", "Last", "goes on beside it"):
        assert word in page, word
    house.decide(request_id, "felix")
    page = Browser(app, house, "hanna").get(f"/inbox/{reference_of(house, request_id)}/").get_data(as_text=True)
    assert "Goes on to “Last”" in page


def test_what_is_not_sound_is_not_put_in_force(house: House) -> None:
    with pytest.raises(Invalid):
        in_force(house, whole(ask("money", "nowhere", deciders=FINANCE)))
    with pytest.raises(Invalid):
        in_force(house, whole(ask("money", "effect", deciders=(Decider("role", "nobody_has_this"),))))
    with pytest.raises(Invalid):
        in_force(house, whole(ask("money", "effect", deciders=FINANCE, when=Condition("amuont > 5"))))
    with pytest.raises(Invalid):
        in_force(house, graph(Step("submit", "submit", ways=(Way("effect"),)), Step("effect", "effect", ways=(Way("late"),)),
                              ask("late", "end", deciders=HSE), END))


def test_a_version_in_force_is_not_changed(house: House, both: Graph) -> None:
    in_force(house, both)
    with house.as_("owner"):
        approval = registry.approvals["procurement.payment"]
        version = session().get_one(workflow.WorkflowVersion, (house.organisation.id, workflow.version_in_force(approval, "release")))
        assert version.stage == Stage.ACTIVE
        with pytest.raises(Conflict):
            drafts.write(version, both)


def test_a_request_from_before_goes_on_at_its_level(house: House) -> None:
    """One that was asked when levels stood on the request itself: no version, no standing."""
    request_id = house.waiting("60000")
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        request = work.get_one(ApprovalRequest, (house.organisation.id, request_id))
        request.version_id, request.standing = None, {}
        request.steps = [{"place": 0, "rule": "manager_of:department", "needs": 1, "hours": 24},
                         {"place": 1, "rule": "role:finance_approver", "needs": 2, "hours": 24}]
    house.red(request_id, "manager")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]
    house.red(request_id, "felix")
    house.red(request_id, "freya")
    assert house.request(request_id).state == State.HELD
    house.later(100_000)
    assert house.request(request_id).state == State.EFFECTED
