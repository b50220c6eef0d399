"""What is taken is told as the unique index sees it: without case and accents where it does, and without what was put away."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.kernel.door import perform, perform_one
from app.kernel.errors import Conflict, Invalid
from app.modules.procurement.models import Payment, Supplier
from tests.core.stand import Stand


@pytest.fixture
def stand(app: Flask) -> Iterator[Stand]:
    """A small organisation."""
    return Stand("taken")


def supplier(stand: Stand, name: str) -> Any:
    """Make one; gives its id."""
    with stand.work():
        return perform_one("procurement.supplier", "create", data={"name": name}).record.id


def pay(stand: Stand, to: Any, number: str) -> Any:
    """Enter a payment; gives its id."""
    with stand.work():
        return perform_one("procurement.payment", "create", data={
            "supplier": str(to), "amount": "-10", "paid_on": "2026-10-01", "transaction_number": number}).record.id


@pytest.mark.parametrize("name", ["Café Roux", "CAFE ROUX", "cafe  roux"])
def test_another_spelling_of_a_name_is_the_same_name(stand: Stand, name: str) -> None:
    supplier(stand, "Café Roux")
    with pytest.raises(Invalid) as refused, stand.work():
        perform_one("procurement.supplier", "create", data={"name": name})
    assert "name" in refused.value.errors


def test_two_spellings_in_one_call_are_told_apart_from_the_rest(stand: Stand) -> None:
    with stand.work() as work:
        outcomes = perform("procurement.supplier", "create", data=[{"name": n} for n in ("Café", "Cafe", "Tea")], each=True)
        assert [o.state for o in outcomes] == ["done", "refused", "done"]
        assert {s.name for s in work.query(Supplier)} == {"Café", "Tea"}


def test_what_was_put_away_lets_its_name_go(stand: Stand) -> None:
    first = supplier(stand, "Acorn")
    with stand.work():
        perform_one("procurement.supplier", "archive", first)
    second = supplier(stand, "Acorn")
    with pytest.raises(Conflict), stand.work():
        perform_one("procurement.supplier", "restore", first)
    assert second != first


def test_a_number_that_differs_in_case_is_another_number(stand: Stand) -> None:
    to = supplier(stand, "Acorn")
    assert pay(stand, to, "t-1") != pay(stand, to, "T-1")
    with stand.work() as work:
        assert work.query(Payment).count() == 2


def test_what_was_put_away_is_not_edited(stand: Stand) -> None:
    first = supplier(stand, "Acorn")
    with stand.work():
        perform_one("procurement.supplier", "archive", first)
    with pytest.raises(Conflict, match="restore it first"), stand.work():
        perform_one("procurement.supplier", "edit", first, {"note": "x"})


def test_a_repeated_call_says_again_why_one_was_refused(stand: Stand) -> None:
    first = supplier(stand, "Acorn")
    said = []
    for _ in range(2):
        with stand.work():
            outcome, = perform("procurement.supplier", "restore", [first], each=True, key="twice")
            said.append((outcome.state, str(outcome.error)))
    assert said[0] == said[1]
    assert said[0][0] == "refused"
    assert "not archived" in said[0][1]
