"""Where a record stands among the steps of its workflow, and who decided what: on the record's own page."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.approvals import State
from app.core.workflow import Decider
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House
from tests.core.approvals.test_drawn import in_force
from tests.core.workflow.graphs import ask, whole

NAMES = ("manager", "fiona", "felix", "freya", "hanna")


@pytest.fixture
def five(house: House) -> list[str]:
    """Five steps, each decided by one person."""
    keys = [f"{name}_agrees" for name in NAMES]
    in_force(house, whole(*(ask(key, to, deciders=(Decider("member", str(house.ids[name])),))
                            for name, key, to in zip(NAMES, keys, (*keys[1:], "effect"), strict=True))))
    return keys


def page(app: Flask, house: House, request_id: object) -> str:
    """The page of the record."""
    return Browser(app, house, "clerk").get(f"/procurement/payments/{house.paid(request_id).reference}/").text  # type: ignore[arg-type]


@pytest.mark.requirement("OF-404")
def test_the_page_of_a_record_says_at_which_step_it_stands(house: House, app: Flask, five: list[str]) -> None:
    request_id = house.waiting("10")
    assert "Step 1/5" in page(app, house, request_id)
    house.decide(request_id, "manager")
    shown = page(app, house, request_id)
    assert "Step 2/5" in shown
    panel = shown.split('id="approvals"')[1]
    done, waits, later = (panel.index(word) for word in ("Manager agrees", "Fiona agrees", "Felix agrees"))
    assert done < waits < later
    assert panel[done:waits].count("Approved") == 1
    assert "waiting" in panel[waits:later]
    assert panel[later:].count("later") == len(five) - 2


@pytest.mark.requirement("OF-405")
def test_a_finished_record_shows_every_decision_with_person_time_and_comment(house: House, app: Flask, five: list[str]) -> None:
    request_id = house.waiting("10")
    for number, name in enumerate(NAMES):
        house.decide(request_id, name, reason=f"Seen by {five[number]}.")
    house.later(3600)
    assert house.request(request_id).state == State.EFFECTED
    shown = page(app, house, request_id).split('id="approvals"')[1]
    for number, name in enumerate(NAMES):
        told = shown.split(f'<span class="font-medium text-foreground">{name.title()}</span>')[1][:300]
        assert "approved · " in told
        assert f"{house.request(request_id).last_at:%Y}, " in told
        assert f"Seen by {five[number]}." in told
