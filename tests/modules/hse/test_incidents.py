"""Incidents: reported, numbered, coloured, counted, closed once everything is done and the HSE manager agrees."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from app.core.approvals import State, Verb
from app.core.approvals.models import ApprovalRequest
from app.core.notifications import Notification
from app.kernel import clock
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.fields import fields_of
from app.modules.hse import queries
from app.modules.hse.models import CorrectiveAction, Counted, Incident, Progress, Risk, Status
from tests.modules.office import Office


def said(office: Office, **changes: Any) -> dict[str, Any]:
    """What somebody reports."""
    return {"title": "Slip on wet grass", "kind": "first_aid", "site": office.site, "department": office.departments["parks"],
            "occurred_at": (clock.now() - timedelta(hours=2)).isoformat(), "actual_severity": "2", "actual_likelihood": "3",
            "potential_severity": "4", "potential_likelihood": "4", "narrative": "Rain since the morning.", "people_involved": "Mo Member",
            **changes}


def step(office: Office, incident: Incident, **changes: Any) -> CorrectiveAction:
    """A corrective action, made by the HSE manager for the manager."""
    data = {"title": "Mats at the gate", "incident": str(incident.id), "owner": str(office.ids["max"]),
            "due_on": (clock.today() + timedelta(days=7)).isoformat(), **changes}
    made: CorrectiveAction = office.make("hse.corrective_action", "hanna", data).record
    return made


def test_a_report_is_numbered_and_coloured(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    assert incident.reference == f"INC-{clock.today('Europe/London').year}-00001"
    assert (incident.actual_risk, incident.potential_risk) == (Risk.MEDIUM, Risk.EXTREME)
    assert incident.status == Status.OPEN
    assert incident.created_by == office.ids["mo"]


@pytest.mark.parametrize("name", ["title", "kind", "site", "occurred_at", "actual_severity", "potential_severity", "narrative"])
def test_a_missing_field_is_named(office: Office, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        office.make("hse.incident", "mo", said(office, **{name: ""}))
    assert list(refused.value.errors) == [name]


@pytest.mark.parametrize(("kind", "heading"), [("near_miss", Counted.NEAR_MISS), ("first_aid", Counted.INJURY),
                                               ("fatality", Counted.INJURY),
                                               ("property", Counted.OTHER), ("observation", Counted.OTHER)])
def test_it_is_counted_under_its_heading(office: Office, kind: str, heading: Counted) -> None:
    assert office.make("hse.incident", "mo", said(office, kind=kind)).record.counted_as == heading


def test_near_misses_are_counted_apart_from_injuries(office: Office) -> None:
    for kind in ("near_miss", "near_miss", "lost_time", "environmental"):
        office.make("hse.incident", "mo", said(office, kind=kind))
    with office.as_():
        counts = queries.counted_since(clock.now() - timedelta(days=1))
    assert counts == {Counted.NEAR_MISS: 2, Counted.INJURY: 1, Counted.OTHER: 1}


def test_it_cannot_have_occurred_in_the_future(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.make("hse.incident", "mo", said(office, occurred_at=(clock.now() + timedelta(hours=1)).isoformat()))
    assert "occurred_at" in refused.value.errors


def test_it_could_not_have_been_less_bad_than_it_was(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        office.make("hse.incident", "mo", said(office, actual_severity="4", potential_severity="2"))
    assert "potential_severity" in refused.value.errors


def test_an_edit_paints_the_matrix_anew(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    change = {"kind": "near_miss", "potential_severity": "2", "potential_likelihood": "1"}
    edited = office.act("hse.incident", "edit", incident.id, "mo", change)
    assert (edited.record.potential_risk, edited.record.counted_as) == (Risk.LOW, Counted.NEAR_MISS)


def test_people_involved_are_personal_data() -> None:
    assert fields_of(Incident)["people_involved"].personal


def test_the_cell_of_the_actual_and_of_the_potential_outcome(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    marked = {(severity.value, likelihood.value): incident.in_cell(severity, likelihood)
              for severity, row in incident.matrix for likelihood, _risk in row if any(incident.in_cell(severity, likelihood))}
    assert marked == {("2", "3"): (True, False), ("4", "4"): (False, True)}


def test_a_member_cannot_close(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    with pytest.raises(Forbidden, match=r"hse\.incident\.close"):
        office.act("hse.incident", "close", incident.id, "mo", {"outcome": "Done."})


def test_open_actions_keep_it_open(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    step(office, incident)
    with pytest.raises(Conflict, match="1 corrective action is still open"):
        office.act("hse.incident", "close", incident.id, "max", {"outcome": "Done."})


def test_a_closure_needs_its_outcome(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    with pytest.raises(Invalid) as refused:
        office.act("hse.incident", "close", incident.id, "max", {})
    assert list(refused.value.errors) == ["outcome"]


def test_the_hse_manager_agrees_to_the_close_out(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    made = step(office, incident)
    office.act("hse.corrective_action", "complete", made.id, "max", {"result": "Laid."})
    asked = office.act("hse.incident", "close", incident.id, "max", {"outcome": "Mats are there."})
    assert asked.state == "parked"
    assert office.get(Incident, incident.id).status == Status.OPEN
    office.approve(asked.approval_id, "hanna")
    office.deliver()
    closed = office.get(Incident, incident.id)
    assert (closed.status, closed.outcome) == (Status.CLOSED, "Mats are there.")
    assert closed.closed_at is not None
    assert office.get(ApprovalRequest, asked.approval_id).state == State.EFFECTED


def test_who_asks_for_the_close_out_does_not_decide_it(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    asked = office.act("hse.incident", "close", incident.id, "hanna", {"outcome": "Nothing more."})
    with pytest.raises(Forbidden):
        office.approve(asked.approval_id, "hanna")
    office.approve(asked.approval_id, "olive")
    assert office.get(ApprovalRequest, asked.approval_id).last_verb == Verb.APPROVE


def test_an_action_that_comes_after_the_approval_stops_the_close_out(office: Office) -> None:
    incident = office.make("hse.incident", "mo", said(office)).record
    asked = office.act("hse.incident", "close", incident.id, "max", {"outcome": "Done."})
    office.approve(asked.approval_id, "hanna")
    step(office, incident)
    office.deliver()
    assert office.get(Incident, incident.id).status == Status.OPEN


@pytest.mark.parametrize(("verb", "state"), [("complete", Progress.DONE), ("drop", Progress.DROPPED)])
def test_a_corrective_action_ends(office: Office, verb: str, state: Progress) -> None:
    made = step(office, office.make("hse.incident", "mo", said(office)).record)
    ended = office.act("hse.corrective_action", verb, made.id, "max", {"result": "Because."}).record
    assert (ended.state, ended.result, ended.done_on) == (state, "Because.", clock.today("Europe/London"))
    with pytest.raises(Conflict, match="no longer open"):
        office.act("hse.corrective_action", verb, made.id, "max", {"result": "Again."})


def test_dropping_needs_a_reason(office: Office) -> None:
    made = step(office, office.make("hse.incident", "mo", said(office)).record)
    with pytest.raises(Invalid):
        office.act("hse.corrective_action", "drop", made.id, "max", {"result": " "})


@pytest.mark.parametrize(("days", "ended", "late"), [(-1, False, True), (0, False, False), (3, False, False), (-1, True, False)])
def test_it_is_late_from_the_day_after_the_deadline_while_it_is_open(office: Office, days: int, ended: bool, late: bool) -> None:
    due = clock.today("Europe/London") + timedelta(days=days)
    made = step(office, office.make("hse.incident", "mo", said(office)).record, due_on=due.isoformat())
    if ended:
        made = office.act("hse.corrective_action", "complete", made.id, "max").record
    with office.as_():
        assert fields_of(CorrectiveAction)["due_on"].is_late(made) is late


def test_the_owner_is_told_once_and_a_new_owner_too(office: Office) -> None:
    made = step(office, office.make("hse.incident", "mo", said(office)).record)
    office.deliver()
    office.act("hse.corrective_action", "edit", made.id, "hanna", {"title": "Mats at both gates"})
    office.deliver()
    told = office.all(Notification, Notification.kind == "hse.action_assigned")
    assert [(notice.member_id, notice.record_id) for notice in told] == [(office.ids["max"], made.id)]
    with office.as_():
        assert told[0].title == f"Mats at the gate is yours to do by {fields_of(CorrectiveAction)['due_on'].display(made)}"
    assert told[0].path == f"/office/hse/corrective-actions/{made.reference}/"
    office.act("hse.corrective_action", "edit", made.id, "hanna", {"owner": str(office.ids["bea"])})
    office.deliver()
    assert {notice.member_id for notice in office.all(Notification, Notification.kind == "hse.action_assigned")} == {
        office.ids["max"], office.ids["bea"]}
