"""Where it is stuck: what waits at each step, how long answers take there, with whom it lies; only for those who answer for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.core.approvals import stuck
from app.kernel import clock
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def steps(house: House) -> list[stuck.Step]:
    with house.as_("owner"):
        return stuck.steps()


def test_what_waits_and_what_is_late_is_counted_by_step(house: House) -> None:
    for _each in range(3):
        house.waiting()
    house.red(house.waiting("60000"), "manager")
    first, second = sorted(steps(house), key=lambda step: -step.waiting)
    assert (first.waiting, first.late, second.waiting) == (3, 0, 1)
    assert first.name != second.name
    with clock.at(clock.now() + timedelta(days=30)):
        assert sum(step.late for step in steps(house)) == 4


def test_median_and_p90_are_of_the_time_from_being_asked_to_the_answer(house: House) -> None:
    requests = [house.waiting() for _each in range(5)]
    for hours, request_id in zip((1, 2, 3, 4, 20), requests, strict=True):
        with clock.at(clock.now() + timedelta(hours=hours)):
            house.decide(request_id, "manager")
    (step,) = [step for step in steps(house) if step.answers]
    assert step.answers == 5
    assert step.waiting == 0
    assert step.median is not None
    assert step.p90 is not None
    assert step.median.total_seconds() / 3600 == pytest.approx(3, abs=0.1)
    assert step.p90.total_seconds() / 3600 == pytest.approx(13.6, abs=0.1)
    with clock.at(clock.now() + timedelta(days=120)):
        assert not any(step.answers for step in steps(house))


def test_with_whom_it_lies_and_what_waits_the_longest(house: House) -> None:
    request_id = house.waiting()
    with clock.at(clock.now() + timedelta(days=3)), house.as_("owner"):
        assert next(each.member_id for each in stuck.holders()) == house.ids["manager"]
        assert [each.id for each in stuck.longest()] == [request_id]


def test_the_page_is_for_managers(house: House, app: Flask) -> None:
    house.waiting()
    page = Browser(app, house, "director").get("/inbox/stuck")
    assert page.status_code == 200
    assert "With whom it lies" in page.text
    assert "Manager" in page.text
    assert Browser(app, house, "clerk").get("/inbox/stuck").status_code == 403
