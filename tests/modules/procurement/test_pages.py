"""Procurement as people meet it: by plain pages and forms."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from app.core.audit.models import AuditEntry
from app.kernel import clock
from app.modules.procurement.models import Requisition, RequisitionLine, Stage
from tests.modules.office import Office
from tests.modules.visitor import Visitor, words

Visit = Callable[[str], Visitor]


def rakes(office: Office) -> dict[str, str]:
    """The requisition form, filled in with two lines of 36.75 and 50.00."""
    return {"title": "Rakes for autumn", "department": office.departments["roads"], "currency": "GBP",
            "lines-0-description": "Rake", "lines-0-quantity": "3", "lines-0-unit": "piece", "lines-0-unit_price": "12.25",
            "lines-0-currency": "GBP", "lines-1-description": "Bags", "lines-1-quantity": "0.5", "lines-1-unit": "box",
            "lines-1-unit_price": "99.99", "lines-1-currency": "GBP"}


@pytest.mark.requirement("OF-463")
def test_a_requisition_with_two_lines_is_numbered_totalled_and_submitted(office: Office, visit: Visit) -> None:
    mo, reference = visit("mo"), f"PR-{clock.today('Europe/London').year}-00001"
    sent = mo.post("/procurement/requisitions/new", rakes(office))
    assert sent.status_code == 303, words(sent.text)
    assert reference in sent.location
    page = words(mo.get(f"/procurement/requisitions/{reference}/"))
    assert "£86.75" in page
    assert "Rake" in page
    done = mo.post(f"/procurement/requisitions/{reference}/submit", {})
    assert done.status_code == 303, words(done.text)
    assert office.all(Requisition)[0].status == Stage.APPROVED
    assert "Approved" in words(mo.get(f"/procurement/requisitions/{reference}/"))


def test_a_wrong_line_is_named_and_nothing_typed_is_lost(office: Office, visit: Visit) -> None:
    mo = visit("mo")
    refused = mo.post("/procurement/requisitions/new", {
        "title": "Rakes", "department": office.departments["roads"], "currency": "GBP", "lines-0-description": "Rake",
        "lines-0-quantity": "many", "lines-0-unit": "piece", "lines-0-unit_price": "12.25", "lines-0-currency": "GBP"})
    assert refused.status_code == 422
    assert "Not a number: “many”" in words(refused.text)
    assert 'value="12.25"' in refused.text


def test_a_payment_that_waits_says_for_whom(office: Office, visit: Visit) -> None:
    supplier = office.make("procurement.supplier", "cleo", {"name": "Acorn", "remittance_email": "a@acorn.example"}).record_id
    cleo = visit("cleo")
    sent = cleo.post("/procurement/payments/new", {
        "supplier": str(supplier), "amount": "6000", "currency": "GBP", "paid_on": "2026-10-01", "transaction_number": "T-1",
        "category": "Premises", "purpose": "Repairs", "department": office.departments["roads"]})
    assert sent.status_code == 303, words(sent.text)
    page = words(cleo.get(f"/procurement/payments/PAY-{clock.today('Europe/London').year}-00001/"))
    assert "Manager of the department" in page
    assert "Max Manager" in page


def test_what_was_submitted_says_so_and_is_not_offered_again(office: Office, visit: Visit) -> None:
    mo, reference = visit("mo"), f"PR-{clock.today('Europe/London').year}-00001"
    mo.post("/procurement/requisitions/new", {
        "title": "Mower", "department": office.departments["roads"], "currency": "GBP", "lines-0-description": "Mower",
        "lines-0-quantity": "1", "lines-0-unit": "piece", "lines-0-unit_price": "6000", "lines-0-currency": "GBP"})
    at = f"/procurement/requisitions/{reference}/"
    assert "Waits for approval" not in words(mo.get(at))
    assert f'href="/office{at}submit"' in mo.get(at)
    assert mo.post(f"{at}submit", {}).status_code == 303
    assert "Waits for approval" in words(mo.get(at))
    assert "It waits for approval already." in words(mo.get(at))
    assert f'href="/office{at}submit"' not in mo.get(at)


def test_a_row_is_added_with_the_focus_and_nothing_typed_is_lost(visit: Visit) -> None:
    mo = visit("mo")
    added = mo.post("/procurement/requisitions/new", {"title": "Rakes", "lines-0-description": "Rake", "_add_line": "1"})
    assert added.status_code == 200
    assert added.headers["HX-Reswap"] == "outerHTML", "the page does not jump to its top"
    rows = re.findall(r"<tr[^>]*>(?=\s*<td)", added.text)
    assert ["focus" in row for row in rows] == [False, True], "the new row is where one goes on"
    assert 'value="Rake"' in mo.get("/procurement/requisitions/new"), "kept as a draft, should one leave now"


def test_a_requisition_is_made_once_in_its_history_and_each_line_says_its_total(office: Office, visit: Visit) -> None:
    mo, reference = visit("mo"), f"PR-{clock.today('Europe/London').year}-00001"
    form = mo.get("/procurement/requisitions/new")
    assert '<h1 class="grow">New requisition</h1>' in form
    assert "New: " not in form
    sent = mo.post("/procurement/requisitions/new", rakes(office))
    assert sent.status_code == 303, words(sent.text)
    page = words(mo.get(f"/procurement/requisitions/{reference}/"))
    assert "£36.75" in page
    assert "£50.00" in page
    made = office.all(Requisition)[0]
    entries = office.all(AuditEntry, AuditEntry.record_id == made.id, AuditEntry.action != "procurement.requisition.view")
    assert [(entry.action, entry.changes["total"]) for entry in entries] == [("procurement.requisition.create", [None, 8675])]
    lines = [line.id for line in office.all(RequisitionLine)]
    assert len(office.all(AuditEntry, AuditEntry.record_id.in_(lines))) == len(lines) == 2
