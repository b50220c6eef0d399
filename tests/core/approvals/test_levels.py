"""Kinds of levels: any of, all of, n of; rules for approvers; colours; conditions. Declared here, not in a module."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from flask import Flask

from app.core import access
from app.core.approvals import State
from app.core.approvals.approvers import check_rule
from app.core.approvals.judging import Judge
from app.core.approvals.limits import Limits
from app.core.workflow import Condition
from app.kernel.errors import DeclarationError
from app.kernel.kinds import minor_units
from app.kernel.manifest import Level
from app.kernel.registry import registry
from app.modules.procurement.models import Payment
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House

FINANCE = "role:finance_approver"


@pytest.fixture
def declare(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Put other levels in the place of those of payments."""

    def put(*levels: Level) -> None:
        present = registry.approvals["procurement.payment"]
        monkeypatch.setitem(registry.approvals, present.key, replace(present, levels=levels))

    return put


@pytest.mark.parametrize(("needs", "given"), [(1, 1), (2, 2), (0, 3)])
def test_any_of_n_of_and_all_of(house: House, declare: Any, needs: int, given: int) -> None:
    declare(Level("Finance", FINANCE, needs=needs))
    request_id = house.waiting()
    for name in ("fiona", "felix", "freya")[:given]:
        assert house.request(request_id).state == State.OPEN
        house.decide(request_id, name)
    assert house.request(request_id).state == State.HELD
    assert house.waits_for(request_id) == []


def test_when_too_few_are_left_the_fallback_joins_them(house: House, declare: Any) -> None:
    declare(Level("Finance", FINANCE, needs=3))
    assert house.waits_for(house.waiting(by="fiona")) == ["felix", "freya", "owner"]


def test_levels_come_in_sequence(house: House, declare: Any) -> None:
    declare(Level("One", "manager_of_requester"), Level("Two", "role:hse_manager"), Level("Three", "role:owner"))
    request_id = house.waiting()
    for name in ("manager", "hanna", "owner"):
        assert house.waits_for(request_id) == [name]
        house.decide(request_id, name)
    assert house.request(request_id).state == State.HELD


def test_a_level_may_depend_on_the_record(house: House, declare: Any) -> None:
    declare(Level("Only signs", "role:hse_manager", when=lambda payment: payment.purpose == "Signs"))
    assert house.payment("6000").state == "done"
    assert house.payment("6000", purpose="Signs").state == "parked"


@pytest.mark.parametrize(("colour", "seconds"), [("GREEN", 10), ("ORANGE", 30)])
def test_the_window_is_that_of_the_colour(house: House, declare: Any, colour: Any, seconds: int) -> None:
    declare(Level("One", "manager_of:department", risk=colour))
    assert seconds - 2 <= house.decide(house.waiting(), "manager").seconds <= seconds


def test_an_unknown_colour_is_red(house: House, declare: Any) -> None:
    declare(Level("One", "manager_of:department", risk="MAUVE"))  # type: ignore[arg-type]
    assert house.request(house.waiting()).risk.value == "RED"


def test_green_is_sent_by_the_row_itself(house: House, app: Flask, declare: Any) -> None:
    declare(Level("One", "manager_of:department", risk="GREEN"))
    request_id = house.waiting()
    browser, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    form = browser.fields(browser.get("/inbox/").text, f"{browser.root}/inbox/{reference}/decide")
    assert browser.send(reference, form, htmx=True).status_code == 200
    assert house.request(request_id).state == State.HELD


@pytest.mark.parametrize("rule", ["manager_off:department", "role:", "everybody"])
def test_a_rule_that_means_nothing_stops_the_start(rule: str) -> None:
    with pytest.raises(DeclarationError):
        check_rule(rule, "approval x.y")


@pytest.mark.parametrize(("rate", "amount", "currency", "asked"), [
    ("0.8", "5000", "USD", False), ("0.8", "6000", "USD", False), ("0.8", "6300", "USD", True), ("", "1", "USD", True),
    ("", "5000", "GBP", False), ("", "5001", "GBP", True)])
def test_a_written_condition_reads_a_foreign_amount_at_the_rate_of_the_day(
        house: House, rate: str, amount: str, currency: str, asked: bool) -> None:
    approval, limits = registry.approvals["procurement.payment"], Limits()
    limits.rates = {"USD": Decimal(rate)} if rate else {}
    with house.as_("clerk"):
        rule = access.understood("amount > 5000 and purpose != 'Signs'", "procurement.payment")
        payment = Payment(amount=minor_units(Decimal(amount), currency), currency=currency, purpose="Chairs")
        judge = Judge(approval, limits, house.actors["clerk"].id, actor=house.actors["clerk"])
        assert judge.of(payment)(Condition(rule=rule), {}) is asked
