"""Requests that are asked by a form: defined as data, filled in, worked out, agreed, found again."""

from __future__ import annotations

import json
import re
from typing import Any
from uuid import UUID

import pytest
from flask import Flask

from app.core import audit, search
from app.core.approvals import State
from app.core.approvals.snapshots import differences, facts
from app.core.notifications.models import Notification
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid
from app.kernel.registry import registry
from app.modules.requests.models import Level, Request, Status
from tests.core.approvals.browsing import PARTIAL, Browser
from tests.core.approvals.house import House

VISIT = {"sections": [{"title": "Visit", "fields": [
    {"name": "visitors", "label": "Visitors", "kind": "integer", "minimum": 1, "required": True},
    {"name": "reason", "label": "Reason of it", "kind": "choice", "choices": {"audit": "Audit", "training": "Training"}, "required": True},
    {"name": "topic", "label": "Topic taught", "kind": "text", "shown_when": "reason = training", "needed_when": "reason = training"},
    {"name": "hours", "label": "Hours each", "kind": "decimal"},
    {"name": "all_hours", "label": "Hours together", "calculated": "visitors * hours"}]}], "impact": ["all_hours"]}
RISK = {"hazard": "Loose scaffold", "likelihood": "5", "severity": "4", "measures": "Closed off", "review_on": "2027-01-10"}
DECISION = {"question": "Buy or hire?", "horizon": "3", "proposed": "Hire, it leaves us free", "gain": "50000", "probability": "40",
            "options": [{"option": "Buy", "benefits": "Ours", "cost": "90000", "risks": "Stands idle"},
                        {"option": "Hire", "cost": "30000"}]}


@pytest.fixture
def house(app: Flask) -> House:
    """The small organisation in which approvals are tried."""
    return House()


def visit_form(house: House, definition: Any = VISIT) -> str:
    """Make a form and put it in force; gives its reference."""
    with house.as_("owner"):
        made = perform_one("forms.form", "create", data={"title": "Visit", "code": "visit", "definition": json.dumps(definition)}).record
        perform_one("forms.form", "activate", made.id)
        return str(made.reference)


def made(house: House, **data: Any) -> UUID:
    return house.do("clerk", "requests.request", "create", data={"title": "Something", **data}).record_id


def record(house: House, record_id: UUID) -> Request:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = work.get_one(Request, (house.organisation.id, record_id), populate_existing=True)
        work.expunge(found)
        return found


def submitted(house: House, record_id: UUID) -> UUID:
    outcome = house.do("clerk", "requests.request", "submit", [record_id])
    assert outcome.approval_id is not None
    return outcome.approval_id


def errors_of(house: House, **data: Any) -> dict[str, Any]:
    with pytest.raises(Invalid) as refused:
        made(house, **data)
    return dict(refused.value.errors)


@pytest.mark.requirement("LG-307")
def test_a_new_definition_is_a_working_form_at_once(app: Flask, house: House) -> None:
    reference = visit_form(house)
    clerk = Browser(app, house, "clerk")
    page = clerk.get("/requests/requests/new?kind=form&form=visit").text
    assert 'name="answers-visitors"' in page
    assert 'name="answers-topic"' not in page
    typed = {"kind": "form", "form": "visit", "title": "School visit", "answers-visitors": "12", "answers-reason": "training"}
    redrawn = clerk.post("/requests/requests/new", **typed, _redraw="1").text
    assert 'name="answers-topic"' in redrawn
    refused = clerk.post("/requests/requests/new", **typed)
    assert refused.status_code == 422
    assert 'href="#field-answers-topic"' in refused.text
    saved = clerk.post("/requests/requests/new", **typed, **{"answers-topic": "Ropes", "answers-hours": "2.5"})
    assert saved.status_code == 303, saved.text[:3000]
    shown = clerk.client.get(saved.location).text
    assert all(words in shown for words in ("Topic taught", "Ropes", "Hours together", "30"))
    with house.as_("clerk"):
        assert [hit.title for hit in search.find("ropes").hits] == ["School visit"]
    reply = json.loads(clerk.client.get(f"/api/v1{clerk.root}/requests/requests/{saved.location.rstrip('/').rpartition('/')[2]}/").text)
    assert reply["answers"] == {"form": reference, "visitors": 12,
                                "reason": "training", "topic": "Ropes", "hours": "2.5", "all_hours": "30.00"}


