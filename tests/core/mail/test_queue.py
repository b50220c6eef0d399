"""The queue: an outage keeps the order and counts against nobody, trouble of one mail keeps nobody waiting, what is urgent goes first."""

from __future__ import annotations

import smtplib
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from app.core import mail, settings
from app.core.mail import blocking
from app.core.mail.models import Block, MailMessage, Priority, Reason, State
from app.kernel import clock, outbox
from app.kernel.outbox import OutboxRow
from tests.core.mail.test_mail import ADVICE, Server, drain, mail_of, send
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_mail import stand as stand  # noqa: PLC0414 -- a fixture
from tests.core.stand import Stand


def advice(number: int) -> dict[str, Any]:
    return {"advice": {**ADVICE["advice"], "reference": f"PAY-{number}"}}


def sent(server: Server) -> list[int]:
    """The numbers of the mails that arrived, in order."""
    return [int(str(caught["Subject"]).split("PAY-")[1].split(":")[0]) for caught in server.taken]


def test_a_day_without_a_server_loses_nothing_and_keeps_the_order(stand: Stand, server: Server) -> None:
    server.trouble = ConnectionRefusedError()
    ids = [send(stand, context=advice(number)) for number in range(1, 26)]
    began = clock.now()
    for minutes in (0, 1, 3, 60, 600, 1439):
        with clock.at(began + timedelta(minutes=minutes)):
            drain(stand)
            send(stand, context=advice(100 + minutes))
            drain(stand)
    with stand.work() as work:
        waiting = list(work.scalars(select(MailMessage).order_by(MailMessage.id)))
        assert {each.state for each in waiting} == {State.WAITING}
        assert len({each.next_try_at for each in waiting}) == 1, "all wait for one moment"
        assert all("away" in each.last_error for each in waiting if each.id in ids), "the log says why each of them waits"
        assert sum(each.attempts for each in waiting) <= 12, "one mail asks for all"
    server.trouble = None
    with clock.at(began + timedelta(minutes=1442)):
        drain(stand)
    assert sent(server) == [*range(1, 26), 100, 101, 103, 160, 700, 1539]
    assert len({str(caught["Message-ID"]) for caught in server.taken}) == 31


def test_it_is_back_within_minutes(stand: Stand, server: Server) -> None:
    server.trouble = ConnectionRefusedError()
    send(stand)
    moment = clock.now()
    for _each in range(12):
        with clock.at(moment):
            drain(stand)
        with stand.work() as work:
            due = work.scalars(select(OutboxRow.due_at).where(OutboxRow.name == "mail.send")).one()
        assert due - moment <= timedelta(minutes=2)
        moment = due
    server.trouble = None
    with clock.at(moment):
        drain(stand)
    assert len(server.taken) == 1


def test_a_mail_that_is_refused_for_now_keeps_nobody_waiting(stand: Stand, server: Server) -> None:
    server.trouble = smtplib.SMTPResponseException(451, b"greylisted")
    first = send(stand, context=advice(1))
    drain(stand)
    server.trouble = None
    send(stand, context=advice(2))
    drain(stand)
    assert sent(server) == [2]
    assert mail_of(stand, first).state == State.WAITING


def test_a_mail_at_which_the_server_breaks_off_keeps_nobody_waiting(stand: Stand, server: Server) -> None:
    server.trouble = smtplib.SMTPServerDisconnected("gone")
    first = send(stand, context=advice(1))
    drain(stand)
    server.trouble = None
    send(stand, context=advice(2))
    drain(stand)
    assert sent(server) == [2]
    assert "broke off" in mail_of(stand, first).last_error


def test_three_retries_at_growing_gaps_then_failed(stand: Stand, server: Server) -> None:
    server.trouble = smtplib.SMTPResponseException(451, b"try later")
    mail_id = send(stand)
    moment, gaps = clock.now(), []
    for _each in range(3):
        with clock.at(moment):
            drain(stand)
        waiting = mail_of(stand, mail_id)
        assert waiting.state == State.WAITING
        assert waiting.next_try_at is not None
        gaps.append((waiting.next_try_at - moment).total_seconds())
        moment = waiting.next_try_at
    with clock.at(moment):
        drain(stand)
    failed = mail_of(stand, mail_id)
    assert (failed.state, failed.attempts) == (State.FAILED, 4)
    assert gaps == sorted(gaps)
    assert gaps[2] > gaps[1] > gaps[0] >= 60


def test_urgent_first_bulk_last_and_the_oldest_of_each_first(stand: Stand, server: Server) -> None:
    for number, priority in enumerate((Priority.BULK, Priority.NORMAL, Priority.URGENT, Priority.BULK, Priority.NORMAL, Priority.URGENT)):
        send(stand, context=advice(number), priority=priority)
    drain(stand)
    assert sent(server) == [2, 5, 1, 4, 0, 3]


