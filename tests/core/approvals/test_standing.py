"""Standing delegations: the delegate gets exactly what they cover, both are named, and no seat ever has two voices."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.approvals import ApprovalDecision, State, Verb, delegations, handing, queue, sheet
from app.core.approvals.models import ApprovalDelegation
from app.core.audit.models import AuditEntry
from app.core.mail import MailMessage
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.modules.procurement.models import Payment
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def days(start: int = 0, end: int = 7) -> dict[str, str]:
    """From and to, in days from today."""
    today = date.fromisoformat(clock.now().date().isoformat())
    return {"starts_on": (today + timedelta(days=start)).isoformat(), "ends_on": (today + timedelta(days=end)).isoformat()}


def given(house: House, to: str = "hanna", by: str = "manager", **said: Any) -> str:
    """A delegation; gives its reference."""
    with house.as_(by):
        return delegations.give({"delegate": str(house.ids[to]), **days(), **said}).reference


def ended(house: House, reference: str, by: str = "manager") -> None:
    with house.as_(by):
        delegations.end(delegations.find(reference))


def kept_up(house: House) -> int:
    """What the scheduler does each minute."""
    with acting(house.organisation, SYSTEM, channel="schedule"), unit_of_work():
        return handing.keep_up()


def tab(house: House, name: str, which: queue.Tab = "delegated") -> list[UUID]:
    with house.as_(name):
        return [entry.request.id for entry in queue.page(which).entries]


def test_the_delegate_is_asked_in_place_of_whoever_delegated(house: House) -> None:
    given(house)
    request_id = house.waiting()
    assert house.waits_for(request_id) == ["hanna"]
    assert (tab(house, "hanna"), tab(house, "hanna", "mine"), tab(house, "manager", "mine")) == ([request_id], [], [])
    assert tab(house, "manager", "watching") == [request_id]
    with pytest.raises((Conflict, Forbidden)):
        house.decide(request_id, "manager")


def test_what_waits_already_goes_over_and_comes_back(house: House) -> None:
    request_id = house.waiting()
    reference = given(house)
    assert house.waits_for(request_id) == ["hanna"]
    ended(house, reference)
    assert house.waits_for(request_id) == ["manager"]
    assert (tab(house, "hanna"), tab(house, "manager", "mine"), tab(house, "manager", "watching")) == ([], [request_id], [])
    assert house.waits_for(house.waiting("7000")) == ["manager"]


def test_it_begins_and_ends_by_itself(house: House) -> None:
    request_id = house.waiting()
    given(house, **days(2, 3))
    assert kept_up(house) == 0
    assert house.waits_for(request_id) == ["manager"]
    with clock.at(clock.now() + timedelta(days=2)):
        assert kept_up(house) == 1
        assert kept_up(house) == 0
        assert house.waits_for(request_id) == ["hanna"]
    with clock.at(clock.now() + timedelta(days=4)):
        assert kept_up(house) == 1
        assert house.waits_for(request_id) == ["manager"]


@pytest.mark.parametrize(("said", "amount", "who"), [
    ({"up_to": "6500"}, "6500", "hanna"), ({"up_to": "6500"}, "6500.01", "manager"), ({"resource": "procurement.payment"}, "6000", "hanna"),
    ({"resource": "procurement.requisition"}, "6000", "manager"),
    ({"resource": "procurement.payment", "up_to": "5000.50"}, "6000", "manager")])
def test_it_covers_one_kind_up_to_an_amount(house: House, said: dict[str, str], amount: str, who: str) -> None:
    given(house, **said)
    assert house.waits_for(house.waiting(amount)) == [who]


def test_both_are_named_in_the_trace_and_on_the_sheet(house: House) -> None:
    given(house)
    request_id = house.waiting()
    house.decide(request_id, "hanna")
    assert house.request(request_id).state == State.HELD
    with acting(house.organisation, SYSTEM), unit_of_work():
        told = session().scalars(select(ApprovalDecision).where(ApprovalDecision.verb == Verb.APPROVE)).one()
        assert (told.by_id, told.on_behalf_of) == (house.ids["hanna"], house.ids["manager"])


def test_the_page_and_the_sheet_say_on_whose_behalf(house: House, app: Flask) -> None:
    given(house)
    request_id = house.waiting()
    house.decide(request_id, "hanna")
    reference = house.request(request_id).reference
    page = Browser(app, house, "clerk").get(f"/inbox/{reference}/").text
    assert "Hanna on behalf of Manager" in page
    assert "Hanna for Manager" in page
    with app.test_request_context(f"/{house.organisation.slug}/"), house.as_("clerk"):
        from flask import g
        g.org = house.organisation.slug
        printed = str(sheet(queue.find(reference))["decisions"])
    assert "Hanna" in printed
    assert "Manager" in printed


def test_who_made_the_record_does_not_get_it(house: House) -> None:
    given(house, to="clerk")
    assert house.waits_for(house.waiting()) == ["manager"]
    assert kept_up(house) == 0


def test_a_delegate_who_changes_the_record_loses_it(house: House) -> None:
    given(house)
    request_id = house.waiting()
    house.edit(request_id, "hanna", amount="6001")
    assert house.waits_for(request_id) == ["manager"]
    with pytest.raises(Forbidden):
        house.decide(request_id, "hanna")


def test_who_is_asked_already_gets_no_second_voice(house: House) -> None:
    given(house, to="felix", by="fiona")
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]


def test_one_delegate_of_two_has_one_voice(house: House) -> None:
    for name in ("fiona", "felix"):
        given(house, by=name)
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    assert house.waits_for(request_id) == ["felix", "freya", "hanna"] or house.waits_for(request_id) == ["fiona", "freya", "hanna"]


def test_who_decided_an_earlier_level_gets_no_later_one(house: House) -> None:
    given(house, to="manager", by="fiona")
    request_id = house.waiting("60000")
    house.red(request_id, "manager")
    assert house.waits_for(request_id) == ["felix", "fiona", "freya"]


def test_it_carries_sight_of_that_record_and_of_nothing_else(house: House) -> None:
    from dataclasses import replace

    from app.core import access
    from app.kernel.registry import registry

    house.actors["hanna"] = replace(house.actors["hanna"], grants=())
    given(house, up_to="6500")
    seen, hidden = house.waiting("6000"), house.waiting("7000")
    with house.as_("hanna") as work:
        payments = registry.resource("procurement.payment")
        found = set(work.scalars(select(Payment.id).where(access.visible(payments, house.actors["hanna"]))))
    assert found == {house.request(seen).record_id}
    with pytest.raises(NotFound), house.as_("hanna"):
        queue.find(house.actors["hanna"].name)
    assert house.waits_for(hidden) == ["manager"]


@pytest.mark.parametrize(("said", "field"), [
    ({"delegate": ""}, "delegate"), ({"delegate": "somebody"}, "delegate"), ({"starts_on": "soon"}, "starts_on"),
    ({"ends_on": ""}, "ends_on"), (days(3, 2), "ends_on"), (days(-9, -2), "ends_on"),
    ({"resource": "procurement.supplier"}, "resource"), ({"up_to": "much"}, "up_to"), ({"up_to": "-5"}, "up_to")])
def test_what_makes_no_sense_is_said_at_its_field(house: House, said: dict[str, str], field: str) -> None:
    with pytest.raises(Invalid) as error:
        given(house, **said)
    assert field in error.value.errors


def test_nobody_stands_in_for_themselves_or_gives_what_is_not_theirs(house: House) -> None:
    from dataclasses import replace

    with pytest.raises(Invalid):
        given(house, to="manager")
    house.actors["clerk"] = replace(house.actors["clerk"], grants=())
    with pytest.raises(Forbidden):
        given(house, by="clerk", member=str(house.ids["manager"]))
    reference = given(house)
    with pytest.raises(NotFound):
        ended(house, reference, by="clerk")


def test_a_stranger_to_it_cannot_end_it_but_whoever_manages_can(house: House) -> None:
    from dataclasses import replace

    reference = given(house)
    manages, house.actors["hanna"] = house.actors["hanna"], replace(house.actors["hanna"], grants=())
    with pytest.raises(Forbidden):
        ended(house, reference, by="hanna")
    house.actors["hanna"] = manages
    ended(house, reference, by="owner")
    with pytest.raises(Conflict):
        ended(house, reference)


def test_it_is_audited_and_told_by_mail(house: House) -> None:
    reference = given(house, reason="Leave")
    ended(house, reference)
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        delegation = work.scalars(select(ApprovalDelegation)).one()
        actions = list(work.scalars(select(AuditEntry.action).where(AuditEntry.record_id == delegation.id).order_by(AuditEntry.at)))
        mails = list(work.scalars(select(MailMessage.subject).where(MailMessage.member_id == house.ids["hanna"]).order_by(MailMessage.id)))
    assert actions == ["approvals.approval_delegation.create", "approvals.approval_delegation.end"]
    assert "Manager delegates decisions to you" in mails[0]
    assert "has ended" in mails[-1]


def test_the_page_gives_lists_and_ends_by_plain_forms(house: House, app: Flask) -> None:
    browser = Browser(app, house, "manager")
    action = f"{browser.root}/inbox/delegations/"
    token = browser.fields(browser.get("/inbox/delegations/").text, action)
    wrong = browser.client.post(action, data={**token, "delegate": str(house.ids["hanna"]), **days(5, 1)})
    assert wrong.status_code == 422
    assert "The last day lies before the first" in wrong.text
    made = browser.client.post(action, data={**token, "delegate": str(house.ids["hanna"]), **days(), "up_to": "6500", "reason": "Leave"})
    assert made.status_code == 303, made.text[:500]
    page = browser.get("/inbox/delegations/").text
    for said in ("Hanna decides for Manager", "£6,500.00", "Leave", "In force"):
        assert said in page
    with house.as_("manager"):
        reference = delegations.listed()[0].reference
    assert "Hanna decides for Manager" in Browser(app, house, "hanna").get("/inbox/delegations/").text
    assert "Hanna decides for Manager" not in Browser(app, house, "fiona").get("/inbox/delegations/").text
    assert "Hanna decides for Manager" in Browser(app, house, "owner").get("/inbox/delegations/?of=all").text
    assert Browser(app, house, "clerk").get("/inbox/delegations/?of=all").status_code == 403
    assert browser.client.post(f"{action}{reference}/end", data=token).status_code == 303
    assert "Over" in browser.get("/inbox/delegations/").text
