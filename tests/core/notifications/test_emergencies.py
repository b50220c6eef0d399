"""SMS, for emergencies only, through a stand-in for the provider that speaks its protocol; what it says of a message stands in the log."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import notifications
from app.core import settings as settings_of
from app.core.notifications import Category, News, Priority
from app.core.notifications.outside import Delivery, Stage, Way, sending
from app.core.people import Member
from app.kernel import clock, outbox
from app.kernel.db import session
from tests.core.notifications.listener import Listener, listening, settings
from tests.core.stand import Stand

ACCOUNT, TOKEN, FROM, PHONE, SID = "AC01", "of the provider", "+441632960000", "+44 1632 960-001", "SM0001"
NIGHT = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test; its member has a phone."""
    found = Stand()
    with found.work() as work:
        work.get_one(Member, (found.organisation.id, found.actors["member"].id)).phone = PHONE
    return found


@pytest.fixture
def gateway(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A provider of SMS on this machine, in the settings of the installation."""
    found = Listener(said={"sid": SID, "status": "queued"})
    server = listening(found)
    url = f"http://{ACCOUNT}:{TOKEN.replace(' ', '%20')}@127.0.0.1:{found.port}/?from=%2B{FROM[1:]}"
    monkeypatch.setitem(app.extensions, "settings", settings(app, sms_url=url))
    yield found
    server.shutdown()
    server.server_close()


def sent(gateway: Listener) -> list[dict[str, str]]:
    """The messages that the provider was handed."""
    return [{name: values[0] for name, values in parse_qs(body.decode()).items()} for _path, _headers, body in gateway.asked]


def tell(stand: Stand, title: str, category: Category = Category.ALERT, priority: Priority = Priority.CRITICAL, key: str = "") -> None:
    with stand.work():
        notifications.tell([stand.actors["member"].id], News("alarm", title, "/x", category=category, priority=priority, key=key))
    outbox.drain(stand.organisation.id)


def delivery(stand: Stand) -> Delivery:
    with stand.work() as work:
        found = work.scalars(select(Delivery).where(Delivery.way == Way.SMS)).one()
        work.expunge_all()
        return found


def prefer(stand: Stand, **said: object) -> None:
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, stand.actors["member"].id))
        member.timezone, member.preferences = "UTC", {**member.preferences, **said}


def call(app: Flask, address: str, said: dict[str, str], *, token: str = TOKEN, signed: str = "") -> int:
    """The provider calls, with its signature over the address and what it says."""
    whole = address + "".join(f"{name}{value}" for name, value in sorted(said.items()))
    signature = signed or base64.b64encode(hmac.new(token.encode(), whole.encode(), hashlib.sha1).digest()).decode()
    return app.test_client().post(urlsplit(address).path, data=said, headers={"X-Twilio-Signature": signature}).status_code


@pytest.mark.requirement("OF-079")
def test_an_urgent_alert_goes_by_sms_and_a_routine_notice_does_not(stand: Stand, gateway: Listener) -> None:
    tell(stand, "Your report is ready", Category.BUSINESS, Priority.NORMAL)
    tell(stand, "Read this", Category.SYSTEM, Priority.CRITICAL)
    tell(stand, "The stairs are slippery", Category.ALERT, Priority.HIGH)
    tell(stand, "Fire in hall 2")
    (message,) = sent(gateway)
    assert (message["To"], message["From"]) == ("+441632960001", FROM)
    assert message["Body"].startswith("Stand: Fire in hall 2 http")
    path, headers, _body = gateway.asked[0]
    assert path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert headers["authorization"] == "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()


@pytest.mark.requirement("LG-330")
def test_its_signed_callback_turns_the_status_to_delivered(stand: Stand, gateway: Listener, app: Flask) -> None:
    tell(stand, "Fire in hall 2")
    assert (delivery(stand).state, delivery(stand).number) == (Stage.SENT, SID)
    address = sent(gateway)[0]["StatusCallback"]
    assert call(app, address, {"MessageSid": SID, "MessageStatus": "sent"}) == 204
    assert delivery(stand).state == Stage.SENT, "on its way is not there yet"
    assert call(app, address, {"MessageSid": SID, "MessageStatus": "delivered"}) == 204
    assert delivery(stand).state == Stage.DELIVERED
    assert delivery(stand).delivered_at
    assert call(app, address, {"MessageSid": SID, "MessageStatus": "undelivered"}) == 204
    assert delivery(stand).state == Stage.DELIVERED, "what comes late and out of order changes nothing"


@pytest.mark.parametrize(("token", "signed"), [("of somebody else", ""), (TOKEN, "AAAA"), (TOKEN, "naïve")])
def test_a_callback_that_the_provider_did_not_sign_changes_nothing(
        stand: Stand, gateway: Listener, app: Flask, token: str, signed: str) -> None:
    tell(stand, "Fire in hall 2")
    address = sent(gateway)[0]["StatusCallback"]
    assert call(app, address, {"MessageSid": SID, "MessageStatus": "delivered"}, token=token, signed=signed) == 403
    assert delivery(stand).state == Stage.SENT


def test_a_callback_about_another_message_finds_nothing(stand: Stand, gateway: Listener, app: Flask) -> None:
    tell(stand, "Fire in hall 2")
    address = sent(gateway)[0]["StatusCallback"]
    assert call(app, address, {"MessageSid": "SM0002", "MessageStatus": "delivered"}) == 404
    assert call(app, address + "x", {"MessageSid": SID, "MessageStatus": "delivered"}) == 404
    assert delivery(stand).state == Stage.SENT


def test_what_was_lost_says_why_and_can_be_sent_again(stand: Stand, gateway: Listener, app: Flask) -> None:
    tell(stand, "Fire in hall 2")
    address = sent(gateway)[0]["StatusCallback"]
    call(app, address, {"MessageSid": SID, "MessageStatus": "undelivered", "ErrorCode": "30003"})
    lost = delivery(stand)
    assert (lost.state, lost.attempts[-1]["said"]) == (Stage.FAILED, "undelivered 30003")
    with stand.work():
        assert sending.retry(session().get_one(Delivery, (stand.organisation.id, lost.id)))
    outbox.drain(stand.organisation.id)
    assert len(sent(gateway)) == 2
    assert delivery(stand).state == Stage.SENT


def test_a_number_that_the_provider_refuses_is_not_tried_again(stand: Stand, gateway: Listener) -> None:
    gateway.answers, gateway.said = [400], {"message": "not a mobile number"}
    tell(stand, "Fire in hall 2")
    assert delivery(stand).state == Stage.FAILED
    assert "not a mobile number" in delivery(stand).attempts[0]["said"]


def test_quiet_hours_do_not_hold_an_emergency_and_it_goes_once(stand: Stand, gateway: Listener) -> None:
    prefer(stand, quiet_from="22:00", quiet_to="08:00")
    with clock.at(NIGHT):
        tell(stand, "Fire in hall 2", key="fire")
        tell(stand, "Fire in hall 2", key="fire")
    assert len(sent(gateway)) == 1


def test_whoever_wants_no_sms_or_has_no_number_gets_none(stand: Stand, gateway: Listener) -> None:
    prefer(stand, notices_off=["alert:sms"])
    tell(stand, "Fire in hall 2")
    prefer(stand, notices_off=[])
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, stand.actors["member"].id)).phone = "ext. 42"
    tell(stand, "Fire in hall 3")
    assert sent(gateway) == []


def test_without_a_provider_nothing_is_owed(stand: Stand) -> None:
    tell(stand, "Fire in hall 2")
    with stand.work() as work:
        assert work.scalars(select(Delivery.id)).all() == []


def test_a_rule_sends_an_emergency_by_sms(stand: Stand, gateway: Listener) -> None:
    from tests.core.notifications.test_rules import report, rule

    who: UUID = stand.actors["member"].id
    rule(stand, whom=str(who), category="alert", priority="critical", by_sms=True, condition="actual_severity = 5")
    report(stand, title="Slipped")
    report(stand, title="Explosion", actual_severity="5")
    assert ["Explosion" in each["Body"] for each in sent(gateway)] == [True]


def test_a_day_brings_so_many_to_one_person_and_the_log_says_what_kept_the_others(stand: Stand, gateway: Listener) -> None:
    with stand.work():
        settings_of.set("notifications.sms_per_day", 2)
    for number in range(4):
        tell(stand, f"Fire in hall {number}")
    with stand.work() as work:
        found = [(each.state, each.attempts[-1]["said"]) for each in work.scalars(select(Delivery).order_by(Delivery.id))]
    assert [body["Body"].partition(" http")[0] for body in sent(gateway)] == ["Stand: Fire in hall 0", "Stand: Fire in hall 1"]
    assert found[2:] == [(Stage.DROPPED, "Daily limit: 2 SMS went to this person today already.")] * 2
    with clock.at(clock.now() + timedelta(days=1)):
        tell(stand, "Fire in hall 9")
    assert len(sent(gateway)) == 3, "the next day begins anew"
