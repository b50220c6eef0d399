"""Webhooks: a rule tells a system outside, signed, as it reads it; what fails is tried again, and found again in the log."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import people
from app.core.notifications.outside import Delivery, Hook, Stage, Way
from app.core.notifications.rules import Rule
from app.kernel import clock, door, outbox
from app.kernel.errors import Invalid
from tests.core.audit.house import signed_in, token_of
from tests.core.notifications.listener import Listener, listening, settings
from tests.core.notifications.test_rules import report, rule
from tests.core.stand import Stand

SECRET = "whsec_" + base64.b64encode(b"shared by both sides").decode()


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


@pytest.fixture
def listener(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A system outside, on this machine."""
    found = Listener()
    server = listening(found)
    monkeypatch.setitem(app.extensions, "settings", settings(app))
    yield found
    server.shutdown()
    server.server_close()


def hook(stand: Stand, listener: Listener, kind: str = "json", **said: Any) -> UUID:
    """A webhook with its secret, by the door."""
    with stand.work() as work:
        made = door.perform_one("notifications.hook", "create", None, {
            "name": "Control room", "kind": kind, "active": True, "address": f"http://127.0.0.1:{listener.port}/in", **said}).record_id
        assert made is not None
        found = work.get_one(Hook, (stand.organisation.id, made))
        door.perform_one("notifications.hook", "set_secret", found.reference, {"secret": SECRET})
        return made


def deliveries(stand: Stand) -> list[Delivery]:
    with stand.work() as work:
        found = list(work.scalars(select(Delivery).order_by(Delivery.id)))
        work.expunge_all()
        return found