@pytest.mark.requirement("LG-307")
def test_answers_are_checked_by_the_definition_on_every_way_in(house: House) -> None:
    visit_form(house)
    form = {"kind": "form", "form": "visit"}
    assert set(errors_of(house, **form)) == {"answers.visitors", "answers.reason"}
    assert set(errors_of(house, **form, answers={"visitors": "0", "reason": "party"})) == {"answers.visitors", "answers.reason"}
    assert set(errors_of(house, **form, answers={"visitors": 1, "reason": "audit", "topic": "Ropes"})) == {"answers.topic"}
    assert set(errors_of(house, **form, answers={"visitors": 1, "reason": "audit", "colour": "red"})) == {"answers.colour"}
    assert set(errors_of(house, kind="letter", answers={"visitors": 1})) == {"answers"}
    whole = made(house, **form, answers=json.dumps({"visitors": 1, "reason": "audit", "all_hours": "999", "hours": "2"}))
    assert record(house, whole).answers["all_hours"] == "2.00"  # type: ignore[index]


@pytest.mark.requirement("LG-307")
def test_a_request_keeps_the_definition_that_it_was_filled_in_with(house: House) -> None:
    first = visit_form(house)
    old = made(house, kind="form", form="visit", answers={"visitors": 3, "reason": "audit", "hours": "1"})
    second = visit_form(house, {"sections": [{"title": "Visit", "fields": [{"name": "guests", "label": "Guests", "required": True}]}]})
    new = made(house, kind="form", form="visit", answers={"guests": "Three"})
    assert (record(house, old).answers["form"], record(house, new).answers["form"]) == (first, second)  # type: ignore[index]
    house.do("clerk", "requests.request", "edit", [old], {"answers": {"visitors": 4}})
    changed = record(house, old).answers
    assert changed == {"form": first, "visitors": 4, "reason": "audit", "hours": "1", "all_hours": "4.00"}
    with house.as_("owner"), pytest.raises(Conflict):
        perform_one("forms.form", "edit", first, {"title": "Other"})
    with house.as_("clerk"):
        latest = audit.history(session().get_one(Request, (house.organisation.id, old)))[0]
        assert {(c.label, c.before, c.after) for c in latest.changes if c.label != "Version"} >= {("Visitors", "3", "4"),
                                                                                                     ("Hours together", "3", "4")}


@pytest.mark.requirement("LG-308")
def test_a_resource_request_is_submitted_and_asks_for_its_approval(app: Flask, house: House) -> None:
    clerk = Browser(app, house, "clerk")
    saved = clerk.post("/requests/requests/new", kind="resource", title="Second crane driver", amount="12000", currency="GBP", **{
        "answers-what": "people", "answers-skill": "Crane licence", "answers-quantity": "2", "answers-months": "6",
        "answers-benefit": "Two cranes at once"})
    assert saved.status_code == 303, saved.text[:3000]
    shown = clerk.client.get(saved.location).text
    assert "Crane licence" in shown
    assert "£6,000.00" in shown
    with house.as_("clerk"):
        found = session().query(Request).one().id
        request_id = perform_one("requests.request", "submit", found).approval_id
    assert house.waits_for(request_id) == ["manager"]
    inbox = Browser(app, house, "manager").get("/inbox/").text
    assert "Second crane driver" in inbox
    house.decide(request_id, "manager")
    assert set(house.waits_for(request_id)) <= {"fiona", "felix", "freya"}  # above the limit finance is asked as well
    house.decide(request_id, "fiona")
    house.later(3600)
    assert record(house, found).status == Status.APPROVED


@pytest.mark.requirement("LG-309")
def test_a_strategic_decision_shows_options_impact_and_goes_through_its_levels(app: Flask, house: House) -> None:
    assert "answers.options" in errors_of(house, kind="decision", answers={**DECISION, "options": [{"option": "Buy"}]})
    decision = made(house, kind="decision", amount="9000", currency="GBP", answers=DECISION)
    kept = record(house, decision).answers
    assert kept is not None
    assert (kept["expected"], kept["net"], kept["verdict"], kept["spread"]) == ("20000.00", "11000.00", "gain", "60000.00")
    request_id = submitted(house, decision)
    request = house.request(request_id)
    with house.as_("manager"):
        said = {label: value for label, value, _figure in facts(registry.resource("requests.request"), request.snapshot)}
    assert "Stands idle" in said["Options"]
    assert said["On balance"] == "Expected to bring more than it costs"
    page = Browser(app, house, "clerk").get(f"/requests/requests/{record(house, decision).reference}/").text
    assert all(words in page for words in ("Stands idle", "£90,000.00", "Expected gain less the amount", "£11,000.00"))
    assert house.waits_for(request_id) == ["manager"]
    house.decide(request_id, "manager")
    assert house.request(request_id).state == State.OPEN
    assert "manager" not in house.waits_for(request_id)


