"""The inbox as somebody without JavaScript uses it, and the fragments that htmx gets."""

from __future__ import annotations

import gzip
from datetime import datetime, timedelta

import pytest
from flask import Flask

from app.core.approvals import State
from app.kernel import clock
from tests.core.approvals.browsing import PARTIAL, Browser, reference_of
from tests.core.approvals.house import House


def test_the_queue_shows_what_waits_with_its_amount_step_and_limit(house: House, app: Flask) -> None:
    house.waiting()
    page = Browser(app, house, "manager").get("/inbox/")
    assert page.status_code == 200
    for said in ("Release: Acorn", "£6,000.00", "1 of 1", "Manager of the department", "left", "First payment to this supplier"):
        assert said in page.text


@pytest.mark.parametrize("tab", ["mine", "groups", "delegated", "watching", "requested"])
def test_every_tab_opens(house: House, app: Flask, tab: str) -> None:
    house.waiting()
    assert Browser(app, house, "manager").get(f"/inbox/?tab={tab}").status_code == 200


def test_an_unknown_tab_is_not_found(house: House, app: Flask) -> None:
    assert Browser(app, house, "manager").get("/inbox/?tab=theirs").status_code == 404


def test_each_tab_holds_its_own(house: House, app: Flask) -> None:
    request_id = house.waiting("60000")
    payment = house.request(request_id).record_reference
    house.red(request_id, "manager")
    assert payment in Browser(app, house, "fiona").get("/inbox/?tab=groups").text
    assert payment in Browser(app, house, "clerk").get("/inbox/?tab=requested").text
    house.decide(request_id, "fiona", "delegate", to=house.ids["hanna"])
    assert payment in Browser(app, house, "hanna").get("/inbox/?tab=delegated").text
    assert payment in Browser(app, house, "fiona").get("/inbox/?tab=watching").text


@pytest.mark.parametrize("part", ["", "peek"])
def test_the_request_shows_facts_consequences_levels_and_hash(house: House, app: Flask, part: str) -> None:
    request_id = house.waiting()
    shown = house.request(request_id).snapshot_hash
    page = Browser(app, house, "manager").get(f"/inbox/{reference_of(house, request_id)}/{part}")
    assert page.status_code == 200
    for said in ("Journal line", "acorn@suppliers.example", "Repairs", shown[:4], "If you approve", "asked by Clerk"):
        assert said in page.text


def test_whoever_sees_the_record_may_look_but_not_decide(house: House, app: Flask) -> None:
    reference = reference_of(house, house.waiting())
    reader = Browser(app, house, "hanna")
    assert "not asked to decide" in reader.get(f"/inbox/{reference}/").text
    assert reader.get(f"/inbox/{reference}/decide").status_code == 403


def test_another_organisation_finds_nothing(house: House, app: Flask) -> None:
    reference, other = reference_of(house, house.waiting()), House()
    stranger = Browser(app, other, "owner")
    for part in ("", "peek", "decide", "sheet.pdf"):
        assert stranger.get(f"/inbox/{reference}/{part}").status_code == 404
        assert stranger.client.get(f"/{house.organisation.slug}/inbox/{reference}/{part}").status_code == 404


def test_a_plain_form_decides_and_leads_back_to_the_queue(house: House, app: Flask) -> None:
    request_id = house.waiting()
    answer = Browser(app, house, "manager").decide(reference_of(house, request_id), "approve")
    assert (answer.status_code, answer.location) == (303, f"/{house.organisation.slug}/inbox/")
    assert house.request(request_id).state == State.HELD


def test_htmx_gets_a_small_answer_with_the_undo_bar(house: House, app: Flask) -> None:
    request_id = house.waiting()
    answer = Browser(app, house, "manager").decide(reference_of(house, request_id), "approve", htmx=True)
    assert answer.status_code == 200
    assert f"row-{request_id}" in answer.text
    assert "undo" in answer.text
    assert "decided" in answer.headers["HX-Trigger"]
    assert len(gzip.compress(answer.data)) + sum(len(k) + len(v) for k, v in answer.headers) < 3 * 1024


def test_the_undo_bar_undoes(house: House, app: Flask) -> None:
    request_id = house.waiting()
    browser, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    browser.decide(reference, "approve")
    page = browser.get("/inbox/").text
    action = f"{browser.root}/inbox/{reference}/undo"
    assert browser.client.post(action, data=browser.fields(page, action)).status_code == 303
    assert house.request(request_id).state == State.OPEN


def test_a_return_without_a_reason_comes_back_with_what_was_typed(house: House, app: Flask) -> None:
    request_id = house.waiting()
    answer = Browser(app, house, "manager").decide(reference_of(house, request_id), "return", reason=" ")
    assert answer.status_code == 422
    assert "A reason is needed." in answer.text
    assert house.request(request_id).state == State.OPEN


@pytest.mark.parametrize(("verb", "typed", "state"), [
    ("return", {"reason": "Wrong purpose."}, State.RETURNED), ("reject", {"reason": "Never."}, State.REJECTED),
    ("ask", {"reason": "Which road?"}, State.OPEN), ("comment", {"reason": "Hm."}, State.OPEN), ("escalate", {}, State.OPEN)])
