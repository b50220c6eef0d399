"""A step at which a form is filled in: by whom it asks, what is needed, who reads the answers, and what becomes of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import approvals, auth, forms
from app.core.approvals import ApprovalDecision, ApprovalRequest, State, filling, orphans, replaying
from app.core.approvals.case import Case
from app.core.approvals.models import Verb
from app.core.notifications import Notification
from app.core.workflow import Decider, Graph, Limit, Step, drafts
from app.core.workflow.checking import flaws
from app.core.workflow.models import WorkflowVersion
from app.core.workflow.storing import read, written
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.registry import registry
from app.modules.procurement.models import Payment
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House
from tests.core.approvals.test_absence import away
from tests.core.approvals.test_drawn import FINANCE, HSE, OWNER, in_force
from tests.core.workflow.graphs import ask, whole

HANNA = HSE
VISIT = {"visitors": "3", "reason": "training", "topic": "Ladders", "hours": "2.5"}
DESIGN = "/workflow/designs/procurement.payment/release/"


@pytest.fixture
def visit(house: House) -> str:
    """A form of the organisation's own, in force; gives its reference."""
    from app.core.forms.keeping import EXAMPLE

    with house.as_("owner"):
        made = forms.Form(title="Visit", code="visit", definition=json.dumps(EXAMPLE))
        house._add(made)
        forms.keeping.activate(made)
        return str(made.reference)


@pytest.fixture
def flow(house: House, visit: str) -> None:
    """Health and safety fill in the form, then finance decides."""
    in_force(house, drawn())


def drawn(**said: Any) -> Graph:
    return whole(ask("visit", "money", kind="form", form="visit", deciders=HANNA, colour="GREEN", label="Visit on site", **said),
                 ask("money", "effect", deciders=FINANCE))


def lines(house: House, request_id: UUID) -> list[ApprovalDecision]:
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = list(work.scalars(select(ApprovalDecision).where(
            ApprovalDecision.request_id == request_id, ApprovalDecision.verb == Verb.APPROVE).order_by(ApprovalDecision.at)))
        for each in found:
            work.expunge(each)
        return found


def filled(house: House, request_id: UUID, by: str) -> list[dict[str, Any]]:
    with house.as_(by):
        return filling.given(Case(session().get_one(ApprovalRequest, (house.organisation.id, request_id))))


def test_the_flow_goes_on_once_the_form_is_filled_in_and_the_answers_stay_in_the_story(house: House, flow: None, visit: str) -> None:
    request_id = house.waiting("10")
    assert house.waits_for(request_id) == ["hanna"]
    with house.as_("hanna"):
        shown = session().get_one(ApprovalRequest, (house.organisation.id, request_id)).snapshot_hash
        assert approvals.decide(request_id, "approve", shown_hash=shown, answers=VISIT).said.endswith("filled in")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]
    kept = lines(house, request_id)[0].data
    assert kept["answers"] == {"form": visit, "visitors": 3, "reason": "training", "topic": "Ladders", "hours": "2.5", "all_hours": "7.50"}
    assert kept["form"] == "Visit"
    house.decide(request_id, "felix")
    assert house.request(request_id).state == State.HELD


@pytest.mark.parametrize(("sent", "wrong"), [
    ({}, {"answers.visitors", "answers.reason"}), ({**VISIT, "topic": ""}, {"answers.topic"}),
    ({**VISIT, "visitors": "0"}, {"answers.visitors"}),
    ({**VISIT, "nothing": "x"}, {"answers.nothing"}), ({"visitors": "1", "reason": "audit", "topic": "not asked"}, {"answers.topic"})])
def test_what_is_needed_is_needed_and_what_is_not_asked_is_refused(house: House, flow: None, sent: dict[str, str], wrong: set[str]) -> None:
    request_id = house.waiting("10")
    with pytest.raises(Invalid) as refused:
        house.decide(request_id, "hanna", answers=sent)
    assert set(refused.value.errors) == wrong
    assert house.waits_for(request_id) == ["hanna"]
    assert lines(house, request_id) == []


