"""Notices by mail, against a mail server: received, not sent once unsubscribed, tried again while the server is away."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from flask import Flask
from sqlalchemy import select

from app.core import notifications
from app.core.mail import MailMessage, State
from app.core.people import Member
from app.kernel import clock, outbox
from app.running.ports import free_ports
from tests.core.stand import Stand


class Box:
    """What the server took."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


@pytest.fixture
def box(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Box, Callable[[], None]]]:
    """The installation's mail server, which is away until it is started."""
    found, port = Box(), free_ports(1)
    running: list[Controller] = []
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], smtp_url=f"smtp://127.0.0.1:{port}"))

    def start() -> None:
        running.append(Controller(found, hostname="127.0.0.1", port=port))
        running[0].start()

    yield found, start
    for each in running:
        each.stop()


def tell(stand: Stand, title: str) -> None:
    with stand.work():
        notifications.notify(stand.actors["member"].id, "approval", title, "/x")


def mail_to(stand: Stand) -> MailMessage:
    with stand.work() as work:
        found = work.scalars(select(MailMessage)).one()
        work.expunge(found)
    return found


@pytest.mark.requirement("LG-333")
def test_the_server_receives_it_and_what_is_unsubscribed_is_not_sent(stand: Stand, box: tuple[Box, Callable[[], None]]) -> None:
    server, start = box
    start()
    tell(stand, "Waits for you")
    outbox.drain(stand.organisation.id)
    (received,) = server.taken
    page = received.get_body(("html",))
    assert received["Subject"] == "Waits for you"
    assert page is not None
    assert "Waits for you" in page.get_content()
    assert "List-Unsubscribe" in received
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, stand.actors["member"].id))
        member.preferences = {**member.preferences, "notices_off": ["business:mail"]}
    tell(stand, "Waits again")
    outbox.drain(stand.organisation.id)
    assert len(server.taken) == 1


@pytest.mark.requirement("OF-095")
def test_a_notice_is_tried_again_at_growing_intervals_until_the_server_is_back(stand: Stand, box: tuple[Box, Callable[[], None]]) -> None:
    server, start = box
    now, waits = clock.now(), []
    with clock.at(now):
        tell(stand, "Waits for you")
    for _attempt in range(4):
        with clock.at(now):
            outbox.drain(stand.organisation.id)
            waiting = mail_to(stand)
        assert waiting.state == State.WAITING
        assert waiting.last_error
        assert waiting.next_try_at is not None
        waits.append(waiting.next_try_at - now)
        now = waiting.next_try_at + timedelta(milliseconds=1)
    assert all(later > earlier * 1.5 for earlier, later in itertools.pairwise(waits)), waits
    start()
    with clock.at(now):
        outbox.drain(stand.organisation.id)
    sent = mail_to(stand)
    assert (sent.state, sent.attempts) == (State.SENT, 5)
    assert [each["Subject"] for each in server.taken] == ["Waits for you"]


def test_what_guards_somebody_is_not_ended_by_a_click(stand: Stand) -> None:
    with stand.work():
        notifications.notify(stand.actors["member"].id, "address_disputed", "Somebody wrote another address for you", "/x", critical=True)
    sent = mail_to(stand)
    assert (sent.optional, "List-Unsubscribe" in sent.headers) == ("", False)