def test_every_answer_has_its_plain_form(house: House, app: Flask, verb: str, typed: dict[str, str], state: State) -> None:
    request_id = house.waiting()
    browser, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    answer = browser.send(reference, {**browser.form(reference, "return" if verb == "reject" else verb), "decision": verb, **typed})
    assert answer.status_code == 303, answer.text[:3000]
    assert house.request(request_id).state == state


def test_delegating_and_snoozing_have_theirs_too(house: House, app: Flask) -> None:
    first, second = house.waiting(), house.waiting("7000")
    browser = Browser(app, house, "manager")
    until = (clock.now() + timedelta(days=1)).isoformat()
    assert browser.decide(reference_of(house, second), "snooze", until=until).status_code == 303
    assert browser.decide(reference_of(house, first), "delegate", member=str(house.ids["hanna"])).status_code == 303
    assert house.waits_for(first) == ["hanna"]
    assert datetime.fromisoformat(until) > clock.now()


def test_the_edit_in_between_is_a_conflict_that_shows_the_difference(house: House, app: Flask) -> None:
    request_id = house.waiting()
    browser, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    form = browser.form(reference, "approve")
    house.edit(request_id, "clerk", amount="6001")
    answer = browser.send(reference, {**form, "decision": "approve"}, htmx=True)
    assert answer.status_code == 409
    assert "£6,000.00" in answer.text
    assert "£6,001.00" in answer.text
    fresh = browser.fields(answer.text, f"{browser.root}/inbox/{reference}/decide")
    assert browser.send(reference, {**fresh, "decision": "approve"}).status_code == 303


def test_red_asks_for_the_word_and_the_password(house: House, app: Flask) -> None:
    request_id = house.waiting("60000")
    browser, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    assert browser.decide(reference, "approve").status_code == 422
    assert browser.decide(reference, "approve", word="approve", password="wrong").status_code == 422
    assert browser.decide(reference, "approve", word="approve", password="right").status_code == 303


def test_a_maker_sees_why_not_and_cannot_post(house: House, app: Flask) -> None:
    request_id = house.waiting()
    browser, reference = Browser(app, house, "clerk"), reference_of(house, request_id)
    assert "somebody else decides it" in browser.get(f"/inbox/{reference}/").text
    assert browser.get(f"/inbox/{reference}/decide?verb=approve").status_code == 403
    token = browser.form(reference, "comment")
    assert browser.send(reference, {**token, "decision": "approve"}).status_code == 403
    assert house.request(request_id).state == State.OPEN


def test_a_double_click_decides_once(house: House, app: Flask) -> None:
    request_id = house.waiting()
    browser, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    form = {**browser.form(reference, "approve"), "decision": "approve"}
    assert [browser.send(reference, form).status_code for _n in range(2)] == [303, 303]


def test_the_bulk_sheet_leaves_outliers_and_red_for_a_look(house: House, app: Flask) -> None:
    for amount in ("6000", "60000"):
        house.waiting(amount)
    browser = Browser(app, house, "manager")
    page = browser.get("/inbox/")
    action = f"{browser.root}/inbox/bulk"
    token = browser.fields(page.text, action)
    ids = [str(house.waiting("6100")), str(house.waiting("60001"))]
    sheet = browser.client.post(action, data={**token, "decision": "approve", "ids": ids})
    assert sheet.status_code == 200
    assert "RED is decided one by one." in sheet.text
    assert "0 alike, 2 to look at" in sheet.text


def test_the_pages_follow_one_another(house: House, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.core.approvals.queue.SIZE", 2)
    monkeypatch.setattr("app.core.approvals.queue.page.__kwdefaults__", {"after": "", "before": "", "size": 2})
    for number in range(5):
        house.waiting(str(6000 + number))
    browser = Browser(app, house, "manager")
    seen, address = [], "/inbox/"
    while address:
        text = browser.get(address).text
        seen += [n for n in range(5) if f"£6,00{n}.00" in text]
        found = [part.split('"')[0] for part in text.split('href="') if "after=" in part.split('"')[0]]
        address = found[0].replace("&amp;", "&").removeprefix(browser.root) if found else ""
    assert seen == [0, 1, 2, 3, 4]


def test_the_decision_sheet_is_a_pdf(house: House, app: Flask) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    answer = Browser(app, house, "manager").get(f"/inbox/{reference_of(house, request_id)}/sheet.pdf")
    assert answer.data.startswith(b"%PDF")
    assert "attachment" in answer.headers["Content-Disposition"]


def test_my_requests_are_a_tab_with_a_name_of_its_own(house: House, app: Flask) -> None:
    answer = Browser(app, house, "clerk").get("/requests/")
    assert answer.location.endswith("/inbox/?tab=requested")


def test_the_queue_answers_htmx_with_its_rows_alone(house: House, app: Flask) -> None:
    house.waiting()
    part = Browser(app, house, "manager").get("/inbox/", **{**PARTIAL, "HX-Target": "div#queue"})
    assert part.text.lstrip().startswith('<div id="queue"')


def test_a_question_stops_the_clock_in_the_row_at_once(house: House, app: Flask) -> None:
    request_id = house.waiting()
    reader, reference = Browser(app, house, "manager"), reference_of(house, request_id)
    part = reader.decide(reference, "ask", htmx=True, reason="Which invoice?").text
    row = part.partition(f'hx-target="#row-{request_id}" hx-swap="innerHTML"')[2].partition("</hx-partial>")[0]
    assert "paused" in row
    assert "left</div>" not in row
    assert "Waiting for an answer" in row