def test_answers_belong_to_form_steps_alone_and_a_form_is_not_rejected_nor_filled_in_by_others(house: House, flow: None) -> None:
    request_id = house.waiting("10")
    with pytest.raises(Forbidden):
        house.decide(request_id, "felix", answers=VISIT)
    with pytest.raises(Conflict, match="fill it in, or return it"):
        house.decide(request_id, "hanna", "reject", reason="No.")
    with pytest.raises(Forbidden, match="one by one"):
        house.decide(request_id, "hanna", answers=VISIT, bulk=True, looked=True)
    house.decide(request_id, "hanna", answers=VISIT)
    with pytest.raises(Invalid, match="no form"):
        house.decide(request_id, "felix", answers=VISIT)


def test_a_form_is_returned_and_asked_anew_in_the_next_round(house: House, flow: None) -> None:
    request_id = house.waiting("10")
    house.decide(request_id, "hanna", answers=VISIT)
    assert len(filled(house, request_id, "felix")) == 1
    house.edit(request_id, "clerk", purpose="Roof")
    assert house.waits_for(request_id) == ["hanna"]
    assert filled(house, request_id, "hanna") == []
    house.decide(request_id, "hanna", "return", reason="Which roof?")
    assert house.request(request_id).state == State.RETURNED


def test_undo_takes_the_answers_back(house: House, flow: None) -> None:
    request_id = house.waiting("10")
    house.decide(request_id, "hanna", answers=VISIT)
    house.decide(request_id, "hanna", "undo")
    assert (house.waits_for(request_id), filled(house, request_id, "hanna")) == (["hanna"], [])
    house.decide(request_id, "hanna", answers={**VISIT, "visitors": "5"})
    found = filled(house, request_id, "felix")
    assert [part.text for part in found[0]["sections"][0][1]][:1] == ["5"]


def test_who_covers_for_somebody_away_fills_it_in_in_their_place(house: House, flow: None) -> None:
    away(house, "hanna", "director")
    request_id = house.waiting("10")
    house.decide(request_id, "director", answers=VISIT)
    line = lines(house, request_id)[0]
    assert (line.by_id, line.on_behalf_of) == (house.ids["director"], house.ids["hanna"])


def test_whoever_is_asked_is_told_what_for(house: House, flow: None) -> None:
    house.waiting("10")
    house.later(1)
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        said = [str(each) for each in work.scalars(select(Notification.title).where(Notification.member_id == house.ids["hanna"]))]
    assert len([each for each in said if each.startswith("To be filled in by you: ")]) == 1


def test_on_the_page_the_form_is_drawn_refused_with_its_errors_and_read_by_those_who_decide(app: Flask, house: House, flow: None) -> None:
    request_id = house.waiting("10")
    place, hanna = reference_of(house, request_id), Browser(app, house, "hanna")
    inbox = hanna.get("/inbox/").text
    assert "To be filled in" in inbox
    assert '<button data-key="queue.approve">' not in inbox
    page = hanna.get(f"/inbox/{place}/").text
    assert "Fill in the form" in page
    shown = hanna.get(f"/inbox/{place}/decide?verb=approve").text
    assert 'name="answers-visitors"' in shown
    assert 'name="answers-topic"' not in shown
    assert 'value="reject"' not in hanna.get(f"/inbox/{place}/decide?verb=return").text
    redrawn = hanna.decide(place, "approve", _redraw="1", **{"answers-reason": "training"})
    assert (redrawn.status_code, 'name="answers-topic"' in redrawn.text) == (200, True)
    refused = hanna.decide(place, "approve", **{"answers-visitors": "many", "answers-reason": "training"})
    assert refused.status_code == 422
    assert "many" in refused.text
    assert refused.text.count('data-invalid="true"') == 2
    assert 'value="many"' in refused.text
    done = hanna.decide(place, "approve", **{f"answers-{name}": value for name, value in VISIT.items()})
    assert done.status_code == 303
    felix = Browser(app, house, "felix").get(f"/inbox/{place}/").text
    plain = re.sub(r"<[^>]+>", "", felix)
    for words in ("Filled in by Hanna", "Ladders", "Hours together", "Hanna filled in “Visit” for"):
        assert words in plain
    payment = house.paid(request_id)
    assert "Ladders" in Browser(app, house, "clerk").get(f"/procurement/payments/{payment.reference}/").text


