"""What did not get through: seen, tried again, given up, by whoever may; each audited, and told to whoever waits for it."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.approvals import State
from app.core.audit.models import AuditEntry
from app.core.mail import MailMessage
from app.core.mail import State as Mail
from app.kernel import outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.outbox import CANCELLED, DONE, FAILED, WAITING, OutboxRow
from app.modules.procurement.models import Status, Supplier
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House

PAGE = "/settings/undelivered/"


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """An organisation with people to ask, and no mail server."""
    monkeypatch.setattr("app.core.auth.is_you", lambda _identity, typed: typed == "right")
    return House()


def supplier_mail(house: House, address: str | None) -> None:
    with house.as_("owner") as work:
        work.get_one(Supplier, (house.organisation.id, house.supplier)).remittance_email = address


def stuck(house: House) -> UUID:
    """A payment that was approved and cannot take effect: its supplier has no address."""
    request_id = house.waiting()
    supplier_mail(house, None)
    house.decide(request_id, "manager")
    house.later(31)
    assert house.request(request_id).state == State.VOID
    return request_id


def row(house: House, name: str = "approval.effect") -> OutboxRow:
    """The newest row of a name, detached."""
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(OutboxRow).where(OutboxRow.name == name).order_by(OutboxRow.id.desc())).first()
        assert found is not None
        work.expunge(found)
        return found


def press(browser: Browser, row_id: UUID, button: str) -> int:
    """Press a button of the page, as a plain form."""
    action = f"{browser.root}{PAGE}{row_id}/{button}"
    answer = browser.client.post(action, data=browser.fields(browser.get(PAGE).text, action))
    return int(answer.status_code)


def audited(house: House) -> list[tuple[str, str]]:
    with acting(house.organisation, SYSTEM), unit_of_work():
        return [tuple(each) for each in session().execute(select(AuditEntry.action, AuditEntry.record_reference).where(
            AuditEntry.resource == "monitoring.delivery"))]


def test_it_says_what_failed_of_which_record_and_why(house: House, app: Flask) -> None:
    request = house.request(stuck(house))
    page = Browser(app, house, "owner").get(PAGE).text
    for said in ("Effect of an approval", request.record_reference, f"/inbox/{request.reference}/", "remittance address", "1 attempt",
                 "Failed"):
        assert said in page


def test_the_request_leads_there_for_those_who_may(house: House, app: Flask) -> None:
    request = house.request(stuck(house))
    anchor = f"{PAGE}#row-{row(house).id}"
    assert anchor in Browser(app, house, "owner").get(f"/inbox/{request.reference}/").text
    assert anchor in Browser(app, house, "owner").get(f"/procurement/payments/{request.record_reference}/").text
    assert anchor not in Browser(app, house, "manager").get(f"/inbox/{request.reference}/").text


def test_once_the_cause_is_mended_it_is_tried_again_and_takes_effect(house: House, app: Flask) -> None:
    request_id = stuck(house)
    supplier_mail(house, "acorn@suppliers.example")
    assert press(Browser(app, house, "owner"), row(house).id, "retry") == 303
    assert house.request(request_id).state == State.HELD
    house.later(1)
    assert house.request(request_id).state == State.EFFECTED
    assert house.paid(request_id).status == Status.RELEASED
    assert row(house).state == DONE
    assert audited(house) == [("monitoring.delivery.retry", f"{house.request(request_id).record_reference} · Acorn")]


def test_what_was_asked_for_again_is_not_revived(house: House, app: Flask) -> None:
    from app.kernel.door import perform

    request_id = stuck(house)
    record_id = house.request(request_id).record_id
    with house.as_("clerk"):
        assert perform("procurement.payment", "release", [record_id])[0].state == "parked"
    assert press(Browser(app, house, "owner"), row(house).id, "retry") == 409
    assert house.request(request_id).state == State.VOID
    assert row(house).state == FAILED


def test_what_was_given_up_is_listed_no_more(house: House, app: Flask) -> None:
    request_id, owner = stuck(house), Browser(app, house, "owner")
    assert press(owner, row(house).id, "give-up") == 303
    assert row(house).state == CANCELLED
    assert house.request(request_id).state == State.VOID
    assert "Effect of an approval" not in owner.get(PAGE).text
    assert [action for action, _record in audited(house)] == ["monitoring.delivery.give_up"]


def test_a_mail_that_is_put_off_shows_its_next_attempt_and_can_be_given_up(house: House, app: Flask) -> None:
    house.waiting()
    house.later(0)
    owner, found = Browser(app, house, "owner"), row(house, "mail.send")
    assert (found.state, found.attempts) == (WAITING, 1)
    page = owner.get(PAGE).text
    assert "The mail server is away" in page
    assert re.search(r"next attempt: \d", page)
    assert press(owner, found.id, "retry") == 303
    house.later(1)
    assert row(house, "mail.send").attempts == 2
    assert press(owner, found.id, "give-up") == 303
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        mail = work.scalars(select(MailMessage).where(MailMessage.row_id == found.id)).one()
        assert (mail.state, mail.last_error) == (Mail.FAILED, "Owner gave it up.")
    house.later(900)
    assert row(house, "mail.send").state == CANCELLED


def test_a_held_effect_that_is_given_up_ends_its_request(house: House, app: Flask) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    held = row(house).id
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        work.get_one(OutboxRow, (house.organisation.id, held)).last_error = "Retry: The record is being changed."
    assert press(Browser(app, house, "owner"), row(house).id, "give-up") == 303
    request = house.request(request_id)
    assert request.state == State.VOID
    assert "Owner gave it up." in (request.last_reason or "")
    house.later(60)
    assert house.paid(request_id).status == Status.RECORDED


def test_what_was_delivered_or_never_failed_is_left_alone(house: House, app: Flask) -> None:
    request_id = house.waiting()
    house.decide(request_id, "manager")
    held = row(house).id
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert not outbox.give_up(held, "no")
    house.later(31)
    with acting(house.organisation, SYSTEM), unit_of_work():
        assert not outbox.retry(held)
        assert not outbox.give_up(held, "no")


@pytest.mark.parametrize("name", ["manager", "clerk"])
def test_only_those_who_look_after_it_may(house: House, app: Flask, name: str) -> None:
    stuck(house)
    browser = Browser(app, house, name)
    assert browser.get(PAGE).status_code == 403
    for button in ("retry", "give-up"):
        assert browser.client.post(f"{browser.root}{PAGE}{row(house).id}/{button}").status_code in (400, 403)
    assert row(house).state == FAILED


def test_another_organisations_rows_are_not_there(house: House, app: Flask) -> None:
    stuck(house)
    other = House()
    stranger = Browser(app, other, "owner")
    assert "Everything got through" in stranger.get(PAGE).text
    stuck(other)
    action = f"{stranger.root}{PAGE}{row(other).id}/retry"
    token = stranger.fields(stranger.get(PAGE).text, action)
    assert stranger.client.post(f"{stranger.root}{PAGE}{row(house).id}/retry", data=token).status_code == 404
