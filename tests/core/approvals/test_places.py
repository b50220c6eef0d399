"""Each place is filled once: a person and whoever stands in for them are one; what was put away asks nobody; undo outlives a comment."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from app.core.approvals import State
from app.core.approvals.clocks import escalate_overdue
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House


@pytest.fixture
def red(house: House) -> Any:
    """A payment that two of the finance approvers must agree to, at their level, its limit passed."""
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    with clock.at(clock.now() + timedelta(hours=49)), acting(house.organisation, SYSTEM, channel="schedule"):
        escalate_overdue()
    assert "director" in house.waits_for(request_id)
    return request_id


def test_a_person_and_whoever_stands_in_for_them_count_once(house: House, red: Any) -> None:
    house.red(red, "director")
    waiting = house.waits_for(red)
    assert len({"fiona", "felix", "freya"} & set(waiting)) == 2, "one of the three has been stood in for"
    assert house.request(red).state == State.OPEN
    house.red(red, waiting[0])
    assert house.request(red).state == State.HELD


def test_undoing_opens_the_place_again(house: House, red: Any) -> None:
    before = house.waits_for(red)
    house.red(red, "director")
    house.decide(red, "director", "undo")
    assert house.waits_for(red) == before


def test_the_manager_of_a_department_that_was_put_away_is_not_asked(house: House) -> None:
    with house.as_("owner"):
        from app.kernel.door import perform

        perform("organisation.department", "archive", [house.departments["roads"]])
    assert house.waits_for(house.waiting(department="roads")) == ["director"]


def test_a_comment_does_not_take_the_undo_away(house: House, app: Flask) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.decide(request_id, "clerk", "comment", reason="Thank you.")
    page = Browser(app, house, "manager").get("/inbox/").text
    assert f"/inbox/{reference_of(house, request_id)}/undo" in page
    house.decide(request_id, "manager", "undo")
    assert house.request(request_id).state == State.OPEN
