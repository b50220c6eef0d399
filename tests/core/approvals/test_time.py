"""What time does: escalation to the manager's manager, then to a named role; never while the clock stands still."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.core import settings
from app.core.approvals.clocks import escalate_overdue
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from tests.core.approvals.house import House


def pass_hours(house: House, hours: float) -> int:
    with clock.at(clock.now() + timedelta(hours=hours)), acting(house.organisation, SYSTEM, channel="schedule"):
        return escalate_overdue()


@pytest.mark.requirement("OF-402")
def test_after_its_limit_the_managers_manager_is_asked_as_well(house: House) -> None:
    request_id = house.waiting()
    assert pass_hours(house, 23) == 0
    assert pass_hours(house, 25) == 1
    assert house.waits_for(request_id) == ["director", "manager"]


def test_it_goes_on_upwards_and_ends_at_a_named_role(house: House) -> None:
    with house.as_("owner"):
        settings.set("approvals.escalation_role", "hse_manager")
    request_id = house.waiting()
    for hours in (25, 50, 75, 100, 125):
        pass_hours(house, hours)
    assert house.waits_for(request_id) == ["director", "hanna", "manager", "owner"]
    assert house.request(request_id).escalations == 3


def test_a_question_keeps_it_from_being_escalated(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "ask", reason="Which road?")
    assert pass_hours(house, 48) == 0
    assert house.waits_for(request_id) == ["manager"]


def test_whoever_it_was_escalated_to_can_decide_in_their_place(house: House) -> None:
    request_id = house.waiting()
    pass_hours(house, 25)
    house.decide(request_id, "director")
    assert house.waits_for(request_id) == []


def test_makers_are_not_asked_by_escalation_either(house: House) -> None:
    request_id = house.waiting(by="director", department="roads")
    pass_hours(house, 25)
    assert house.waits_for(request_id) == ["manager", "owner"]
