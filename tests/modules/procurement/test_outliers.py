"""Which payments stand out, and why."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from app.kernel.db import session
from app.kernel.door import perform
from app.modules.procurement.models import Payment
from app.modules.procurement.outliers import outliers
from tests.modules.office import Office

DAY = date(2026, 10, 1)


class Ledger:
    """Payments to one supplier, and what is said of one of them."""

    def __init__(self, office: Office) -> None:
        self.office, self.number = office, 0
        self.supplier = str(office.make("procurement.supplier", "cleo", {"name": "Acorn", "remittance_email": "a@acorn.example"}).record_id)

    def pay(self, amount: str, days: int = 0, **changes: Any) -> UUID:
        """Enter a payment `days` after the day, not yet released; gives its id."""
        self.number += 1
        data = {"supplier": self.supplier, "amount": amount, "paid_on": (DAY + timedelta(days=days)).isoformat(), "category": "Premises",
                "purpose": "Repairs", "department": self.office.departments["roads"], "transaction_number": f"T-{self.number}", **changes}
        with self.office.as_("cleo", channel="import"):
            found: UUID | None = perform("procurement.payment", "create", data=data)[0].record_id
        assert found is not None
        return found

    def said(self, *ids: UUID) -> dict[UUID, list[str]]:
        """What is said of payments, asked together."""
        with self.office.as_():
            found = outliers([session().get_one(Payment, (self.office.place.id, i)) for i in ids])
            return {payment_id: [str(sentence) for sentence in sentences] for payment_id, sentences in found.items()}

    def of(self, payment_id: UUID) -> list[str]:
        """What is said of one payment."""
        return self.said(payment_id).get(payment_id, [])


@pytest.fixture
def ledger(office: Office) -> Ledger:
    """An empty ledger."""
    return Ledger(office)


def usual(ledger: Ledger, amount: str = "100.00", count: int = 3) -> None:
    """Some earlier payments of about the same amount, inside the 90 days and farther apart than 30 from the day."""
    for n in range(count):
        ledger.pay(str(Decimal(amount) + n), -60 - n)


def test_an_ordinary_payment_is_not_in_the_answer(ledger: Ledger) -> None:
    usual(ledger)
    ordinary = ledger.pay("120")
    assert ledger.said(ordinary) == {}


def test_nobody_asked_nothing_said(ledger: Ledger) -> None:
    assert ledger.said() == {}


def test_the_first_payment_to_a_supplier(ledger: Ledger) -> None:
    assert ledger.of(ledger.pay("120")) == ["First payment to this supplier"]


@pytest.mark.parametrize(("amount", "stands_out"), [("303.00", False), ("303.01", True), ("1010", True)])
def test_more_than_three_times_the_median_of_ninety_days(ledger: Ledger, amount: str, stands_out: bool) -> None:
    usual(ledger)
    said = ledger.of(ledger.pay(amount))
    assert bool(said) is stands_out
    assert all("£101.00 in the 90 days before" in sentence for sentence in said)


def test_what_is_older_than_ninety_days_is_not_usual_any_more(ledger: Ledger) -> None:
    ledger.pay("10", -91)
    assert ledger.of(ledger.pay("1000")) == []


def test_credits_do_not_lower_the_median(ledger: Ledger) -> None:
    usual(ledger)
    for n in range(9):
        ledger.pay(f"-{n + 1}", -50)
    assert ledger.of(ledger.pay("120")) == []


@pytest.mark.parametrize(("days", "twin"), [(0, True), (30, True), (31, False)])
def test_same_supplier_and_amount_within_thirty_days(ledger: Ledger, days: int, twin: bool) -> None:
    first, second = ledger.pay("120", -days), ledger.pay("120")
    said = ledger.of(second)
    assert any(sentence.startswith("Same supplier") for sentence in said) is twin
    assert not any(" 0 days" in sentence for sentence in said)
    if twin:
        reference = ledger.office.get(Payment, first).reference
        assert any(reference in sentence and (f"{days} day" in sentence) is bool(days) for sentence in said)


def test_a_twin_that_comes_later_counts_too(ledger: Ledger) -> None:
    usual(ledger)
    first = ledger.pay("150")
    ledger.pay("150", 3)
    assert any("3 days apart" in sentence for sentence in ledger.of(first))


@pytest.mark.parametrize(("name", "label"), [("category", "Category"), ("purpose", "Purpose"), ("department", "Department")])
def test_a_missing_field_is_named(ledger: Ledger, name: str, label: str) -> None:
    usual(ledger)
    assert ledger.of(ledger.pay("120", **{name: ""})) == [f"Missing: {label}"]


@pytest.mark.parametrize(("amount", "near"), [("4749.99", ""), ("4750", "£5,000.00"), ("5000", "£5,000.00"), ("5000.01", ""),
                                              ("47500", "£50,000.00"), ("50000", "£50,000.00"), ("47499", "")])
def test_just_under_a_limit(ledger: Ledger, amount: str, near: str) -> None:
    usual(ledger, str(Decimal(amount) - 500))
    said = [sentence for sentence in ledger.of(ledger.pay(amount)) if "Just under" in sentence]
    assert said == ([f"Just under the limit of {near}"] if near else [])


def test_several_of_one_day_that_pass_a_limit_together(ledger: Ledger) -> None:
    usual(ledger, "2000")
    parts = [ledger.pay("2600"), ledger.pay("2700")]
    for sentences in ledger.said(*parts).values():
        assert sentences == ["One of 2 to this supplier on this day that pass £5,000.00 together"]
    assert len(ledger.said(*parts)) == 2


def test_of_two_days_they_are_not_counted_together(ledger: Ledger) -> None:
    usual(ledger, "2000")
    assert ledger.said(ledger.pay("2600"), ledger.pay("2700", 1)) == {}


def test_another_supplier_is_another_story(ledger: Ledger) -> None:
    usual(ledger, "2000")
    other = Ledger.__new__(Ledger)
    other.office, other.number = ledger.office, 100
    other.supplier = str(ledger.office.make("procurement.supplier", "cleo", {"name": "Birch"}).record_id)
    other.pay("2600")
    assert ledger.of(ledger.pay("2700")) == []
