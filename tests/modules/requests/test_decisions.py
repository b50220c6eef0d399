"""The decision dashboard counts what the reader may see, and opens the list behind each figure."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House
from tests.modules.requests.test_forms import RISK, made, submitted


def figures(page: str) -> dict[str, int]:
    """The figures by what they lead to."""
    found = re.findall(r'href="[^"]*show=(\w+)"[^>]*>\s*<span[^>]*>(\d+)</span>', page)
    return {name: int(number) for name, number in found}


@pytest.mark.requirement("LG-314")
def test_the_figures_lists_weeks_and_risks_change_with_a_submission(app: Flask) -> None:
    house = House()
    made(house, kind="letter", counterparty="Harbour board")
    clerk = Browser(app, house, "clerk")
    before = clerk.get("/requests/decisions").text
    assert figures(before) == {"submitted": 0, "pending": 0, "critical": 0, "agreed": 0}
    risk = made(house, kind="risk", title="Loose scaffold", answers=RISK)
    submitted(house, risk)
    quick = made(house, kind="leave", title="Two days", starts_on="2027-03-01")
    house.decide(submitted(house, quick), "manager")
    for _round in range(3):  # each delivers a portion
        house.later(3600)
    after = clerk.get("/requests/decisions").text
    assert figures(after) == {"submitted": 2, "pending": 1, "critical": 1, "agreed": 1}
    for name, title in (("pending", "Loose scaffold"), ("critical", "Loose scaffold"), ("agreed", "Two days")):
        rows = clerk.get(f"/requests/decisions?show={name}").text.partition("<ul>")[2].partition("</ul>")[0]
        assert re.findall(r"after:inset-0\" href=\"[^\"]*\">([^<]*)<", rows) == [title]
    heat = after.partition('id="heat"')[2]
    assert re.findall(r'title="(\w+)"><span class="sr-only">\w+: </span><span[^>]*>([1-9]\d*)<', heat) == [("Critical", "1")]
    weeks = re.findall(r'<td class="num">(\d+)</td><td class="min-w-28">', after)
    assert (len(weeks), sum(map(int, weeks))) == (12, 2)
