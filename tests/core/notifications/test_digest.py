"""The digest: one per member and day, at their own hour, of what is true when it leaves."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import audit
from app.core.mail import MailMessage, State, smtp
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
    monkeypatch.setattr(smtp, "_connection", lambda _out: found)
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


def test_one_sent_at_once_takes_no_day_and_says_even_that_nothing_waits(stand: Stand, server: Server) -> None:
    member = stand.actors["member"].id
    with acting(stand.organisation, SYSTEM), unit_of_work():
        first = digest.send_now(member, key="one")
        assert digest.send_now(member, key="one").id == first.id
        assert digest.send_now(member).id != first.id
        assert not digest.was_sent(member, clock.today())
    outbox.drain(stand.organisation.id)
    assert len(server.taken) == 2
    assert all(b"Nothing waits for you" in content for content in server.taken)


def test_the_main_jobs_digests_come_although_the_days_own_were_sent(stand: Stand, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.demo import main_job

    class Stage:
        """Counts what the server took."""

        def caught(self, message_ids: set[str]) -> int:
            outbox.drain(stand.organisation.id)
            return sum(any(i.encode() in content for content in server.taken) for i in message_ids)

    monkeypatch.setattr(main_job, "READERS", tuple(actor.name for actor in stand.actors.values()))
    with acting(stand.organisation, SYSTEM):
        with unit_of_work():
            for actor in stand.actors.values():
                assert digest.queue(actor.id) is not None
        outbox.drain(stand.organisation.id)
        assert main_job._send_digests(Stage()) == len(stand.actors)  # type: ignore[arg-type]


def test_the_preferences_have_a_button_for_it_and_are_found(app: Flask) -> None:
    from tests.core.visitors import Visitor, enrol, found

    place = found("digests")
    enrol(place, "dora@digests.example", "owner")
    visitor = Visitor(app)
    visitor.sign_in("dora@digests.example")
    address = "/digests/notifications/preferences"
    for page in ("/digests/notifications/", "/digests/inbox/"):
        assert address in visitor.get(page).text, page
    assert visitor.send("/digests/notifications/digest", form=address).location.endswith(address)
    assert "The digest is on its way to dora@digests.example." in visitor.get(address).text
    with acting(place, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(MailMessage.template)).all() == ["digest"]