def test_an_urgent_mail_does_not_jump_an_outage(stand: Stand, server: Server) -> None:
    server.trouble = ConnectionRefusedError()
    send(stand, context=advice(1))
    drain(stand)
    urgent = send(stand, context=advice(2), priority=Priority.URGENT)
    drain(stand)
    assert (mail_of(stand, urgent).attempts, mail_of(stand, urgent).state) == (0, State.WAITING)
    server.trouble = None
    with clock.at(clock.now() + timedelta(minutes=3)):
        drain(stand)
    assert sent(server) == [2, 1]


@pytest.mark.requirement("OF-198")
def test_in_test_mode_only_the_administrator_gets_mail(stand: Stand, server: Server) -> None:
    with stand.work():
        settings.set("mail.test_address", "admin@stand.example")
    mail_id = send(stand, "acorn@suppliers.example")
    shown = {"notice": {"title": "X", "text": "", "path": "/x"}}
    send(stand, stand.actors["member"].id, "notification", context=shown, optional="notifications")
    drain(stand)
    assert [str(caught["To"]) for caught in server.taken] == ["admin@stand.example"] * 2
    assert server.recipients == ["admin@stand.example"] * 2
    assert str(server.taken[0]["Subject"]).startswith("[acorn@suppliers.example] ")
    assert server.taken[0]["X-Original-To"] == "acorn@suppliers.example"
    assert server.taken[1]["List-Unsubscribe"] is None, "the administrator does not end somebody else's mail"
    kept = mail_of(stand, mail_id)
    assert (kept.to_address, kept.sent_to) == ("acorn@suppliers.example", "admin@stand.example")


def test_a_blocked_address_gets_nothing_until_it_is_let_go(stand: Stand, server: Server) -> None:
    with stand.work():
        blocking.block("Acorn@Suppliers.example", Reason.BOUNCE, "550 5.1.1 nobody")
    mail_id = send(stand)
    drain(stand)
    assert server.taken == []
    blocked = mail_of(stand, mail_id)
    assert (blocked.state, blocked.last_error, blocked.attempts) == (State.BLOCKED, str(Reason.BOUNCE.label), 0)
    with stand.work() as work:
        work.scalars(select(Block)).one().archived_at = clock.now()
        assert mail.retry(work.get_one(MailMessage, (stand.organisation.id, mail_id)))
    drain(stand)
    assert mail_of(stand, mail_id).state == State.SENT


@pytest.mark.parametrize(("reason", "notice", "letter"), [
    (Reason.COMPLAINT, State.BLOCKED, State.SENT), (Reason.WISH, State.BLOCKED, State.SENT), (Reason.MANUAL, State.BLOCKED, State.BLOCKED)])
def test_after_a_complaint_only_mail_that_must_be_goes(stand: Stand, server: Server, reason: Reason, notice: State, letter: State) -> None:
    member = stand.actors["member"].id
    shown = {"notice": {"title": "X", "text": "", "path": "/x"}}
    with stand.work():
        blocking.block("member@stand.example", reason, "")
    optional = send(stand, member, "notification", context=shown, optional="notifications")
    needed = send(stand, member, "notification", context=shown)
    drain(stand)
    assert (mail_of(stand, optional).state, mail_of(stand, needed).state) == (notice, letter)


def test_an_address_that_the_server_knows_to_be_nobodys_is_blocked(stand: Stand, server: Server) -> None:
    server.trouble = smtplib.SMTPRecipientsRefused({"x": (550, b"5.1.1 no such user")})
    mail_id = send(stand)
    drain(stand)
    assert mail_of(stand, mail_id).state == State.FAILED
    with stand.work() as work:
        block = work.scalars(select(Block)).one()
        assert (block.address, block.reason) == ("acorn@suppliers.example", Reason.BOUNCE)


def test_a_bounce_outweighs_a_complaint_and_not_the_other_way(stand: Stand) -> None:
    def reasons(*reasons: Reason) -> Reason:
        with stand.work() as work:
            for reason in reasons:
                found = blocking.block("a@b.example", reason, "")
                work.flush()
            found.archived_at = clock.now()
            return found.reason

    assert reasons(Reason.COMPLAINT, Reason.BOUNCE) == Reason.BOUNCE
    assert reasons(Reason.BOUNCE, Reason.COMPLAINT) == Reason.BOUNCE


def test_holding_a_lane_touches_no_other(stand: Stand, server: Server) -> None:
    done: list[int] = []

    @outbox.handler("test.held")
    def _held(payload: dict[str, Any], _row: OutboxRow) -> None:
        done.append(payload["n"])

    server.trouble = ConnectionRefusedError()
    send(stand)
    with stand.work():
        outbox.put("effect", "test.held", {"n": 1})
    drain(stand)
    assert done == [1]


def test_what_waits_out_an_outage_can_be_cancelled(stand: Stand, server: Server) -> None:
    server.trouble = ConnectionRefusedError()
    send(stand, context=advice(1))
    second: UUID = send(stand, context=advice(2))
    drain(stand)
    with stand.work() as work:
        assert mail.cancel(work.get_one(MailMessage, (stand.organisation.id, second)))
    server.trouble = None
    with clock.at(clock.now() + timedelta(minutes=3)):
        drain(stand)
    assert sent(server) == [1]
