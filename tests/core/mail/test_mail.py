"""Mail: queued with its cause, one id for all attempts, in order, in the reader's language; the server may be away."""

from __future__ import annotations

import re
import smtplib
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask_babel import force_locale, gettext
from sqlalchemy import select

from app.core import mail, notifications
from app.core.mail import smtp, tickets
from app.core.mail.look import DARK
from app.core.mail.models import MailMessage, State
from app.core.people import Member
from app.kernel import clock, outbox
from app.kernel.errors import Forbidden, Invalid, NotFound
from tests.core.stand import Stand

ADVICE = {"advice": {"supplier": "Acorn & Söhne", "reference": "PAY-1", "payer": "Stand", "amount": "€7,000.00", "paid_on": "1 Jun 2020",
                     "transaction_number": "T1", "purpose": "Chairs"}}


class Server:
    """Stands for the SMTP server: takes mail, or is away, or refuses."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.recipients: list[str] = []
        self.trouble: Exception | None = None
        self.accepts_then_dies = False

    def sendmail(self, _sender: str, to: list[str], content: bytes) -> None:
        if self.trouble and not self.accepts_then_dies:
            raise self.trouble
        self.recipients += to
        self.taken.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]
        if self.accepts_then_dies:
            raise KeyboardInterrupt

    def answer(self, _out: Any) -> Server:
        """The server, unless nothing answers."""
        if isinstance(self.trouble, OSError) and not isinstance(self.trouble, smtplib.SMTPException):
            raise self.trouble
        return self

    def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    """The mail server, as it behaves in the test."""
    found = Server()
    monkeypatch.setattr(smtp, "_connection", found.answer)
    return found


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    found = Stand()
    outbox.drain(found.organisation.id)
    return found


def send(stand: Stand, to: Any = "acorn@suppliers.example", template: str = "remittance", **said: Any) -> UUID:
    """Queue one mail."""
    with stand.work() as work:
        made = mail.send(to, template, said.pop("context", ADVICE), **said)
        work.flush()
        return made.id


def mail_of(stand: Stand, mail_id: UUID) -> MailMessage:
    """The mail as it is now."""
    with stand.work() as work:
        found = work.get_one(MailMessage, (stand.organisation.id, mail_id))
        work.expunge(found)
    return found


def drain(stand: Stand) -> int:
    return outbox.drain(stand.organisation.id)


def test_it_is_queued_and_delivered_once(stand: Stand, server: Server) -> None:
    mail_id = send(stand)
    assert server.taken == []
    drain(stand)
    drain(stand)
    assert len(server.taken) == 1
    sent = mail_of(stand, mail_id)
    assert (sent.state, sent.attempts) == (State.SENT, 1)
    assert sent.sent_at is not None


def test_what_it_carries(stand: Stand, server: Server) -> None:
    send(stand, headers={"X-Effect-Id": "effect-1", "From": "somebody@else.example"}, thread="PAY-1")
    drain(stand)
    caught = server.taken[0]
    assert caught["X-Effect-Id"] == "effect-1"
    assert caught["Auto-Submitted"] == "auto-generated"
    assert caught["References"] == caught["In-Reply-To"]
    assert "else.example" not in caught["From"]
    assert caught["Subject"] == "Remittance advice PAY-1: €7,000.00"
    parts = {part.get_content_type(): part.get_content() for part in caught.walk() if not part.is_multipart()}
    assert set(parts) == {"text/plain", "text/html"}
    assert "Acorn & Söhne" in parts["text/plain"]
    assert "Acorn &amp; Söhne" in parts["text/html"]
    assert parts["text/html"].count('class="') < parts["text/html"].count('style="'), "styles are written onto the elements"
    assert set(re.findall(r' class="([^"]*)"', parts["text/html"])) <= {*DARK, "button"}, "what stays is for the dark alone"
    assert "Subject" not in parts["text/plain"]


def test_mails_of_one_record_stand_together(stand: Stand, server: Server) -> None:
    for thread in ("PAY-1", "PAY-1", "PAY-2"):
        send(stand, thread=thread)
    drain(stand)
    threads = [caught["References"] for caught in server.taken]
    assert threads[0] == threads[1] != threads[2]
    assert len({caught["Message-ID"] for caught in server.taken}) == 3


def test_a_key_is_mailed_once(stand: Stand, server: Server) -> None:
    assert send(stand, key="remittance:1") == send(stand, key="remittance:1")
    drain(stand)
    assert len(server.taken) == 1


@pytest.mark.requirement("OF-186")
def test_first_in_first_out(stand: Stand, server: Server) -> None:
    for number in range(1, 6):
        send(stand, context={"advice": {**ADVICE["advice"], "reference": f"PAY-{number}"}})
    drain(stand)
    assert [str(caught["Subject"])[:24] for caught in server.taken] == [f"Remittance advice PAY-{number}:"[:24] for number in range(1, 6)]


def test_the_server_is_away_and_comes_back(stand: Stand, server: Server) -> None:
    server.trouble = ConnectionRefusedError()
    mail_id = send(stand)
    drain(stand)
    waiting = mail_of(stand, mail_id)
    assert (waiting.state, waiting.attempts) == (State.WAITING, 1)
    assert "away" in waiting.last_error
    assert waiting.next_try_at is not None
    assert waiting.next_try_at > clock.now()
    server.trouble = None
    with clock.at(waiting.next_try_at + timedelta(seconds=1)):
        drain(stand)
    sent = mail_of(stand, mail_id)
    assert (sent.state, sent.attempts, sent.last_error) == (State.SENT, 2, "")
    assert str(server.taken[0]["Message-ID"]) == sent.message_id


def test_a_refused_address_fails_at_once_and_can_be_sent_again(stand: Stand, server: Server) -> None:
    server.trouble = smtplib.SMTPRecipientsRefused({"x": (550, b"no such user")})
    mail_id = send(stand)
    drain(stand)
    assert mail_of(stand, mail_id).state == State.FAILED
    assert "550 no such user" in mail_of(stand, mail_id).last_error
    server.trouble = None
    with stand.work() as work:
        assert mail.retry(work.get_one(MailMessage, (stand.organisation.id, mail_id)))
    drain(stand)
    assert mail_of(stand, mail_id).state == State.SENT


def test_a_server_that_asks_to_wait_is_asked_again(stand: Stand, server: Server) -> None:
    server.trouble = smtplib.SMTPResponseException(451, b"greylisted")
    mail_id = send(stand)
    drain(stand)
    assert mail_of(stand, mail_id).state == State.WAITING


def test_a_kill_after_the_handover_repeats_the_same_id_and_says_so(stand: Stand, server: Server) -> None:
    server.accepts_then_dies = True
    mail_id = send(stand)
    with pytest.raises(KeyboardInterrupt):
        drain(stand)
    server.accepts_then_dies = False
    with clock.at(clock.now() + timedelta(minutes=2)):
        drain(stand)
    sent = mail_of(stand, mail_id)
    assert (sent.state, sent.uncertain, sent.attempts) == (State.SENT, True, 2)
    assert len(server.taken) == 2
    assert len({caught["Message-ID"] for caught in server.taken}) == 1


def test_a_waiting_mail_can_be_cancelled(stand: Stand, server: Server) -> None:
    server.trouble = ConnectionRefusedError()
    mail_id = send(stand)
    drain(stand)
    with stand.work() as work:
        assert mail.cancel(work.get_one(MailMessage, (stand.organisation.id, mail_id)))
    server.trouble = None
    with clock.at(clock.now() + timedelta(hours=1)):
        drain(stand)
    assert server.taken == []
    assert mail_of(stand, mail_id).state == State.CANCELLED


def test_the_effect_that_is_being_delivered_gives_its_id(stand: Stand, server: Server) -> None:
    @outbox.handler("test.mails")
    def _mails(_payload: dict[str, Any], _row: outbox.OutboxRow) -> None:
        mail.send("acorn@suppliers.example", "remittance", ADVICE)

    with stand.work() as work:
        row = outbox.put("effect", "test.mails", {})
        work.flush()
        row_id = str(row.id)
    drain(stand)
    drain(stand)
    assert [str(caught["X-Effect-Id"]) for caught in server.taken] == [row_id]


@pytest.mark.requirement("OF-100")
def test_it_is_in_the_readers_language(stand: Stand, server: Server) -> None:
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, stand.actors["member"].id))
        member.language = "fr"
    send(stand, stand.actors["member"].id, "notification", context={"notice": {"title": "X", "text": "", "path": "/x"}})
    written = mail_of(stand, _only(stand))
    with force_locale("fr"):
        assert gettext("Hello %(name)s,", name="Member Prüfer") in written.text
    assert (written.language, 'lang="fr"' in written.html) == ("fr", True)


def _only(stand: Stand) -> UUID:
    with stand.work() as work:
        return work.scalars(select(MailMessage.id)).one()


@pytest.mark.parametrize("address", ["", "nobody", "a@b\r\nBcc: c@d.example", "a b@c.example", "<a@b.example>"])
def test_no_address_is_refused(stand: Stand, address: str) -> None:
    with pytest.raises(Invalid), stand.work():
        mail.send(address, "remittance", ADVICE)


def test_a_subject_cannot_begin_a_header(stand: Stand, server: Server) -> None:
    evil = {"title": "Hello\r\nBcc: everybody@example.org", "text": "", "path": "/x"}
    send(stand, stand.actors["member"].id, "notification", context={"notice": evil}, headers={"X-Tag": "a\r\nBcc: b@c.example"})
    drain(stand)
    assert server.taken[0]["Bcc"] is None


def test_optional_mail_can_be_ended_with_one_click(stand: Stand, server: Server, client: FlaskClient) -> None:
    member = stand.actors["member"].id
    send(stand, member, "notification", context={"notice": {"title": "X", "text": "", "path": "/x"}}, optional="notifications")
    drain(stand)
    caught = server.taken[0]
    assert caught["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = str(caught["List-Unsubscribe"]).strip("<>").partition("/mail/")[2]
    assert client.get(f"/mail/{path}").status_code == 200
    with stand.work() as work:
        assert "mail_notifications" not in work.get_one(Member, (stand.organisation.id, member)).preferences, "a GET changes nothing"
    assert client.post(f"/mail/{path}", data={"List-Unsubscribe": "One-Click"}).status_code == 200
    with stand.work() as work:
        assert work.get_one(Member, (stand.organisation.id, member)).preferences["mail_notifications"] == "off"
    assert client.post(f"/mail/{path[:-4]}beef").status_code == 404
    with stand.work():
        notifications.notify(member, "hse.action_assigned", "A ladder to mend", "/x")
        notifications.notify(member, "security.alert", "Somebody signed in", "/y")
    drain(stand)
    assert [str(each["Subject"]) for each in server.taken[1:]] == ["Somebody signed in"], "a mail about security is never switched off"


def test_links_are_for_their_reader_and_not_for_ever(stand: Stand) -> None:
    member, other, home = stand.actors["member"].id, stand.actors["owner"].id, stand.organisation.id
    with stand.work():
        path = f"/{stand.organisation.slug}/inbox/APR-1/"
        token = mail.address_for(path, member).rpartition("/")[2]
        assert tickets.opened(token, home, member) == path
        with pytest.raises(Forbidden):
            tickets.opened(token, home, other)
        with pytest.raises(NotFound):
            tickets.opened(token, other, member)
        with pytest.raises(NotFound):
            tickets.opened(token[:-3] + "abc", home, member)


def test_an_old_link_says_that_it_is_old(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    with stand.work():
        token = mail.address_for(f"/{stand.organisation.slug}/x/", stand.actors["member"].id).rpartition("/")[2]
    monkeypatch.setattr(tickets, "OPENS_FOR", -1)
    assert tickets.opened(token, stand.organisation.id, stand.actors["member"].id) is None
