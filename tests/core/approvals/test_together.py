"""Many decisions as one job, with a result for each; what stands out is left."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import approvals
from app.core.approvals import State
from app.core.approvals.bulk import sort_out
from app.core.approvals.models import Verb
from app.core.approvals.queue import chosen
from app.kernel import jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def together(house: House, by: str, items: Sequence[tuple[UUID, str]], verb: str = "approve", reason: str = "") -> dict[str, Any]:
    """Ask for the job and run it; gives its result."""
    with house.as_(by):
        job_id = approvals.decide_together(items, verb, looked=items, reason=reason).id
    with acting(None, None):
        assert jobs.run(job_id, house.organisation.id)
    with acting(house.organisation, SYSTEM), unit_of_work():
        job = session().get_one(jobs.Job, (house.organisation.id, job_id))
        assert job.state == "done", job.error
        assert job.progress == len(items)
        return dict(job.result or {})


def shown(house: House, *ids: UUID) -> list[tuple[UUID, str]]:
    """The requests with the hashes that were shown."""
    return [(each, house.request(each).snapshot_hash) for each in ids]


def test_each_has_its_own_result(house: House) -> None:
    good, changed, settled = house.waiting(), house.waiting("7000"), house.waiting("8000")
    items = shown(house, good, changed, settled)
    house.edit(changed, "clerk", amount="7001")
    house.decide(settled, "manager")
    result = together(house, "manager", items)
    assert (result["done"], result["left"]) == (1, 2)
    assert [each["done"] for each in result["items"]] == [True, False, False]
    assert "changed" in result["items"][1]["said"]
    assert house.request(good).state == State.HELD


def test_red_is_left_even_when_it_is_sent(house: House) -> None:
    red = house.waiting("60000")
    assert together(house, "manager", shown(house, red))["left"] == 1
    assert house.request(red).state == State.OPEN


def test_many_can_be_rejected_with_one_reason(house: House) -> None:
    ids = [house.waiting(str(6000 + n)) for n in range(3)]
    assert together(house, "manager", shown(house, *ids), "reject", "Budget frozen.")["done"] == 3
    assert {house.request(i).last_reason for i in ids} == {"Budget frozen."}


@pytest.mark.parametrize(("verb", "reason", "count"), [("reject", "", 1), ("delegate", "x", 1), ("approve", "", 0)])
def test_what_cannot_be_done_together_is_refused(house: House, verb: str, reason: str, count: int) -> None:
    items = shown(house, *(house.waiting() for _n in range(count)))
    with pytest.raises(Invalid), house.as_("manager"):
        approvals.decide_together(items, verb, reason=reason)


def test_outliers_and_red_are_set_aside_with_their_reasons(house: House) -> None:
    first, red, alike = house.waiting("6000"), house.waiting("60000"), house.waiting("6200")
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        work.get_one(approvals.ApprovalRequest, (house.organisation.id, alike)).flags = []
    with house.as_("manager"):
        found = sort_out(chosen([first, red, alike]), Verb.APPROVE)
        assert [e.request.id for e in found.alike] == [alike]
        assert [e.request.id for e, reasons in found.outliers if reasons] == [first]
        assert [e.request.id for e in found.red] == [red]


def test_only_what_waits_for_me_can_be_chosen(house: House) -> None:
    request_id = house.waiting()
    with house.as_("hanna"):
        assert chosen([request_id]) == []


def test_the_sheet_starts_the_job_and_leaves_the_rest_selected(house: House, app: Flask) -> None:
    outlier, alike = house.waiting("6000"), house.waiting("6200")
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        work.get_one(approvals.ApprovalRequest, (house.organisation.id, alike)).flags = []
    browser = Browser(app, house, "manager")
    token = browser.fields(browser.get("/inbox/").text, f"{browser.root}/inbox/bulk")
    sheet = browser.client.post(f"{browser.root}/inbox/bulk", data={**token, "decision": "approve", "ids": [str(outlier), str(alike)]})
    assert "1 alike, 1 to look at" in sheet.text
    fields = browser.fields(sheet.text, f"{browser.root}/inbox/bulk/decide")
    assert fields["left"] == str(outlier)
    answer = browser.client.post(f"{browser.root}/inbox/bulk/decide",
                                 data={**fields, "items": [f"{alike}:{house.request(alike).snapshot_hash}"]})
    assert answer.status_code == 303
    after = browser.client.get(answer.location).text
    row = after.split(f'id="row-{outlier}"')[1].split("</li>")[0]
    assert "checked" in row.split(">")[1]
