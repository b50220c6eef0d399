"""Answers: once, by the right person, on the bytes that were shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core import approvals
from app.core.approvals import ApprovalDecision, State, Verb, waiting_count
from app.core.audit.models import AuditEntry
from app.core.organisations import Department
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.modules.procurement.models import JournalLine, Status, Supplier
from tests.core.approvals.house import House


def test_the_effect_waits_for_its_window_and_happens_once(house: House) -> None:
    request_id = house.waiting()
    done = house.decide(request_id, "manager")
    assert 25 <= done.seconds <= 30
    house.later(5)
    assert house.request(request_id).state == State.HELD
    assert house.paid(request_id).status == Status.RECORDED
    house.later(31)
    house.later(32)
    assert house.request(request_id).state == State.EFFECTED
    assert house.paid(request_id).status == Status.RELEASED
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert session().scalar(select(func.count()).select_from(JournalLine)) == 1


@pytest.mark.requirement("OF-401")
def test_two_of_the_finance_approvers_both_and_neither_the_first_decider(house: House) -> None:
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]
    house.red(request_id, "fiona")
    assert house.request(request_id).state == State.OPEN
    house.red(request_id, "freya")
    assert house.request(request_id).state == State.HELD
    house.later(61)
    assert house.paid(request_id).status == Status.RELEASED


def test_a_first_decider_who_is_also_a_finance_approver_is_left_out(house: House) -> None:
    with house.as_("owner") as work:
        work.get_one(Department, (house.organisation.id, house.departments["roads"])).manager_id = house.ids["fiona"]
    request_id = house.waiting("60000")
    house.red(request_id, "fiona")
    assert house.waits_for(request_id) == ["felix", "freya"]


@pytest.mark.parametrize("verb", ["approve", "return", "reject", "ask", "delegate", "snooze", "escalate"])
def test_nobody_decides_what_they_asked_for(house: House, verb: str) -> None:
    with pytest.raises(Forbidden):
        house.decide(house.waiting(), "clerk", verb, reason="because")


@pytest.mark.parametrize("name", ["owner", "fiona"])
def test_who_is_not_asked_cannot_decide(house: House, name: str) -> None:
    with pytest.raises(Forbidden, match="not asked"):
        house.decide(house.waiting(), name)


def test_the_system_decides_nothing(house: House) -> None:
    request_id = house.waiting()
    shown = house.request(request_id).snapshot_hash
    with pytest.raises(Forbidden), acting(house.organisation, SYSTEM), unit_of_work():
        approvals.decide(request_id, "approve", shown_hash=shown)


def test_a_repeat_with_the_same_key_is_the_same_decision(house: House) -> None:
    request_id = house.waiting()
    first, second = (house.decide(request_id, "manager", key="one") for _n in range(2))
    assert (first.repeated, second.repeated) == (False, True)
    with acting(house.organisation, SYSTEM), unit_of_work():
        told = session().scalar(select(func.count()).select_from(ApprovalDecision).where(ApprovalDecision.verb == Verb.APPROVE))
        audited = session().scalar(select(func.count()).select_from(AuditEntry).where(
            AuditEntry.record_id == request_id, AuditEntry.action == "approvals.approval_request.approve"))
        owed = session().scalar(select(func.count()).select_from(outbox.OutboxRow).where(outbox.OutboxRow.name == "approval.effect"))
    assert (told, audited, owed) == (1, 1, 1)


def test_a_second_answer_is_refused(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", key="one")
    with pytest.raises(Conflict, match="settled"):
        house.decide(request_id, "manager", key="two")


def test_a_key_cannot_be_used_for_something_else(house: House) -> None:
    first, second = house.waiting(), house.waiting("7000")
    house.decide(first, "manager", key="one")
    with pytest.raises(Conflict, match="something else"):
        house.decide(second, "manager", key="one")


@pytest.mark.parametrize("shown", ["", "0" * 64])
def test_a_decision_says_which_bytes_it_saw(house: House, shown: str) -> None:
    with pytest.raises((Conflict, Invalid)):
        house.decide(house.waiting(), "manager", shown_hash=shown)


@pytest.mark.parametrize("verb", ["return", "reject", "ask", "comment"])
def test_a_reason_is_needed(house: House, verb: str) -> None:
    with pytest.raises(Invalid, match="reason"):
        house.decide(house.waiting(), "manager", verb, reason="  ")


@pytest.mark.parametrize(("verb", "state"), [("return", State.RETURNED), ("reject", State.REJECTED)])
def test_no_ends_it(house: House, verb: str, state: State) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", verb, reason="Not like this.")
    request = house.request(request_id)
    assert (request.state, request.last_reason) == (state, "Not like this.")
    assert house.waits_for(request_id) == []


def test_undo_inside_the_window_sends_nothing(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.decide(request_id, "manager", "undo")
    house.later(120)
    assert house.request(request_id).state == State.OPEN
    assert house.waits_for(request_id) == ["manager"]
    assert house.paid(request_id).status == Status.RECORDED
    house.decide(request_id, "manager")
    house.later(31)
    assert house.request(request_id).state == State.EFFECTED


def test_undo_after_the_window_says_that_it_is_too_late(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    house.later(31)
    with pytest.raises((Conflict, Forbidden)):
        house.decide(request_id, "manager", "undo")


def test_an_approval_of_an_earlier_level_can_be_undone_too(house: House) -> None:
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    house.decide(request_id, "manager", "undo")
    assert house.asked(request_id) == [(1, "manager", "waiting")]


def test_only_who_approved_can_undo(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    with pytest.raises(Forbidden):
        house.decide(request_id, "director", "undo")


@pytest.mark.parametrize("missing", [{"word": "aprove"}, {"password": "wrong"}, {"password": ""}, {"key": "not-from-the-evidence"},
                                     {"word": ""}])
def test_red_takes_the_evidence_the_word_and_the_password(house: House, missing: dict[str, str]) -> None:
    request_id = house.waiting("60000")
    with pytest.raises(Invalid):
        house.red(request_id, "manager", **missing)
    assert house.waits_for(request_id) == ["manager"]


def test_red_is_never_in_bulk(house: House) -> None:
    with pytest.raises(Forbidden, match="one by one"):
        house.red(house.waiting("60000"), "manager", bulk=True)


def test_a_question_stops_the_clock_until_it_is_answered(house: House) -> None:
    request_id = house.waiting()
    due = house.request(request_id).due_at
    house.decide(request_id, "manager", "ask", reason="Which road?")
    with clock.at(clock.now() + timedelta(hours=30)):
        house.decide(request_id, "clerk", "answer", reason="The A58.")
    request = house.request(request_id)
    assert request.paused_at is None
    assert timedelta(hours=29.9) < request.due_at - due < timedelta(hours=30.1)


def test_only_who_asked_for_it_answers(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "ask", reason="Which road?")
    with pytest.raises(Forbidden):
        house.decide(request_id, "manager", "answer", reason="Any.")


def test_a_delegate_decides_on_behalf_and_is_recorded_so(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "delegate", to=house.ids["hanna"])
    assert house.waits_for(request_id) == ["hanna"]
    house.decide(request_id, "hanna")
    with acting(house.organisation, SYSTEM), unit_of_work():
        told = session().scalars(select(ApprovalDecision).where(ApprovalDecision.verb == Verb.APPROVE)).one()
        assert (told.by_id, told.on_behalf_of) == (house.ids["hanna"], house.ids["manager"])


@pytest.mark.parametrize("name", ["clerk", "manager"])
def test_it_cannot_be_delegated_to_a_maker_or_to_oneself(house: House, name: str) -> None:
    with pytest.raises(Invalid, match="member"):
        house.decide(house.waiting(), "manager", "delegate", to=house.ids[name])


def test_who_delegated_at_the_first_level_decides_no_further_one(house: House) -> None:
    with house.as_("owner") as work:
        work.get_one(Department, (house.organisation.id, house.departments["roads"])).manager_id = house.ids["fiona"]
    request_id = house.waiting("60000")
    house.decide(request_id, "fiona", "delegate", to=house.ids["hanna"])
    house.red(request_id, "hanna")
    assert house.waits_for(request_id) == ["felix", "freya"]


def test_snoozing_hides_it_and_the_limit_keeps_running(house: House) -> None:
    request_id = house.waiting()
    due = house.request(request_id).due_at
    until = clock.now() + timedelta(hours=5)
    house.decide(request_id, "manager", "snooze", until=until)
    with house.as_("manager"):
        assert waiting_count() == 0
    with clock.at(until + timedelta(seconds=1)), house.as_("manager"):
        assert waiting_count() == 1
    assert house.request(request_id).due_at == due


def test_the_past_is_no_time_to_snooze_until(house: House) -> None:
    with pytest.raises(Invalid, match="until"):
        house.decide(house.waiting(), "manager", "snooze", until=clock.now() - timedelta(hours=1))


def test_escalating_asks_the_manager_above_too(house: House) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager", "escalate", reason="Too big for me.")
    assert house.waits_for(request_id) == ["director", "manager"]


def test_an_effect_that_cannot_happen_ends_the_request_with_the_reason(house: House) -> None:
    request_id = house.waiting()
    with house.as_("owner") as work:
        work.get_one(Supplier, (house.organisation.id, house.supplier)).remittance_email = None
    house.decide(request_id, "manager")
    house.later(31)
    request = house.request(request_id)
    assert request.state == State.VOID
    assert "remittance address" in (request.last_reason or "")
    assert house.paid(request_id).status == Status.RECORDED


@pytest.mark.parametrize("verb", ["void", "effect", "request", "dance"])
def test_only_answers_are_answers(house: House, verb: str) -> None:
    with pytest.raises(Invalid):
        house.decide(house.waiting(), "manager", verb)
