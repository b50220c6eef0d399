"""What comes back: reports of mail servers and what providers tell; believed only about mail of ours, to whom it went."""

from __future__ import annotations

import json
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from app.core.mail import blocking, bounces, told
from app.core.mail.models import Block, Provider, Reason, Speech, State
from app.kernel.errors import Invalid
from tests.core.mail.test_mail import Server, drain, mail_of, send
from tests.core.mail.test_mail import server as server  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_mail import stand as stand  # noqa: PLC0414 -- a fixture
from tests.core.mail.test_ways import provide
from tests.core.stand import Stand

TO = "acorn@suppliers.example"
NOBODY = "550 5.1.1 <acorn@suppliers.example>: Recipient address rejected: User unknown"


def dsn(message_id: str, *, to: str = TO, action: str = "failed", status: str = "5.1.1", said: str = NOBODY) -> bytes:
    """A report as Postfix writes it (RFC 3464)."""
    return f"""From: MAILER-DAEMON@suppliers.example (Mail Delivery System)
Subject: Undelivered Mail Returned to Sender
To: no-reply@stand.example
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status;
 boundary="B"

--B
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B
Content-Type: message/delivery-status

Reporting-MTA: dns; suppliers.example
Arrival-Date: Sat, 21 Nov 2026 10:00:00 +0000 (UTC)

Final-Recipient: rfc822; {to}
Original-Recipient: rfc822;{to}
Action: {action}
Status: {status}
Remote-MTA: dns; mx.suppliers.example
Diagnostic-Code: smtp; {said}

--B
Content-Type: message/rfc822

From: Stand <no-reply@stand.example>
To: {to}
Subject: Remittance advice
Message-ID: {message_id}

Dear Acorn
--B--
""".replace("\n", "\r\n").encode()


def complaint(message_id: str) -> bytes:
    """A complaint as a mailbox provider writes it (RFC 5965)."""
    return f"""From: <abusedesk@mailbox.example>
To: <no-reply@stand.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B"

--B
Content-Type: text/plain

This is an abuse report.
--B
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <{TO}>

--B
Content-Type: text/rfc822-headers

From: Stand <no-reply@stand.example>
To: <{TO}>
Message-ID: {message_id}
--B--
""".replace("\n", "\r\n").encode()


def sent(stand: Stand) -> tuple[UUID, str]:
    """A mail that left: its id and its Message-ID."""
    mail_id = send(stand)
    drain(stand)
    assert mail_of(stand, mail_id).state == State.SENT
    return mail_id, mail_of(stand, mail_id).message_id


def blocks(stand: Stand) -> dict[str, Reason]:
    """The addresses that get no mail."""
    with stand.work() as work:
        return {each.address: each.reason for each in work.scalars(select(Block))}


def take(stand: Stand, content: bytes) -> int:
    with stand.work():
        return bounces.take(bounces.read(content))


@pytest.mark.requirement("OF-191")
def test_a_bounce_marks_the_address_and_the_log(stand: Stand, server: Server) -> None:
    mail_id, message_id = sent(stand)
    assert take(stand, dsn(message_id)) == 1
    bounced = mail_of(stand, mail_id)
    assert bounced.state == State.BOUNCED
    assert "User unknown" in bounced.last_error
    assert blocks(stand) == {TO: Reason.BOUNCE}
    with stand.work() as work:
        assert work.scalars(select(Block)).one().said.startswith("5.1.1")  # type: ignore[union-attr]
    later = send(stand)
    drain(stand)
    assert mail_of(stand, later).state == State.BLOCKED, "nothing more goes there"
    assert stand.entries(action="mail.message.returned")[0].record_id == mail_id


def test_a_full_mailbox_is_a_bounce_and_no_reason_to_write_there_no_more(stand: Stand, server: Server) -> None:
    mail_id, message_id = sent(stand)
    assert take(stand, dsn(message_id, status="5.2.2", said="552 5.2.2 mailbox full")) == 1
    assert mail_of(stand, mail_id).state == State.BOUNCED
    assert blocks(stand) == {}


@pytest.mark.parametrize("said", [{"action": "delayed", "status": "4.4.1"}, {"to": "somebody@else.example"}])
def test_what_is_no_failure_or_not_about_whom_we_wrote_to_changes_nothing(stand: Stand, server: Server, said: dict[str, str]) -> None:
    mail_id, message_id = sent(stand)
    assert take(stand, dsn(message_id, **said)) == 0
    assert (mail_of(stand, mail_id).state, blocks(stand)) == (State.SENT, {})


def test_a_report_about_no_mail_of_ours_changes_nothing(stand: Stand, server: Server) -> None:
    other = Stand("other")
    _mail_id, message_id = sent(stand)
    assert take(stand, dsn("<invented@elsewhere.example>")) == 0
    assert take(other, dsn(message_id)) == 0, "another organisation's mail is none of ours"
    plain = EmailMessage()
    plain["Message-ID"] = message_id
    plain.set_content("550 5.1.1 nobody here")
    assert take(stand, plain.as_bytes()) == 0
    assert blocks(stand) == {}