@pytest.mark.requirement("LG-309")
def test_an_answer_changed_while_it_is_agreed_is_named_and_starts_anew(house: House) -> None:
    decision = made(house, kind="decision", amount="12000", answers=DECISION)
    request_id = submitted(house, decision)
    before = house.request(request_id).snapshot
    house.do("clerk", "requests.request", "edit", [decision], {"answers": {"probability": "10"}})
    after = house.request(request_id).snapshot
    with house.as_("manager"):
        changes = differences(registry.resource("requests.request"), before, after)
    assert ("Probability of success, in %", "40", "10") in {(c.label, c.before, c.after) for c in changes}
    assert house.request(request_id).round == 2


@pytest.mark.requirement("LG-310")
def test_a_critical_risk_shows_its_level_and_alerts_those_who_answer(app: Flask, house: House) -> None:
    quiet = made(house, kind="risk", answers={**RISK, "likelihood": "1"})
    loud = made(house, kind="risk", answers=RISK)
    assert (record(house, quiet).risk_level, record(house, loud).risk_level) == (Level.LOW, Level.CRITICAL)
    page = Browser(app, house, "clerk").get(f"/requests/requests/{record(house, loud).reference}/").text
    assert "Critical" in page
    assert re.search(r'<td data-cell="extreme" title="Critical" aria-current="true">', page)
    calm, request_id = submitted(house, quiet), submitted(house, loud)
    assert (house.request(calm).risk.value, house.request(request_id).risk.value) == ("GREEN", "RED")
    house.later(1)
    with house.as_("owner"):
        told = session().query(Notification).filter(Notification.key.like("requests.critical:%")).all()
        assert {each.key for each in told} == {f"requests.critical:{loud}"}
        assert {each.member_id for each in told} == {house.ids["hanna"], house.ids["owner"]}


@pytest.mark.requirement("LG-310")
def test_an_incident_fills_in_what_is_known_of_it(app: Flask, house: House) -> None:
    with house.as_("owner"):
        site = perform_one("organisation.site", "create", data={"name": "Quay", "kind": "rig"}).record
        incident = str(perform_one("hse.incident", "create", data={
            "title": "Scaffold gave way", "kind": "near_miss", "site": str(site.id), "occurred_at": "2026-01-05T08:00",
            "narrative": "It did.",
            "actual_severity": "1", "potential_severity": "5", "potential_likelihood": "4"}).record.id)
    page = Browser(app, house, "clerk").post("/requests/requests/new", kind="risk", title="After it", _redraw="1", **{
        "answers-incident": incident, "answers-incident__text": "Scaffold gave way", "answers-hazard": ""}).text
    assert 'value="Scaffold gave way"' in page
    assert re.search(r'<option value="5" selected>5 · Catastrophic', page)
    assert "Critical" in page.partition('id="impact"')[2]


@pytest.mark.requirement("LG-312")
def test_the_impact_follows_what_is_typed_without_saving_anything(app: Flask, house: House) -> None:
    clerk = Browser(app, house, "clerk")
    typed = {"kind": "decision", "title": "Crane", "amount": "12000", "currency": "GBP",
             "answers-gain": "50000", "answers-probability": "40"}
    token = clerk.fields(clerk.get("/requests/requests/new?kind=decision").text, f"{clerk.root}/requests/requests/new")["csrf_token"]

    def impact(**more: str) -> str:
        data = {"csrf_token": token, **typed, "_impact": "1", **more}
        answer = clerk.client.post(f"{clerk.root}/requests/requests/new", data=data, headers=PARTIAL)
        assert answer.status_code == 200
        assert "<html" not in answer.text
        return answer.text

    assert "£8,000.00" in impact()
    assert "Costs more than it is expected to bring" in impact(**{"answers-probability": "10"})
    assert "-£10,000.00" in impact(amount="30000").replace("−", "-")
    with house.as_("clerk"):
        assert session().query(Request).count() == 0
    assert "£8,000.00" in clerk.post("/requests/requests/new", **typed, _redraw="1").text  # by a button, without script
