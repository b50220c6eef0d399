"""Payments: released at once below the limit, after approval above it; one journal line each, remittance for what was approved."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError

from app.core.approvals.models import ApprovalRequest
from app.core.audit.models import AuditEntry
from app.kernel.db import session
from app.kernel.door import perform
from app.kernel.errors import Conflict, Invalid
from app.modules.procurement import posting
from app.modules.procurement.models import JournalLine, Payment, Status, Supplier
from tests.modules.office import Office


@pytest.fixture
def supplier(office: Office) -> str:
    """The id of somebody to pay."""
    return str(office.make("procurement.supplier", "cleo", {"name": "Acorn Works", "remittance_email": "money@acorn.example"}).record_id)


def said(office: Office, supplier: str, amount: str, number: str = "T-1", **changes: Any) -> dict[str, Any]:
    """What the clerk enters."""
    return {"supplier": supplier, "amount": amount, "paid_on": "2026-10-01", "transaction_number": number, "category": "Premises",
            "purpose": "Repairs", "department": office.departments["roads"], "capital_or_revenue": "R", **changes}


@pytest.mark.parametrize("amount", ["0.00", "12.34", "5000.00"])
def test_within_the_first_limit_it_is_released_with_a_journal_line_only(office: Office, supplier: str, amount: str,
                                                                        post: list[Any]) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, amount))
    assert (paid.state, paid.record.status) == ("done", Status.RELEASED)
    line, = office.all(JournalLine)
    assert (line.payment_id, line.amount, line.account, line.currency) == (paid.record_id, paid.record.amount, "Repairs", "GBP")
    assert post == []


@pytest.mark.parametrize("amount", ["-0.01", "-75000"])
def test_a_credit_note_needs_no_decision(office: Office, supplier: str, amount: str) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, amount))
    assert paid.record.status == Status.RELEASED
    assert office.all(JournalLine)[0].amount < 0


def test_above_the_first_limit_it_waits_for_the_manager_then_pays_and_advises_once(office: Office, supplier: str, post: list[Any]) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, "5000.01"))
    assert paid.state == "parked"
    assert office.all(JournalLine) == []
    office.approve(paid.approval_id, "max")
    assert post == []
    office.deliver()
    office.deliver()
    assert office.get(Payment, paid.record_id).status == Status.RELEASED
    assert len(office.all(JournalLine)) == 1
    sent, = post
    assert sent["to"] == "money@acorn.example"
    assert sent["headers"]["X-Effect-Id"] == str(paid.approval_id)
    assert sent["context"]["advice"]["reference"] == paid.record.reference


def test_above_the_second_limit_it_is_red_and_needs_two_more(office: Office, supplier: str) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, "50000.01"))
    request = office.get(ApprovalRequest, paid.approval_id)
    assert request.risk.value == "RED"
    assert [(step["path"], step["needs"]) for step in request.steps] == [("level_1", 1), ("level_2", 2)]


def test_at_the_second_limit_the_manager_alone_decides(office: Office, supplier: str) -> None:
    request = office.get(ApprovalRequest, office.make("procurement.payment", "cleo", said(office, supplier, "50000")).approval_id)
    assert (request.risk.value, len(request.steps)) == ("ORANGE", 1)


def test_a_foreign_amount_without_a_rate_counts_as_above(office: Office, supplier: str) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, "1", currency="USD"))
    assert len(office.get(ApprovalRequest, paid.approval_id).steps) == 2


def test_a_supplier_without_an_address_stops_the_release(office: Office, post: list[Any]) -> None:
    bare = str(office.make("procurement.supplier", "cleo", {"name": "Bare"}).record_id)
    paid = office.make("procurement.payment", "cleo", said(office, bare, "6000"))
    office.approve(paid.approval_id, "max")
    for _attempt in range(14):
        office.deliver(60 * 60 * 24)
    assert office.get(Payment, paid.record_id).status == Status.RECORDED
    assert office.all(JournalLine) == []
    assert post == []


def test_a_released_payment_stands(office: Office, supplier: str) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, "10"))
    with pytest.raises(Conflict):
        office.act("procurement.payment", "edit", paid.record_id, "cleo", {"amount": "11"})
    with pytest.raises(Conflict, match="released already"):
        office.act("procurement.payment", "release", paid.record_id, "cleo")


def test_a_transaction_number_is_taken_once(office: Office, supplier: str) -> None:
    office.make("procurement.payment", "cleo", said(office, supplier, "10"))
    with pytest.raises(Invalid) as refused:
        office.make("procurement.payment", "cleo", said(office, supplier, "11"))
    assert list(refused.value.errors) == ["transaction_number"]


def test_the_database_keeps_one_journal_line_a_payment(office: Office, supplier: str) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, "10"))
    again = office.get(Payment, paid.record_id)
    with pytest.raises(IntegrityError), office.as_():
        posting.post([again])


@pytest.mark.parametrize("other", ["ACORN WORKS", "  acorn   works ", "Acörn Works"])
def test_a_supplier_is_known_by_its_folded_name(office: Office, supplier: str, other: str) -> None:
    with pytest.raises((Conflict, Invalid)):
        office.make("procurement.supplier", "cleo", {"name": other})


def test_the_domain_of_the_organisation_gives_new_suppliers_an_address(office: Office) -> None:
    from app.core import settings

    with office.as_("olive"):
        settings.set("procurement.remittance_domain", "suppliers.example")
    made = office.make("procurement.supplier", "cleo", {"name": "A Andrews & Sons (Márbles)"}).record
    assert made.remittance_email == "a-andrews-sons-marbles@suppliers.example"


def test_the_preview_says_what_will_happen(office: Office, supplier: str) -> None:
    paid = office.make("procurement.payment", "cleo", said(office, supplier, "6000"))
    with office.as_("max"):
        told = posting.preview(session().get_one(Payment, (office.place.id, paid.record_id)))
    assert told == ["One journal line of £6,000.00 on “Repairs”", "One remittance mail to money@acorn.example"]


def test_many_are_released_at_once_as_one_by_one(office: Office, supplier: str) -> None:
    with office.as_("cleo", channel="import"):
        made = perform("procurement.payment", "create", data=[said(office, supplier, f"{n}.50", f"M-{n}") for n in range(600)])
        ids = [outcome.record_id for outcome in made]
    with office.as_("cleo"):
        states = {outcome.state for outcome in perform("procurement.payment", "release", ids)}
    assert states == {"done"}
    lines = office.all(JournalLine)
    assert len({line.payment_id for line in lines}) == len(lines) == 600
    assert sum(line.amount for line in lines) == sum(n * 100 + 50 for n in range(600))
    assert len({line.reference for line in lines}) == 600
    assert len(office.all(AuditEntry, AuditEntry.action == "procurement.payment.release")) == 600
    assert len(office.all(AuditEntry, AuditEntry.action == "procurement.journal_line.create")) == 600
    assert {p.status for p in office.all(Payment)} == {Status.RELEASED}


def test_a_supplier_keeps_its_contact_as_personal_data(office: Office) -> None:
    from app.kernel.fields import fields_of

    assert fields_of(Supplier)["contact"].personal