def test_a_complaint_ends_what_may_be_ended(stand: Stand, server: Server) -> None:
    mail_id, message_id = sent(stand)
    assert take(stand, complaint(message_id)) == 1
    assert mail_of(stand, mail_id).state == State.SENT
    assert blocks(stand) == {TO: Reason.COMPLAINT}


def body(kind: Speech, mail_id: UUID, what: str = "bounce") -> bytes:
    """What a provider sends when the mail bounced, or somebody complained."""
    bounced = what == "bounce"
    said: Any
    if kind == Speech.SENDGRID:
        said = [{"event": "delivered", "email": TO, "mail": str(mail_id)},
                {"event": "bounce" if bounced else "spamreport", "type": "bounce", "email": TO, "status": "5.1.1", "reason": NOBODY,
                 "mail": str(mail_id)}]
    elif kind == Speech.MAILGUN:
        said = {"signature": {}, "event-data": {
            "event": "failed" if bounced else "complained", "severity": "permanent", "recipient": TO,
            "user-variables": {"mail": str(mail_id)}, "delivery-status": {"code": 550, "enhanced-code": "5.1.1", "message": NOBODY}}}
    else:
        failed = {"emailAddress": TO, "status": "5.1.1", "diagnosticCode": NOBODY}
        inner = {"notificationType": "Bounce" if bounced else "Complaint", "mail": {"tags": {"mail": [str(mail_id)]}},
                 "bounce": {"bounceType": "Permanent", "bouncedRecipients": [failed]},
                 "complaint": {"complainedRecipients": [{"emailAddress": TO}]}}
        said = {"Type": "Notification", "Message": json.dumps(inner)}
    return json.dumps(said).encode()


def address_of(stand: Stand, provider_id: str) -> str:
    with stand.work() as work:
        return work.get_one(Provider, (stand.organisation.id, UUID(provider_id))).told_at.partition("/mail/")[2]


@pytest.mark.parametrize("kind", [Speech.SENDGRID, Speech.MAILGUN, Speech.SES, Speech.SMTP])
@pytest.mark.parametrize("what", ["bounce", "complaint"])
def test_a_provider_tells(stand: Stand, server: Server, client: FlaskClient, kind: Speech, what: str) -> None:
    mail_id, message_id = sent(stand)
    said = {"account": "a.example", "region": "eu-west-3"} if kind in (Speech.SES, Speech.MAILGUN) else {}
    path = address_of(stand, provide(stand, kind, "smtp://mail.example:587" if kind == Speech.SMTP else "https://api.example", **said))
    report = {"bounce": dsn, "complaint": complaint}[what](message_id)
    content = report if kind == Speech.SMTP else body(kind, mail_id, what)
    assert client.post(f"/mail/{path}", data=content).status_code == 204
    assert mail_of(stand, mail_id).state == (State.BOUNCED if what == "bounce" else State.SENT)
    assert blocks(stand) == {TO: Reason.BOUNCE if what == "bounce" else Reason.COMPLAINT}
    assert client.post(f"/mail/{path[:-4]}beef", data=content).status_code == 404


def test_a_new_secret_ends_the_address(stand: Stand, server: Server, client: FlaskClient) -> None:
    from app.core.mail import providers

    provider_id = provide(stand, Speech.SENDGRID, "https://api.example")
    path = address_of(stand, provider_id)
    assert client.post(f"/mail/{path}", data=b"[]").status_code == 204
    assert client.post(f"/mail/{path}", data=b"{nonsense").status_code == 422
    assert client.post(f"/mail/{path}", data=b"x" * 1_100_000).status_code == 413
    with stand.work() as work:
        providers.set_secret(work.get_one(Provider, (stand.organisation.id, UUID(provider_id))), secret="another")
    assert client.post(f"/mail/{path}", data=b"[]").status_code == 404


@pytest.mark.parametrize("content", [b'{"a": 1}', b"[1]", b'[{"event": "bounce", "mail": "x", "email": 1}]', b"\xff"])
def test_nonsense_is_refused(content: bytes) -> None:
    with pytest.raises(Invalid):
        told.reports(Speech.SENDGRID, content)


def test_amazon_alone_is_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr("app.kernel.outgoing.send", lambda _method, url, **_said: asked.append(url))
    for url in ("https://sns.eu-west-3.amazonaws.com/?x=1", "https://sns.eu-west-3.amazonaws.com.evil.example/", "http://sns.eu-west-3.amazonaws.com/"):
        told.confirm(Speech.SES, json.dumps({"Type": "SubscriptionConfirmation", "SubscribeURL": url}).encode())
    assert asked == ["https://sns.eu-west-3.amazonaws.com/?x=1"]


def test_an_address_is_blocked_however_it_is_written(stand: Stand, server: Server) -> None:
    _mail_id, message_id = sent(stand)
    take(stand, dsn(message_id))
    with stand.work():
        assert blocking.blocked(TO.upper()) is not None
