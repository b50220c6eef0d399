"""Whoever is asked learns of it once; whoever asked learns what became of it; the badge counts."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.notifications import Notification
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def notices(house: House, name: str) -> list[str]:
    """What a member was told, oldest first."""
    with acting(house.organisation, SYSTEM), unit_of_work():
        return list(session().scalars(select(Notification.title).where(Notification.member_id == house.ids[name])
                                      .order_by(Notification.id)))


@pytest.mark.requirement("OF-403")
def test_each_actor_gets_exactly_one_notice_at_their_step(house: House) -> None:
    request_id = house.waiting("60000")
    house.later(1)
    assert len(notices(house, "manager")) == 1
    assert notices(house, "fiona") == []
    house.red(request_id, "manager")
    house.later(1)
    assert {name: len(notices(house, name)) for name in ("manager", "fiona", "felix", "freya", "owner")} == {
        "manager": 1, "fiona": 1, "felix": 1, "freya": 1, "owner": 0}


def test_many_at_once_are_one_notice(house: House) -> None:
    rows = [{"supplier": str(house.supplier), "amount": f"{6000 + n}", "currency": "GBP", "paid_on": "2026-10-01",
             "department": str(house.departments["roads"]), "transaction_number": f"M-{n}"} for n in range(5)]
    with house.as_("clerk"):
        perform("procurement.payment", "create", data=rows)
    house.later(1)
    assert notices(house, "manager") == ["5 requests wait for your decision"]


@pytest.mark.parametrize(("verb", "said"), [
    ("return", "Manager returned “Release: Acorn” for changes"), ("reject", "Manager rejected “Release: Acorn”"),
    ("ask", "Manager asked for information about “Release: Acorn”")])
def test_whoever_asked_learns_the_answer(house: House, verb: str, said: str) -> None:
    house.decide(house.waiting(), "manager", verb, reason="Because.")
    house.later(1)
    assert notices(house, "clerk") == [said]


def test_whoever_asked_learns_that_it_took_effect_not_that_it_is_held(house: House) -> None:
    house.decide(house.waiting(), "manager")
    house.later(1)
    assert notices(house, "clerk") == []
    house.later(31)
    house.later(32)
    assert ["took effect" in title for title in notices(house, "clerk")] == [True]


@pytest.mark.requirement("OF-113")
def test_the_menu_counts_what_waits(house: House, app: Flask) -> None:
    ids = [house.waiting(f"{6000 + n}") for n in range(5)]
    browser = Browser(app, house, "manager")

    def badge() -> str:
        found = re.search(r'data-badge="inbox"[^>]*>\s*(\d*)', browser.get("/inbox/").text)
        assert found
        return found[1]

    assert badge() == "5"
    house.decide(ids[0], "manager")
    assert badge() == "4"
