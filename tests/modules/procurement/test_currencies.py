"""Money in organisations whose currency has no decimals, or three; and amounts that change their currency."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import organisations, people
from app.core.approvals import ApprovalRequest
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.records import new_id
from app.modules.procurement.models import JournalLine, Payment


class Company:
    """An owner who pays and a clerk who enters, in a currency of the test's choice."""

    def __init__(self, code: str) -> None:
        self.place = organisations.found(new_id(), f"firm-{code.lower()}", "Firm", currency=code)
        with acting(self.place, SYSTEM), unit_of_work():
            self.ids = {role: people.enrol(role.title(), f"{role}@{code}.example", role).id for role in ("owner", "manager")}
        self.supplier = self.do("procurement.supplier", "create", data={"name": "Acorn", "remittance_email": "a@acorn.example"})[1].id
        self.department = self.do("organisation.department", "create", data={"name": "Works", "manager": str(self.ids["owner"])})[1].id

    def do(self, resource: str, action: str, target: Any = None, data: Any = None) -> tuple[str, Any]:
        """One call of the door by the manager: how it went, and the record, detached."""
        actor = people.load_actor(self.place, self.ids["manager"])
        assert actor is not None
        with acting(self.place, actor if resource.startswith("procurement") else SYSTEM, channel="api"), unit_of_work() as work:
            outcome = perform_one(resource, action, target, data)
            work.flush()
            work.refresh(outcome.record)
            work.expunge(outcome.record)
            return outcome.state, outcome.record

    def pay(self, amount: str, number: str = "T-1", **said: Any) -> tuple[str, Payment]:
        """Enter a payment."""
        return self.do("procurement.payment", "create", data={
            "supplier": str(self.supplier), "amount": amount, "paid_on": "2026-10-01", "transaction_number": number, "category": "Works",
            "purpose": "Repairs", "department": str(self.department), **said})

    def held(self, payment_id: UUID) -> Payment:
        """The payment as it is now, detached."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            found = work.get_one(Payment, (self.place.id, payment_id), populate_existing=True)
            work.expunge(found)
            return found


@pytest.mark.parametrize(("code", "within", "beyond", "minor"), [("JPY", "5000", "5001", 5001), ("TND", "5000.000", "5000.001", 5000001)])
def test_the_limit_is_met_to_the_smallest_unit(app: Flask, code: str, within: str, beyond: str, minor: int) -> None:
    firm = Company(code)
    assert firm.pay(within)[0] == "done"
    state, payment = firm.pay(beyond, "T-2")
    assert (state, payment.amount, payment.currency) == ("parked", minor, code)
    with acting(firm.place, SYSTEM), unit_of_work() as work:
        request = work.query(ApprovalRequest).one()
        assert f'"amount":"{beyond}"' in request.snapshot
        line, = work.query(JournalLine)
        assert fields_of(JournalLine)["amount"].to_json(line) == within


@pytest.mark.parametrize(("code", "wrong"), [("JPY", "10.5"), ("TND", "10.1234")])
def test_more_decimals_than_the_currency_has_are_refused(app: Flask, code: str, wrong: str) -> None:
    with pytest.raises(Invalid, match=code):
        Company(code).pay(wrong)


@pytest.mark.parametrize(("code", "price"), [("JPY", "333"), ("TND", "0.333")])
def test_a_line_is_rounded_to_the_smallest_unit_halves_to_the_even_one(app: Flask, code: str, price: str) -> None:
    firm = Company(code)
    _state, made = firm.do("procurement.requisition", "create", data={
        "title": "Half", "department": str(firm.department),
        "lines": [{"description": "x", "quantity": "0.5", "unit": "m", "unit_price": price}]})
    assert (made.total, made.currency) == (166, code)


def test_another_currency_leaves_the_amount_what_it_was(app: Flask) -> None:
    firm = Company("EUR")
    _state, payment = firm.pay("6000.00")
    _state, changed = firm.do("procurement.payment", "edit", payment.id, {"currency": "JPY"})
    assert (changed.currency, changed.amount) == ("JPY", 6000)
    _state, back = firm.do("procurement.payment", "edit", payment.id, {"currency": "TND"})
    assert (back.currency, back.amount) == ("TND", 6_000_000)


def test_an_amount_that_the_other_currency_cannot_hold_is_refused(app: Flask) -> None:
    firm = Company("EUR")
    _state, payment = firm.pay("6000.50")
    with pytest.raises(Invalid, match="JPY"):
        firm.do("procurement.payment", "edit", payment.id, {"currency": "JPY"})
    assert firm.held(payment.id).amount == 600_050