def test_by_the_api_the_form_is_described_and_filled_in(app: Flask, house: House, flow: None, visit: str) -> None:
    request_id = house.waiting("10")
    with house.as_("hanna"):
        _token, secret = auth.make_token("forms", ("write",))
    client, headers = app.test_client(), {"Authorization": f"Bearer {secret}"}
    path = f"/api/v1/{house.organisation.slug}/approvals/{reference_of(house, request_id)}/"
    seen = client.get(path, headers=headers).json
    assert [(each["name"], each["kind"], each["required"]) for each in seen["form"]["questions"]] == [
        ("visitors", "integer", True), ("reason", "text", True), ("topic", "text", False), ("hours", "decimal", False)]
    said = {"decision": "approve", "hash": seen["hash"], "key": seen["key"]}
    refused = client.post(f"{path}decide", json={**said, "answers": {"visitors": 3}}, headers=headers)
    assert (refused.status_code, "answers.reason" in refused.text) == (422, True)
    assert client.post(f"{path}decide", json={**said, "answers": [3]}, headers=headers).status_code == 422
    assert client.post(f"{path}decide", json={**said, "answers": {"visitors": 3, "reason": "audit"}}, headers=headers).status_code == 200
    after = client.get(path, headers=headers).json
    assert after["form"] is None
    assert [(each["form"], each["answers"]["visitors"]) for each in after["filled"]] == [(visit, 3)]


def test_among_many_a_form_is_left_with_its_reason(app: Flask, house: House, flow: None) -> None:
    request_id = house.waiting("10")
    shown = house.request(request_id).snapshot_hash
    with house.as_("hanna"):
        approvals.bulk.submit([(request_id, shown)], Verb.APPROVE)
    with acting(None, None):
        while jobs.turn(house.organisation.id):
            pass
    assert house.waits_for(request_id) == ["hanna"]


