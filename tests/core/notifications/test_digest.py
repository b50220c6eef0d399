"""The digest: one per member and day, at their own hour, of what is true when it leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import audit
from app.core.mail import MailMessage, State, delivery
from app.core.notifications import digest
from app.core.people import Member
from app.kernel import clock, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.stand import Stand

MORNING = datetime(2026, 3, 10, 7, 5, tzinfo=UTC)


class Server:
    """A mail server that takes everything."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def sendmail(self, _sender: str, _to: list[str], content: bytes) -> None:
        self.taken.append(content)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The mail server."""
    found = Server()
    monkeypatch.setattr(delivery, "_connection", lambda: found)
    return found


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    found = Stand()
    outbox.drain(found.organisation.id)
    return found


def set_member(stand: Stand, role: str, **values: Any) -> UUID:
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, stand.actors[role].id))
        for name, value in values.items():
            setattr(member, name, value)
        return member.id


def queue_due(stand: Stand) -> int:
    """What the scheduler does every half minute."""
    with acting(stand.organisation, SYSTEM), unit_of_work():
        return digest.queue_due()


def mails(stand: Stand) -> list[MailMessage]:
    with stand.work() as work:
        found = list(work.scalars(select(MailMessage).order_by(MailMessage.id)))
        work.expunge_all()
    return found


def test_each_reader_at_their_hour_in_their_zone(stand: Stand) -> None:
    set_member(stand, "owner", timezone="UTC", digest_hour=7)
    set_member(stand, "auditor", timezone="Asia/Tokyo", digest_hour=16)
    set_member(stand, "member", timezone="America/Los_Angeles", digest_hour=7)
    with clock.at(MORNING - timedelta(minutes=10)):
        assert queue_due(stand) == 0
    with clock.at(MORNING):
        assert queue_due(stand) == 2, "seven in UTC is sixteen in Tokyo and still night in Los Angeles"
        assert queue_due(stand) == 0
    with clock.at(MORNING + timedelta(hours=8)):
        assert queue_due(stand) == 1
    with clock.at(MORNING + timedelta(days=1)):
        assert queue_due(stand) == 2


def test_the_morning_is_over_at_some_time(stand: Stand) -> None:
    for role in ("owner", "auditor", "member"):
        set_member(stand, role, timezone="UTC", digest_hour=7)
    with clock.at(MORNING + timedelta(hours=9)):
        assert queue_due(stand) == 0


def test_who_ended_it_gets_none(stand: Stand) -> None:
    for role in ("owner", "auditor", "member"):
        set_member(stand, role, timezone="UTC", preferences={"mail_digest": "off"} if role == "owner" else {})
    with clock.at(MORNING):
        assert queue_due(stand) == 2


def test_it_carries_the_head_of_the_chain(stand: Stand, server: Server) -> None:
    with stand.work():
        stand.site("Quay")
    with acting(stand.organisation, SYSTEM), unit_of_work():
        audit.seal(stand.organisation.id)
        number, head = audit.chain_head()
        assert digest.queue(stand.actors["owner"].id) is not None
    outbox.drain(stand.organisation.id)
    sent = mails(stand)[-1]
    assert sent.state == State.SENT
    assert head in sent.text
    assert head in sent.html
    assert number > 0
    assert "List-Unsubscribe" in sent.headers
    assert len(server.taken) == 1


def test_it_is_idempotent_per_member_and_day(stand: Stand) -> None:
    owner = stand.actors["owner"].id
    with acting(stand.organisation, SYSTEM), unit_of_work():
        assert digest.queue(owner, date(2026, 3, 10)) is not None
        assert digest.queue(owner, date(2026, 3, 10)) is None
        assert digest.queue(owner, date(2026, 3, 11)) is not None
        assert digest.was_sent(owner, date(2026, 3, 10))


def test_nothing_to_say_is_not_said(stand: Stand, server: Server) -> None:
    """A member for whom nothing waits, and who is no witness of the chain, is left alone."""
    with acting(stand.organisation, SYSTEM), unit_of_work():
        digest.queue(stand.actors["member"].id)
    outbox.drain(stand.organisation.id)
    assert server.taken == []
    assert mails(stand)[-1].state == State.CANCELLED
