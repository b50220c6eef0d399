"""What stands out is left by a bulk decision whatever was sent, unless somebody looked at it."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from app.core import approvals
from app.core.approvals import State
from app.kernel import jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def run_job(house: House, job_id: UUID) -> list[dict[str, object]]:
    """Let the job run; gives the result of each item."""
    with acting(None, None):
        assert jobs.run(job_id, house.organisation.id)
    with acting(house.organisation, SYSTEM), unit_of_work():
        return list((session().get_one(jobs.Job, (house.organisation.id, job_id)).result or {})["items"])


def submitted(house: House, browser: Browser, **data: object) -> UUID:
    """Send the sheet of a bulk decision by hand; gives the job."""
    token = browser.fields(browser.get("/inbox/").text, f"{browser.root}/inbox/bulk")
    answer = browser.client.post(f"{browser.root}/inbox/bulk/decide", data={**token, "decision": "approve", **data})
    assert answer.status_code == 303, answer.text[:500]
    with house.as_("manager") as work:
        return work.query(jobs.Job).filter(jobs.Job.title.like("%request%")).order_by(jobs.Job.id.desc()).first().id  # type: ignore[union-attr]


def test_a_form_made_by_hand_approves_nothing_that_stands_out(house: House, app: Flask) -> None:
    outlier = house.waiting()
    assert house.request(outlier).flags
    shown = f"{outlier}:{house.request(outlier).snapshot_hash}"
    result, = run_job(house, submitted(house, Browser(app, house, "manager"), items=[shown]))
    assert result["done"] is False
    assert house.request(outlier).state == State.OPEN


def test_what_was_looked_at_one_by_one_is_approved_with_the_others(house: House, app: Flask) -> None:
    outlier = house.waiting()
    browser = Browser(app, house, "manager")
    token = browser.fields(browser.get("/inbox/").text, f"{browser.root}/inbox/bulk")
    sheet = browser.client.post(f"{browser.root}/inbox/bulk", data={**token, "decision": "approve", "ids": [str(outlier)]}).text
    shown = f"{outlier}:{house.request(outlier).snapshot_hash}"
    assert f'name="looked" value="{shown}"' in sheet
    result, = run_job(house, submitted(house, browser, looked=[shown]))
    assert result["done"] is True
    assert house.request(outlier).state == State.HELD


def test_looking_does_not_open_red(house: House, app: Flask) -> None:
    red = house.waiting("60000")
    shown = f"{red}:{house.request(red).snapshot_hash}"
    result, = run_job(house, submitted(house, Browser(app, house, "manager"), looked=[shown]))
    assert result["done"] is False


def test_returning_needs_no_look(house: House) -> None:
    outlier = house.waiting()
    shown = house.request(outlier).snapshot_hash
    with house.as_("manager"):
        job_id = approvals.decide_together([(outlier, shown)], "return", reason="Which road?").id
    assert run_job(house, job_id)[0]["done"] is True


@pytest.mark.parametrize("name", ["fiona", "manager"])
def test_the_key_of_a_bulk_decision_is_ones_own(house: House, name: str) -> None:
    first, second = house.waiting(), house.waiting("7000")
    with house.as_("manager"):
        mine = approvals.decide_together([(first, "x")], "approve", key="the same").id
    with house.as_(name):
        other = approvals.decide_together([(second, "x")], "approve", key="the same").id
    assert (mine == other) is (name == "manager")