@pytest.mark.requirement("OF-081")
def test_the_json_body_arrives_when_the_event_occurs(stand: Stand, listener: Listener) -> None:
    rule(stand, hook=str(hook(stand, listener)), in_bell=False)
    report(stand)
    ((path, headers, body),) = listener.asked
    assert path == "/in"
    said = listener.bodies[0]
    assert said["event"] == "hse.incident.created"
    assert said["title"] == "Incident: creation: Fell from ladder 7"
    assert f"/{stand.organisation.slug}/hse/incidents/" in said["url"]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = base64.b64encode(hmac.digest(b"shared by both sides", signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}", "as Standard Webhooks say, so that their libraries check it"
    assert [each.state for each in deliveries(stand)] == [Stage.SENT]


def test_slack_and_teams_get_what_they_read(stand: Stand, listener: Listener) -> None:
    for kind in ("slack", "teams"):
        rule(stand, hook=str(hook(stand, listener, kind)), in_bell=False, priority="high")
    report(stand, title="A <b> & c")
    slack, teams = listener.bodies
    assert slack["text"].endswith("A &lt;b&gt; &amp; c")
    assert "|Incident: creation: A &lt;b&gt; &amp; c>*" in slack["blocks"][0]["text"]["text"]
    card = teams["attachments"][0]
    assert card["contentType"] == "application/vnd.microsoft.card.adaptive"
    assert (card["content"]["body"][0]["text"], card["content"]["body"][0]["color"]) == ("Incident: creation: A <b> & c", "warning")


def test_what_fails_is_tried_again_at_growing_intervals_under_one_id(stand: Stand, listener: Listener) -> None:
    listener.answers = [503, 500, 200]
    rule(stand, hook=str(hook(stand, listener)), in_bell=False)
    report(stand)
    (first,) = deliveries(stand)
    assert (first.state, first.attempts[0]["said"]) == (Stage.WAITING, "It answered 503: {}")
    assert first.next_try_at
    now = clock.now()
    for later in (timedelta(seconds=30), timedelta(seconds=61), timedelta(seconds=100), timedelta(seconds=190)):
        with clock.at(now + later):
            outbox.drain(stand.organisation.id)
    assert len(listener.asked) == 3, "after a minute, then after two more"
    assert len({headers["webhook-id"] for _path, headers, _body in listener.asked}) == 1
    assert [each.state for each in deliveries(stand)] == [Stage.SENT]


def test_what_is_refused_for_good_stands_in_the_log_with_its_reason_and_can_be_sent_again(
        stand: Stand, listener: Listener, app: Flask) -> None:
    listener.answers, listener.said = [400, 200], {"error": "no such channel"}
    rule(stand, hook=str(hook(stand, listener)), in_bell=False)
    report(stand)
    (failed,) = deliveries(stand)
    assert failed.state == Stage.FAILED
    owner, root = signed_in(app, stand, "owner"), f"/{stand.organisation.slug}/notifications/deliveries/"
    page = owner.get(root, query_string={"state": "failed", "to": str(failed.target_id)}).text
    assert "Control room" in page
    assert "It answered 400: {&#34;error&#34;: &#34;no such channel&#34;}" in page
    assert failed.title not in owner.get(root, query_string={"state": "sent"}).text
    assert "Try again" in owner.get(f"{root}{failed.id}/").text
    token = {"csrf_token": token_of(owner, f"{root}{failed.id}/")}
    assert owner.post(f"{root}{failed.id}/retry", data=token).status_code == 303
    outbox.drain(stand.organisation.id)
    assert [each.state for each in deliveries(stand)] == [Stage.SENT]
    assert [each.action for each in stand.entries(action="notifications.delivery.retry")] == ["notifications.delivery.retry"]
    assert owner.post(f"{root}{failed.id}/retry", data=token).status_code == 409
    assert signed_in(app, stand, "member").get(root).status_code == 403


def test_the_log_is_narrowed_to_one_way(stand: Stand, app: Flask) -> None:
    with stand.work() as work:
        for way, title in ((Way.HOOK, "To the control room"), (Way.SMS, "To a telephone"), (Way.PUSH, "To a device")):
            state = Stage.SENT if way == Way.SMS else Stage.FAILED
            work.add(Delivery(way=way, recipient="Somewhere", title=title, content={}, state=state))
    owner, root = signed_in(app, stand, "owner"), f"/{stand.organisation.slug}/notifications/deliveries/"
    page = owner.get(root).text
    assert [title for title in ("To the control room", "To a telephone", "To a device") if title in page] == [
        "To the control room", "To a telephone", "To a device"]
    page = owner.get(root, query_string={"way": "sms"}).text
    assert ("To a telephone" in page, "To the control room" in page, "To a device" in page) == (True, False, False)
    assert '<option value="sms" selected>' in page
    assert "state=failed&amp;way=sms" in page, "the tabs keep the way"
    page = owner.get(root, query_string={"way": "sms", "state": "failed"}).text
    assert ("To a telephone" in page, "Nothing matches" in page, "Clear all" in page) == (False, True, True)
    assert '<input type="hidden" name="state" value="failed">' in page
    assert '<input type="hidden" name="way"' not in page
    assert owner.get(root, query_string={"way": "pigeon"}).status_code == 404


def test_addresses_within_the_house_are_not_called(stand: Stand, listener: Listener, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hook(stand, listener)
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], outbound_allow=()))
    rule(stand, hook=str(made), in_bell=False)
    report(stand)
    assert listener.asked == []
    (found,) = deliveries(stand)
    assert (found.state, found.attempts[0]["said"]) == (Stage.FAILED, "127.0.0.1 stands for an address that is not public")


def test_it_hears_only_of_what_the_writer_of_the_rule_may_see(stand: Stand, listener: Listener) -> None:
    made = rule(stand, hook=str(hook(stand, listener)), in_bell=False)
    with stand.work() as work:
        work.get_one(Rule, (stand.organisation.id, made)).updated_by = people.enrol("Guest", "guest@stand.example", "client").id
    report(stand)
    assert listener.asked == []


def test_one_out_of_use_is_not_told_and_a_test_reaches_one_in_use(stand: Stand, listener: Listener) -> None:
    made = hook(stand, listener)
    with stand.work() as work:
        found = work.get_one(Hook, (stand.organisation.id, made))
        door.perform_one("notifications.hook", "test", found.reference, {})
        found.active = False
    outbox.drain(stand.organisation.id)
    assert [(each.state, each.attempts[0]["said"]) for each in deliveries(stand)] == [(Stage.DROPPED, "The webhook is not in use.")]
    with stand.work() as work:
        found = work.get_one(Hook, (stand.organisation.id, made))
        found.active = True
        door.perform_one("notifications.hook", "test", found.reference, {})
    outbox.drain(stand.organisation.id)
    assert [each["title"] for each in listener.bodies] == ["A test of Control room"]


@pytest.mark.parametrize("address", ["ftp://hooks.example/in", "https://user:word@hooks.example/in", "hooks.example"])
def test_what_is_no_address_is_refused(stand: Stand, listener: Listener, address: str) -> None:
    with pytest.raises(Invalid) as refused:
        hook(stand, listener, address=address)
    assert "address" in refused.value.errors
