"""What comes back: reports of mail servers (RFC 3464), of complaints (RFC 5965), and what providers tell over HTTP.

Whoever can write to a mailbox can write such a report: it is believed only where it names a mail that we sent, and to whom.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage, Message
from typing import Any
from uuid import UUID

from sqlalchemy import select

from app.core import audit
from app.core.mail import blocking
from app.core.mail.handing import NOBODY
from app.core.mail.models import MailMessage, Reason, State
from app.kernel.db import session

_ID = re.compile(r"<[^<>\s]{1,200}>")


@dataclass(frozen=True)
class Report:
    """One thing that came back: which mail (our id, or its Message-ID), to whom, what, and the words for it."""

    address: str
    reason: Reason
    said: str
    message_id: str = ""
    mail_id: str = ""
    nobody: bool = False


def read(content: bytes) -> list[Report]:
    """The reports in a mail that came back; empty for any other mail, and for news of delays."""
    message: Any = message_from_bytes(content, policy=policy.default)
    kind = message.get_param("report-type") if message.get_content_type() == "multipart/report" else None
    if kind == "delivery-status":
        return list(_failures(message))
    return list(_complaints(message)) if kind == "feedback-report" else []


def take(reports: list[Report]) -> int:
    """Note each at its mail, and block addresses of nobody and of who complained; gives how many were about mail of ours."""
    taken = 0
    for report in reports:
        mail = _mail_of(report)
        if mail is None or mail.sent_to.casefold() != report.address.casefold():
            continue
        taken += 1
        said = report.said[:500]
        if report.reason == Reason.BOUNCE:
            mail.state, mail.last_error, mail.next_try_at = State.BOUNCED, said, None
        if report.reason != Reason.BOUNCE or report.nobody:
            blocking.block(report.address, report.reason, said)
        context = {"reason": report.reason.value, "said": said}
        audit.note("mail.message.returned", resource="mail.message", record_id=mail.id, context=context)
    session().flush()
    return taken


def returned(message: EmailMessage) -> Message | None:
    """The mail of which a report tells, or its head, where it came along."""
    for part in message.walk():
        payload: Any = part.get_payload()
        if part.get_content_type() == "message/rfc822" and isinstance(payload, list):
            return payload[0] if payload else None
        if part.get_content_type() == "text/rfc822-headers":
            return message_from_bytes(part.get_payload(decode=True) or b"", policy=policy.default)  # type: ignore[arg-type]
    return None


def is_nobody(said: str) -> bool:
    """Whether a mail server says that the address leads to no one (RFC 3463: 5.1.x)."""
    return NOBODY.search(said) is not None


def _mail_of(report: Report) -> MailMessage | None:
    if not report.mail_id and not report.message_id:
        return None
    named = MailMessage.id == UUID(report.mail_id) if report.mail_id else MailMessage.message_id == report.message_id
    return session().scalars(select(MailMessage).where(named).limit(1)).first()


def _failures(message: EmailMessage) -> Iterator[Report]:
    message_id = _original(message)
    for part in message.walk():
        if part.get_content_type() != "message/delivery-status":
            continue
        for group in _groups(part):
            if str(group.get("Action", "")).strip().lower() == "failed":
                said = " ".join(f"{group.get('Status', '')} {group.get('Diagnostic-Code', '')}".split())
                address = str(group.get("Original-Recipient") or group.get("Final-Recipient") or "").rpartition(";")[2].strip()
                yield Report(address, Reason.BOUNCE, said, message_id, nobody=is_nobody(said))


def _complaints(message: EmailMessage) -> Iterator[Report]:
    message_id, address = _original(message), ""
    for part in message.walk():
        if part.get_content_type() == "message/feedback-report":
            for group in _groups(part):
                address = address or str(group.get("Original-Rcpt-To", "")).strip("<> ")
    yield Report(address or _first_to(message), Reason.COMPLAINT, "abuse report", message_id)


def _groups(part: Message) -> list[Message]:
    """The groups of fields in a report: parsed already, or still text."""
    payload: Any = part.get_payload()
    if isinstance(payload, list):
        return payload
    return [message_from_bytes(group.encode(), policy=policy.default) for group in re.split(r"\r?\n\r?\n", str(payload)) if group.strip()]


def _original(message: EmailMessage) -> str:
    """The Message-ID of the mail that came back, from the copy that came with it."""
    original = returned(message)
    found = _ID.search(str(original.get("Message-ID", ""))) if original is not None else None
    return found.group() if found else ""


def _first_to(message: EmailMessage) -> str:
    original = returned(message)
    return str(original.get("To", "")).strip("<> ") if original is not None else ""
