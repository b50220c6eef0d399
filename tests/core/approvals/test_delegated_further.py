"""Delegations where a condition holds, passed on in chains, and binding at every door: refused with a reason before and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, approvals
from app.core.approvals import ApprovalDecision, Verb, delegations, queue
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Forbidden, Invalid, NotFound
from app.kernel.registry import registry
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House
from tests.core.approvals.test_standing import days, ended, given, kept_up

PAYMENTS = {"resource": "procurement.payment"}


def hand(house: House, by: str, to: str, **said: str) -> str:
    return given(house, to=to, by=by, **said)


def sees(house: House, name: str) -> set[UUID]:
    payments = registry.resource("procurement.payment")
    with house.as_(name) as work:
        return set(work.scalars(select(payments.model.id).where(access.visible(payments, house.actors[name]))))


def test_a_condition_chooses_the_records(house: House) -> None:
    given(house, **PAYMENTS, condition="amount < 6500 and category = Works")
    assert house.waits_for(house.waiting("6000")) == ["hanna"]
    assert house.waits_for(house.waiting("7000")) == ["manager"]
    assert house.waits_for(house.waiting("6000", category="Fuel")) == ["manager"]


@pytest.mark.parametrize("said", [
    {"condition": "amount < 5"}, {**PAYMENTS, "condition": "colour = red"}, {**PAYMENTS, "condition": "amount <"}])
def test_a_condition_that_means_nothing_is_said_at_its_field(house: House, said: dict[str, str]) -> None:
    with pytest.raises(Invalid) as error:
        given(house, **said)
    assert "condition" in error.value.errors


def test_it_goes_further_only_where_that_was_allowed(house: House) -> None:
    hand(house, "manager", "hanna")
    hand(house, "hanna", "fiona")
    assert house.waits_for(house.waiting()) == ["hanna"]


def test_a_chain_is_followed_and_each_link_ends_it(house: House) -> None:
    request_id = house.waiting()
    hand(house, "manager", "hanna", further="1")
    second = hand(house, "hanna", "fiona")
    assert house.waits_for(request_id) == ["fiona"]
    assert house.waits_for(house.waiting("7000")) == ["fiona"]
    ended(house, second, by="hanna")
    assert house.waits_for(request_id) == ["hanna"]
    third = hand(house, "hanna", "felix")
    assert house.waits_for(request_id) == ["felix"]
    with house.as_("manager"):
        first = next(each.reference for each in delegations.listed() if each.further)
    ended(house, first)
    assert house.waits_for(request_id) == ["manager"]
    assert third


def test_a_circle_ends_and_the_last_who_may_decides(house: House) -> None:
    hand(house, "manager", "hanna", further="1")
    hand(house, "hanna", "fiona", further="1")
    hand(house, "fiona", "manager", further="1")
    request_id = house.waiting()
    assert house.waits_for(request_id) == ["fiona"]
    assert kept_up(house) == 0
    assert house.waits_for(request_id) == ["fiona"]


def test_who_made_it_is_passed_through_but_never_decides(house: House) -> None:
    hand(house, "manager", "clerk", further="1")
    hand(house, "clerk", "hanna")
    assert house.waits_for(house.waiting()) == ["hanna"]


def test_the_trace_names_who_decided_and_in_whose_place(house: House) -> None:
    hand(house, "manager", "hanna", further="1")
    hand(house, "hanna", "fiona")
    request_id = house.waiting()
    house.decide(request_id, "fiona")
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        told = work.scalars(select(ApprovalDecision).where(ApprovalDecision.verb == Verb.APPROVE)).one()
        assert (told.by_id, told.on_behalf_of) == (house.ids["fiona"], house.ids["manager"])


def refused_everywhere(house: House, request_id: UUID, said: str) -> None:
    """By decision, page and API, and among many."""
    found = house.request(request_id)
    with pytest.raises(Forbidden, match=said):
        house.decide(request_id, "hanna")
    for channel in ("page", "api"):
        with pytest.raises(Forbidden, match=said), house.as_("hanna", channel):
            queue.find(found.reference)
    with pytest.raises(Forbidden, match=said), house.as_("hanna"):
        approvals.decide(request_id, "approve", shown_hash=found.snapshot_hash, bulk=True)
    with house.as_("hanna"):
        assert queue.chosen([request_id]) == []
    assert sees(house, "hanna") == set()


def test_before_and_after_are_refused_with_a_reason_at_every_door(house: House, app: Flask) -> None:
    """A delegate without a role opens exactly the delegated record inside the window, by page, mail link, API and bulk."""
    house.actors["hanna"] = replace(house.actors["hanna"], grants=())
    given(house, **days(1, 3))
    request_id = house.waiting()
    found = house.request(request_id)
    house.payment("10")
    refused_everywhere(house, request_id, "You decide for Manager from")
    assert "You decide for Manager from" in Browser(app, house, "hanna").get(f"/inbox/{found.reference}/").text
    with clock.at(clock.now() + timedelta(days=2)):
        kept_up(house)
        assert house.waits_for(request_id) == ["hanna"]
        assert sees(house, "hanna") == {found.record_id}
        with house.as_("hanna"):
            assert queue.find(found.reference).id == request_id
            assert [entry.request.id for entry in queue.chosen([request_id])] == [request_id]
    with clock.at(clock.now() + timedelta(days=5)):
        refused_everywhere(house, request_id, "You decided for Manager until")
        kept_up(house)
        refused_everywhere(house, request_id, "You decided for Manager until")
        assert house.waits_for(request_id) == ["manager"]


def test_a_stranger_is_told_nothing(house: House) -> None:
    given(house, **days(1, 3))
    code = house.request(house.waiting()).reference
    house.actors["felix"] = replace(house.actors["felix"], grants=())
    with pytest.raises(NotFound), house.as_("felix"):
        queue.find(code)


def test_a_record_that_left_the_condition_goes_back(house: House) -> None:
    given(house, **PAYMENTS, condition="amount < 6500")
    request_id = house.waiting("6000")
    assert house.waits_for(request_id) == ["hanna"]
    house.edit(request_id, "clerk", amount="6600")
    assert house.waits_for(request_id) == ["manager"]
