"""Requisitions: numbered, totalled in minor units, submitted, agreed to by amount, ordered."""

from __future__ import annotations

from typing import Any

import pytest

from app.core import approvals
from app.core.approvals.models import ApprovalRequest
from app.kernel import clock
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.modules.procurement.models import Requisition, RequisitionLine, Stage
from tests.modules.office import Office


def line(quantity: str = "2", price: str = "10.50", **changes: Any) -> dict[str, Any]:
    """One thing to buy."""
    return {"description": "Rake", "quantity": quantity, "unit": "piece", "unit_price": price, "cost_centre": "OFF-1", **changes}


def said(office: Office, *lines: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """What somebody asks for."""
    return {"title": "Rakes for autumn", "department": office.departments["roads"], "lines": list(lines) or [line()], **changes}


def test_two_lines_are_numbered_and_totalled(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("3", "12.25"), line("0.5", "99.99"))).record
    assert made.reference == f"PR-{clock.today('Europe/London').year}-00001"
    assert made.total == 3675 + 5000
    assert made.currency == "GBP"
    lines = office.all(RequisitionLine, RequisitionLine.requisition_id == made.id)
    assert sorted((row.position, row.unit_price) for row in lines) == [(0, 1225), (1, 9999)]


def test_a_requisition_within_the_first_limit_is_approved_at_once(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("1", "5000"))).record
    done = office.act("procurement.requisition", "submit", made.id, "mo")
    assert (done.state, done.record.status) == ("done", Stage.APPROVED)


def test_strictly_above_the_first_limit_the_manager_decides(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("1", "5000.01"))).record
    asked = office.act("procurement.requisition", "submit", made.id, "mo")
    assert (asked.state, asked.record.status) == ("parked", Stage.DRAFT)
    assert office.get(ApprovalRequest, asked.approval_id).risk.value == "ORANGE"
    office.approve(asked.approval_id, "max")
    office.deliver()
    assert office.get(Requisition, made.id).status == Stage.APPROVED


def test_a_department_without_a_manager_falls_to_its_parent(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("1", "6000"), department=office.departments["parks"])).record
    asked = office.act("procurement.requisition", "submit", made.id, "mo")
    office.approve(asked.approval_id, "max")


def test_a_requisition_needs_a_line(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.make("procurement.requisition", "mo", {**said(office), "lines": []})
    assert "lines" in refused.value.errors


@pytest.mark.parametrize(("change", "name"), [({"quantity": "0"}, "quantity"), ({"quantity": "1.2345"}, "quantity"),
                                              ({"unit_price": "x"}, "unit_price"),
                                              ({"unit_price": "1.005"}, "unit_price"), ({"description": ""}, "description"),
                                              ({"currency": "XXQ"}, "currency")])
def test_an_error_names_line_and_field(office: Office, change: dict[str, str], name: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.make("procurement.requisition", "mo", said(office, line(), line(**change)))
    assert list(refused.value.errors) == [f"lines.2.{name}"]


def test_lines_take_the_currency_of_the_requisition(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("1", "100"), currency="JPY")).record
    assert (made.currency, made.total) == ("JPY", 100)
    assert [row.currency for row in office.all(RequisitionLine)] == ["JPY"]


def test_one_requisition_has_one_currency(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.make("procurement.requisition", "mo", said(office, line(), line(currency="USD")))
    assert list(refused.value.errors) == ["lines.2.currency"]


def test_changed_lines_are_totalled_anew(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("1", "10"), line("1", "20"))).record
    edited = office.act("procurement.requisition", "edit", made.id, "mo", {"lines": [line("5", "7")]}).record
    assert edited.total == 3500
    assert len(office.all(RequisitionLine)) == 1


def test_changed_lines_void_what_was_asked(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, line("1", "6000"))).record
    asked = office.act("procurement.requisition", "submit", made.id, "mo")
    before = office.get(ApprovalRequest, asked.approval_id).snapshot_hash
    office.act("procurement.requisition", "edit", made.id, "mo", {"lines": [line("1", "7000")]})
    with pytest.raises(Conflict), office.as_("max"):
        approvals.decide(asked.approval_id, "approve", shown_hash=before, key="stale")
    office.deliver()
    assert office.get(Requisition, made.id).status == Stage.DRAFT


def test_what_was_approved_can_no_longer_be_changed(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office)).record
    office.act("procurement.requisition", "submit", made.id, "mo")
    with pytest.raises(Conflict):
        office.act("procurement.requisition", "edit", made.id, "mo", {"title": "Something else"})
    with pytest.raises(Conflict, match="submitted already"):
        office.act("procurement.requisition", "submit", made.id, "mo")


def test_an_approved_requisition_is_ordered_by_the_buyer(office: Office) -> None:
    supplier = office.make("procurement.supplier", "bea", {"name": "Acorn Tools"}).record
    made = office.make("procurement.requisition", "mo", said(office, supplier=str(supplier.id))).record
    with pytest.raises(Conflict, match="Only an approved requisition"):
        office.act("procurement.requisition", "order", made.id, "bea", {"order_number": "PO-1"})
    office.act("procurement.requisition", "submit", made.id, "mo")
    ordered = office.act("procurement.requisition", "order", made.id, "bea", {"order_number": "PO-1"}).record
    assert (ordered.status, ordered.order_number) == (Stage.ORDERED, "PO-1")


def test_an_order_needs_its_supplier(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office)).record
    office.act("procurement.requisition", "submit", made.id, "mo")
    with pytest.raises(Conflict, match="Name the supplier first"):
        office.act("procurement.requisition", "order", made.id, "bea", {"order_number": "PO-1"})


def test_only_ones_own_requisition_is_submitted(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office)).record
    with pytest.raises(Forbidden):
        office.act("procurement.requisition", "submit", made.id, "cleo")


def test_a_cancelled_requisition_says_why(office: Office) -> None:
    made = office.make("procurement.requisition", "mo", said(office, justification="Leaves.")).record
    cancelled = office.act("procurement.requisition", "cancel", made.id, "mo", {"reason": "We found three in the shed."}).record
    assert (cancelled.status, cancelled.cancelled_for) == (Stage.CANCELLED, "We found three in the shed.")
    assert cancelled.justification == "Leaves.", "what may have been approved is not rewritten"
    with pytest.raises(Conflict):
        office.act("procurement.requisition", "cancel", made.id, "mo", {"reason": "Again."})
