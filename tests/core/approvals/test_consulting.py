"""A second opinion decides nothing; a further approver must approve as well."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.approvals import ApprovalSeat, Seat, State, clocks, queue
from app.core.notifications import Notification
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform
from app.kernel.errors import Conflict, Forbidden, Invalid
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House
from tests.core.approvals.test_standing import given


def ask(house: House, request_id: UUID, by: str, to: str, verb: str = "opinion") -> None:
    """One member draws in another."""
    house.decide(request_id, by, verb, to=house.ids[to], reason="Is this the usual price?")


def noticed(house: House, name: str) -> list[tuple[str, str, str]]:
    """What somebody was told: kind, title and text, after what waits was delivered."""
    house.later(0)
    with house.as_(name):
        rows = session().execute(select(Notification.kind, Notification.title, Notification.text).where(
            Notification.member_id == house.ids[name]).order_by(Notification.created_at))
        return [(row[0], row[1], row[2] or "") for row in rows]


def test_an_opinion_is_heard_and_decides_nothing(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona")
    assert sorted(house.waits_for(request_id)) == ["fiona", "manager"]
    assert any("asks for your opinion" in title and "usual price" in text for _kind, title, text in noticed(house, "fiona"))
    with house.as_("fiona"):
        entry, = queue.page("mine").entries
        assert (entry.request.id, queue.counts()["mine"], queue.waiting_count(), queue.chosen([request_id])) == (request_id, 1, 1, [])
    for verb in ("approve", "reject", "return", "delegate", "add"):
        with pytest.raises(Forbidden, match="asked for your opinion"):
            house.decide(request_id, "fiona", verb, reason="No.", to=house.ids["felix"])
    with pytest.raises(Invalid):
        house.decide(request_id, "fiona", "advise", reason="Too dear.")
    house.decide(request_id, "fiona", "advise", reason="Too dear.", stance="against")
    assert house.request(request_id).state == State.OPEN
    assert (1, "fiona", "opposes") in house.asked(request_id)
    assert any("Fiona is against" in title and text == "Too dear." for _kind, title, text in noticed(house, "manager"))
    house.decide(request_id, "manager")
    assert house.request(request_id).state == State.HELD


def test_what_was_not_answered_goes_with_the_step(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona")
    house.decide(request_id, "manager")
    assert (1, "fiona", "settled") in house.asked(request_id)
    with pytest.raises(Conflict):
        house.decide(request_id, "fiona", "advise", reason="Late.", stance="for")


def test_time_asks_nobody_above_an_adviser(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "hanna")
    with clock.at(house.request(request_id).due_at), acting(house.organisation, SYSTEM):
        assert clocks.escalate_overdue() == 1
    assert [name for _level, name, _state in house.asked(request_id, Seat.WAITING)].count("director") == 1
    with acting(house.organisation, SYSTEM), unit_of_work():
        places = set(session().scalars(select(ApprovalSeat.for_member_id).where(ApprovalSeat.member_id == house.ids["director"])))
    assert places == {house.ids["manager"]}


@pytest.mark.parametrize("verb", ["opinion", "add"])
def test_neither_who_asks_nor_twice_the_same(house: House, verb: str) -> None:
    request_id = house.waiting()
    for name, said in (("clerk", "made or asked"), ("manager", "asked already")):
        with pytest.raises(Invalid) as refused:
            ask(house, request_id, "manager", name, verb)
        assert said in str(refused.value.errors["member"])
    ask(house, request_id, "manager", "fiona", verb)
    with pytest.raises(Invalid) as refused:
        ask(house, request_id, "manager", "fiona", verb)
    assert "asked already" in str(refused.value.errors["member"])
    with pytest.raises(Forbidden):
        ask(house, request_id, "hanna", "felix", verb)


def test_nobody_with_an_interest_of_their_own(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    request_id = house.waiting()
    monkeypatch.setattr("app.core.workflow.conflicted", lambda *_: {house.ids["fiona"]})
    for verb in ("opinion", "add", "delegate"):
        with pytest.raises(Invalid) as refused:
            ask(house, request_id, "manager", "fiona", verb)
        assert "interest of their own" in str(refused.value.errors["member"])


@pytest.mark.parametrize("first", ["manager", "fiona"])
def test_the_further_approver_is_needed_whoever_is_first(house: House, first: str) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona", "add")
    assert any(title.startswith("Waiting for you") for _kind, title, _text in noticed(house, "fiona"))
    house.decide(request_id, first)
    assert house.request(request_id).state == State.OPEN
    assert house.waits_for(request_id) == [({"manager", "fiona"} - {first}).pop()]
    house.decide(request_id, ({"manager", "fiona"} - {first}).pop())
    assert house.request(request_id).state == State.HELD


def test_the_further_approver_may_refuse(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona", "add")
    house.decide(request_id, "fiona", "reject", reason="No budget.")
    assert house.request(request_id).state == State.REJECTED


def test_their_stand_in_counts_in_their_place(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona", "add")
    house.decide(request_id, "fiona", "delegate", to=house.ids["felix"])
    house.decide(request_id, "manager")
    assert house.waits_for(request_id) == ["felix"]
    house.decide(request_id, "felix")
    assert house.request(request_id).state == State.HELD


@pytest.mark.parametrize("by", ["delegating", "standing in"])
def test_whoever_is_stood_in_for_is_asked_already(house: House, by: str) -> None:
    """Their one place has its one voice: added besides, they would be waited for, and nobody asked."""
    if by == "standing in":
        given(house)
    request_id = house.waiting()
    if by == "delegating":
        house.decide(request_id, "manager", "delegate", to=house.ids["hanna"])
    assert house.waits_for(request_id) == ["hanna"]
    with pytest.raises(Invalid) as refused:
        ask(house, request_id, "hanna", "manager", "add")
    assert "asked already" in str(refused.value.errors["member"])
    ask(house, request_id, "hanna", "fiona", "add")
    house.decide(request_id, "hanna")
    house.decide(request_id, "fiona")
    assert house.request(request_id).state == State.HELD


def test_an_approval_taken_back_waits_again_with_the_others(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona", "add")
    house.decide(request_id, "fiona")
    house.decide(request_id, "manager")
    house.decide(request_id, "manager", "undo")
    assert house.waits_for(request_id) == ["manager"]
    house.decide(request_id, "manager")
    assert house.request(request_id).state == State.HELD


def test_somebody_takes_the_place_of_one_who_left(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona", "add")
    house.decide(request_id, "manager")
    with house.as_("owner"):
        member = session().get_one(Member, (house.organisation.id, house.ids["fiona"]))
        perform("people.member", "deactivate", [member.id])
    house.later(0)
    waits = house.waits_for(request_id)
    assert waits
    assert "fiona" not in waits
    house.decide(request_id, waits[0])
    assert house.request(request_id).state == State.HELD


def test_an_adviser_may_become_an_approver(house: House) -> None:
    request_id = house.waiting()
    ask(house, request_id, "manager", "fiona")
    ask(house, request_id, "manager", "fiona", "add")
    assert house.asked(request_id).count((1, "fiona", "waiting")) == 1
    house.decide(request_id, "fiona")
    assert house.waits_for(request_id) == ["manager"]


def test_both_are_done_by_plain_forms_and_told(house: House, app: Flask) -> None:
    reference = reference_of(house, house.waiting())
    manager, hanna = Browser(app, house, "manager"), Browser(app, house, "hanna")
    answer = manager.decide(reference, "opinion", member=str(house.ids["hanna"]), reason="Is this the usual price?")
    assert answer.status_code == 303
    assert manager.decide(reference, "add", member=str(house.ids["felix"]), reason="").status_code == 303
    page = hanna.get(f"/inbox/{reference}/").text
    assert "Is this the usual price?" in page
    assert 'data-key="queue.advise"' in hanna.get("/inbox/").text
    missing = hanna.decide(reference, "advise", reason="Yes.")
    assert (missing.status_code, "Say whether you are for it" in missing.text) == (422, True)
    assert hanna.decide(reference, "advise", reason="Yes.", stance="for").status_code == 303
    told = " ".join(re.sub("<[^>]*>", "", manager.get(f"/inbox/{reference}/").text).split())
    for said in ("In favour", "Felix (added)", "asked Hanna for a second opinion", "asked Felix to approve", "Hanna is in favour of"):
        assert said in told, said


def test_machines_ask_and_answer_too(house: House, app: Flask) -> None:
    reference = reference_of(house, house.waiting())
    manager, fiona = Browser(app, house, "manager"), Browser(app, house, "fiona")
    form = manager.form(reference, "opinion")
    address = f"/api/v1/{house.organisation.slug}/approvals/{reference}/"
    asked = manager.client.post(f"{address}decide", data={
        "csrf_token": form["csrf_token"], "decision": "opinion", "member": str(house.ids["fiona"]), "reason": "Well?"})
    assert (asked.status_code, asked.json["decision"]) == (200, "opinion")
    form = fiona.form(reference, "advise")
    said = fiona.client.post(f"{address}decide", data={
        "csrf_token": form["csrf_token"], "decision": "advise", "stance": "for", "reason": "Fine."})
    assert said.json["state"] == "open"
    story = manager.client.get(address).json["story"]
    assert [(line["verb"], line["to"], line["opinion"]) for line in story[1:]] == [
        ("opinion", str(house.ids["fiona"]), None), ("advise", None, "for")]
