"""Approve the bytes, not the ticket: what an edit does to decisions, and what an effect does to edits."""

from __future__ import annotations

import hashlib
import json

import pytest
from sqlalchemy import select, update

from app.core.approvals import ApprovalDecision, State, Verb, withdraw_records
from app.core.audit import BULK
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, Forbidden
from app.kernel.registry import registry
from app.modules.procurement.models import Payment, Status
from tests.core.approvals.house import House


def test_the_snapshot_is_canonical_and_its_hash_is_of_its_bytes(house: House) -> None:
    request = house.request(house.waiting())
    content = json.loads(request.snapshot)
    assert request.snapshot == json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert request.snapshot_hash == hashlib.sha256(request.snapshot.encode()).hexdigest()
    assert content["fields"]["amount"] == {"amount": "6000.00", "currency": "GBP"}
    assert not {"status", "state", "created_at", "version", "reference"} & content["fields"].keys()


def test_an_edit_voids_given_decisions_and_stops_the_held_effect(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.edit(request_id, "clerk", amount="6001")
    house.later(120)
    request = house.request(request_id)
    assert (request.state, request.round, request.last_verb) == (State.OPEN, 2, Verb.VOID)
    assert house.paid(request_id).status == Status.RECORDED
    assert house.waits_for(request_id) == ["manager"]


def test_what_changed_is_kept_with_before_and_after(house: House) -> None:
    request_id = house.waiting()
    house.edit(request_id, "clerk", amount="6001", purpose="Signs")
    with acting(house.organisation, SYSTEM), unit_of_work():
        told = session().scalars(select(ApprovalDecision).where(ApprovalDecision.verb == Verb.VOID)).one()
        assert {c["label"]: (c["before"], c["after"]) for c in told.data["changes"]} == {
            "Amount": ("£6,000.00", "£6,001.00"), "Purpose": ("Repairs", "Signs")}


def test_a_decision_on_the_old_bytes_is_a_conflict_with_the_difference(house: House) -> None:
    request_id = house.waiting()
    old = house.request(request_id).snapshot_hash
    house.edit(request_id, "clerk", amount="6001")
    with pytest.raises(Conflict) as refused:
        house.decide(request_id, "manager", shown_hash=old)
    assert refused.value.details["changed"] == [("Amount", "£6,000.00", "£6,001.00")]


def test_a_change_that_nobody_announced_is_noticed_too(house: House) -> None:
    request_id = house.waiting()
    record_id = house.request(request_id).record_id
    with house.as_("owner") as work:
        work.execute(update(Payment).where(Payment.id == record_id).values(amount=700000).execution_options(**{BULK: True}))
    with pytest.raises(Conflict) as refused:
        house.decide(request_id, "manager")
    assert refused.value.details["changed"] == [("Amount", "£6,000.00", "£7,000.00")]


def test_an_edit_of_other_fields_changes_nothing(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.edit(request_id, "clerk")
    assert house.request(request_id).state == State.HELD


def test_who_changed_it_is_a_maker_from_then_on(house: House) -> None:
    request_id = house.waiting()
    house.edit(request_id, "manager", amount="6001")
    assert house.waits_for(request_id) == ["director"]
    with pytest.raises(Forbidden):
        house.decide(request_id, "manager")


def test_an_edit_below_the_limit_takes_effect_by_itself(house: House) -> None:
    request_id = house.waiting()
    house.edit(request_id, "clerk", amount="100")
    house.later(1)
    assert house.paid(request_id).status == Status.RELEASED


def test_an_edit_above_the_second_limit_asks_the_second_level(house: House) -> None:
    request_id = house.waiting()
    house.edit(request_id, "clerk", amount="60000")
    request = house.request(request_id)
    assert (len(request.steps), request.risk.value) == (2, "RED")


def test_a_returned_request_comes_back_when_it_was_changed(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "return", reason="Wrong purpose.")
    house.edit(request_id, "clerk", purpose="Signs")
    assert house.waits_for(request_id) == ["manager"]


def test_a_returned_request_can_be_sent_again_as_it_is(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "return", reason="Why?")
    outcome = house.do("clerk", "procurement.payment", "release", [house.request(request_id).record_id])
    assert outcome.approval_id == request_id
    assert house.waits_for(request_id) == ["manager"]


def test_after_the_effect_the_fields_are_locked(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.later(31)
    with pytest.raises(Conflict):
        house.edit(request_id, "clerk", amount="1")


def test_archiving_withdraws_the_request(house: House) -> None:
    request_id = house.waiting()
    house.do("clerk", "procurement.payment", "archive", [house.request(request_id).record_id])
    assert house.request(request_id).state == State.CANCELLED


def test_a_rolled_back_import_withdraws_what_waits_and_keeps_what_ran(house: House) -> None:
    waits, ran = house.waiting(), house.waiting("7000")
    house.decide(ran, "manager")
    house.later(31)
    ids = [house.request(i).record_id for i in (waits, ran)]
    with house.as_("clerk"):
        kept = withdraw_records(registry.resource("procurement.payment"), ids)
    assert kept == {ids[1]}
    assert house.request(waits).state == State.CANCELLED


def test_an_approved_action_goes_through_the_door_only_in_its_own_effect(house: House) -> None:
    request_id = house.waiting()
    with pytest.raises(Forbidden):
        house.do("clerk", "procurement.payment", "release", [house.request(request_id).record_id], approved=request_id)


def test_the_lines_of_a_record_belong_to_the_snapshot(house: House) -> None:
    line = {"description": "Signs", "quantity": "10", "unit": "piece", "unit_price": "800", "currency": "GBP"}
    made = house.do("clerk", "procurement.requisition", "create", data={
        "title": "Signs", "department": str(house.departments["roads"]), "currency": "GBP", "justification": "Lost", "lines": [line]})
    parked = house.do("clerk", "procurement.requisition", "submit", [made.record_id])
    assert parked.approval_id is not None
    assert json.loads(house.request(parked.approval_id).snapshot)["lines"][0]["quantity"] == "10.000"
    house.do("clerk", "procurement.requisition", "edit", [made.record_id], {"lines": [{**line, "quantity": "11"}]})
    assert house.request(parked.approval_id).round == 2