def test_the_sheet_of_the_decision_holds_the_answers(app: Flask, house: House, flow: None, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = house.waiting("10")
    house.decide(request_id, "hanna", answers=VISIT)
    told: list[Any] = []
    monkeypatch.setattr("app.core.exports.decision._facts", lambda _paper, facts: told.extend(facts))
    sheet = Browser(app, house, "felix").get(f"/inbox/{reference_of(house, request_id)}/sheet.pdf")
    assert (sheet.status_code, sheet.data[:5]) == (200, b"%PDF-")
    assert ("Topic of the training", "Ladders") in told


def test_a_form_that_is_taken_out_of_force_is_found_each_night_and_refused_with_a_reason(house: House, flow: None) -> None:
    request_id = house.waiting("10")
    with acting(house.organisation, SYSTEM):
        assert orphans.prove() == 0
    with house.as_("owner") as work:
        forms.keeping.retire(work.scalars(select(forms.Form).where(forms.Form.code == "visit")).one())
    with acting(house.organisation, SYSTEM):
        assert orphans.prove() == 1
    with pytest.raises(Conflict, match="not in force any more"):
        house.decide(request_id, "hanna", answers=VISIT)


def test_nobody_puts_a_step_in_force_that_names_no_form_nobody_or_fills_itself_in(house: House, visit: str) -> None:
    wrong = [drawn(), whole(ask("visit", "effect", kind="form", form="visit", deciders=())),
             whole(ask("visit", "effect", kind="form", deciders=HANNA)), drawn(limit=Limit(4, end="approve"))]
    assert [sorted({flaw.code for flaw in flaws(each)}) for each in wrong] == [[], ["nobody"], ["empty"], ["limit"]]
    gone = drawn()
    with pytest.raises(Invalid, match="“gone” is not in force"):
        in_force(house, Graph(gone.start, {**gone.steps, "visit": replace(gone.steps["visit"], form="gone")}))
    assert read(written(gone)) == gone


def test_a_form_is_not_filled_in_by_time(house: House, visit: str) -> None:
    from tests.core.approvals.test_drawn import pass_hours

    in_force(house, drawn(limit=Limit(4, climbs=0, end="reject")))
    request_id = house.waiting("10")
    pass_hours(house, 5)
    assert house.request(request_id).state == State.REJECTED


def test_the_backtest_sticks_where_the_form_is_not_in_force(house: House, flow: None) -> None:
    request_id = house.waiting("10")
    record_id = house.request(request_id).record_id
    with house.as_("owner") as work:
        record, approval = work.get_one(Payment, (house.organisation.id, record_id)), registry.approvals["procurement.payment"]
        known = replaying.Replay(approval, drawn())
        assert known.take(record, house.ids["clerk"], clock.now()) == replaying.THROUGH
        assert known.kept()["steps"][0]["name"] == "Visit on site"
        forms.keeping.retire(work.scalars(select(forms.Form).where(forms.Form.code == "visit")).one())
        session().flush()
        gone = replaying.Replay(approval, drawn())
        assert gone.take(record, house.ids["clerk"], clock.now()) == replaying.STUCK


def test_an_administrator_adds_one_with_plain_forms_and_sees_it_drawn(app: Flask, house: House, visit: str) -> None:
    owner = Browser(app, house, "owner")
    place = owner.post(DESIGN).location.partition(house.organisation.slug)[2].partition("?")[0]
    answer = owner.post(f"{place}/steps", do="add", kind="form", path="submit")
    assert answer.location.endswith("?step=form#step-form")
    assert "Something is missing here" in owner.get(place).text
    page = owner.get(f"{place}?step=form").text
    assert '<option value="visit" >Visit</option>' in page
    said = {"do": "set", "path": "form", "label": "", "kind": "form", "colour": "GREEN", "who": "role:hse_manager", "needs": "any:0",
            "four_eyes": "true"}
    assert owner.post(f"{place}/steps", **said, form="").status_code == 422
    assert owner.post(f"{place}/steps", **said, form="gone").status_code == 422
    assert owner.post(f"{place}/steps", **said, form="visit", amount="4", end="approve").status_code == 422
    assert owner.post(f"{place}/steps", **said, form="visit").status_code == 303
    page = owner.get(place).text
    for words in ("To be filled in: “Visit”", "<svg"):
        assert words in page
    assert "things to mend" not in page
    with house.as_("owner") as work:
        version = work.scalars(select(WorkflowVersion).order_by(WorkflowVersion.number.desc())).first()
        assert version is not None
        drafts.activate(version)
    assert house.waits_for(house.waiting("6000")) == ["hanna"]


def test_a_form_that_a_module_brings_is_stored_when_it_is_first_filled_in(house: House) -> None:
    risk = ask("risk", "last", kind="form", form="risk", deciders=HANNA, colour="GREEN")
    in_force(house, whole(risk, ask("last", "effect", deciders=OWNER)))
    request_id = house.waiting("10")
    with house.as_("hanna"):
        request = session().get_one(ApprovalRequest, (house.organisation.id, request_id))
        case = Case(request)
        wanted = approvals.filling.asked(request, case.record, case.seat)
        assert wanted is not None
        assert wanted.reference == ""
    with pytest.raises(Invalid):
        house.decide(request_id, "hanna", answers={})
    assert Step("x", "form").good == "done"
    assert Decider("role", "hse_manager").complete
