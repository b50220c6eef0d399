"""Health and safety as people meet it: by plain pages and forms."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from app.kernel import clock
from tests.modules.office import Office
from tests.modules.visitor import Visitor, words

Visit = Callable[[str], Visitor]


def report(office: Office, **changes: Any) -> dict[str, Any]:
    """The incident form, filled in."""
    return {"title": "Slip on wet grass", "kind": "first_aid", "site": office.site, "department": office.departments["parks"],
            "occurred_at": (clock.now() - timedelta(hours=2)).strftime("%Y-%m-%dT%H:%M"), "actual_severity": "2", "actual_likelihood": "3",
            "potential_severity": "4", "potential_likelihood": "4", "narrative": "Rain since the morning.", **changes}


@pytest.mark.requirement("OF-415")
def test_a_report_is_numbered_and_listed_and_a_missing_field_is_named(office: Office, visit: Visit) -> None:
    mo = visit("mo")
    refused = mo.post("/hse/incidents/new", report(office, narrative=""))
    assert refused.status_code == 422
    assert "Narrative" in words(refused.text)
    assert "This is needed." in words(refused.text)
    assert "Slip on wet grass" in refused.text
    sent = mo.post("/hse/incidents/new", report(office))
    assert sent.status_code == 303
    reference = f"INC-{clock.today('Europe/London').year}-00001"
    assert reference in sent.location
    listed = words(mo.get("/hse/incidents/"))
    assert reference in listed
    assert "Slip on wet grass" in listed
    assert "First aid" in listed
    shown = words(mo.get(f"/hse/incidents/{reference}/"))
    assert "Yard" in shown
    assert "Rain since the morning." in shown


@pytest.mark.requirement("OF-416")
def test_a_near_miss_has_its_own_kind_and_is_counted_apart_from_injuries(office: Office, visit: Visit) -> None:
    mo = visit("mo")
    for title, kind in (("Ladder fell", "near_miss"), ("Branch fell", "near_miss"), ("Cut hand", "medical_treatment")):
        assert mo.post("/hse/incidents/new", report(office, title=title, kind=kind)).status_code == 303
    page = words(mo.get("/hse/incidents/"))
    assert "All 3 Injury 1 Near miss 2 Neither 0" in page
    apart = words(mo.get("/hse/incidents/?counted_as=near_miss"))
    assert "Ladder fell" in apart
    assert "Cut hand" not in apart
    assert "Cut hand" in words(mo.get("/hse/incidents/?counted_as=injury"))


@pytest.mark.requirement("OF-420")
def test_a_corrective_action_tells_its_owner_and_is_red_after_the_deadline(office: Office, visit: Visit) -> None:
    visit("mo").post("/hse/incidents/new", report(office))
    incident = f"INC-{clock.today('Europe/London').year}-00001"
    due = clock.today("Europe/London") + timedelta(days=2)
    sent = visit("hanna").post("/hse/corrective-actions/new", {
        "title": "Mats at the gate", "incident": incident, "owner": str(office.ids["max"]), "due_on": due.isoformat(),
        "plan": "Order ten."})
    assert sent.status_code == 303, words(sent.text)
    office.deliver(0)
    assert "Mats at the gate is yours to do by" in words(visit("max").get("/notifications/"))
    assert "Overdue" not in words(visit("max").get("/hse/corrective-actions/"))
    with clock.at(clock.now() + timedelta(days=4)):
        page = visit("max").get("/hse/corrective-actions/")
    assert "text-late" in page
    assert "Overdue" in words(page)


def test_the_page_of_an_incident_draws_the_matrix(office: Office, visit: Visit) -> None:
    mo = visit("mo")
    mo.post("/hse/incidents/new", report(office))
    page = mo.get(f"/hse/incidents/INC-{clock.today('Europe/London').year}-00001/")
    assert page.count('data-cell="') == 25
    assert "A Actual Medium P Potential Extreme" in words(page)


def test_why_a_member_cannot_close_is_said(office: Office, visit: Visit) -> None:
    mo = visit("mo")
    mo.post("/hse/incidents/new", report(office))
    page = words(mo.get(f"/hse/incidents/INC-{clock.today('Europe/London').year}-00001/"))
    assert "You need hse.incident.close, which HSE manager, Manager and Admin have." in page
