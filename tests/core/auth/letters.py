"""What arrives in mailboxes: the outbox is delivered to a server that only listens."""

from __future__ import annotations

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

import pytest

from app.core.mail import smtp
from app.kernel import outbox
from app.kernel.current import Organisation


class Mailbox:
    """Takes every mail that leaves an organisation."""

    def __init__(self, place: Organisation) -> None:
        self.place = place
        self.taken: list[EmailMessage] = []

    def sendmail(self, _sender: str, _to: list[str], content: bytes) -> None:
        """What the SMTP connection does."""
        self.taken.append(message_from_bytes(content, policy=policy.default))  # type: ignore[arg-type]

    def close(self) -> None:
        """Nothing to close."""

    def arrived(self, *, to: str = "") -> list[EmailMessage]:
        """The mails to an address that arrived since the last time."""
        outbox.drain(self.place.id)
        found, self.taken = [mail for mail in self.taken if to in mail["To"]], []
        return found


def mailbox(monkeypatch: pytest.MonkeyPatch, place: Organisation) -> Mailbox:
    """The mail server, for the length of a test."""
    found = Mailbox(place)
    monkeypatch.setattr(smtp, "_connection", lambda _out: found)
    outbox.drain(place.id)
    found.taken.clear()
    return found


def words(mail: EmailMessage, kind: str = "plain") -> str:
    """The text of a mail, or its HTML."""
    part: Any = mail.get_body((kind,))
    return str(part.get_content())


def link(mail: EmailMessage, path: str) -> str:
    """The address below `path` that the mail leads to, without scheme and host."""
    found = re.search(rf"https?://[^/\s]+({re.escape(path)}[\w-]+)", words(mail))
    assert found, f"no link to {path} in: {words(mail)}"
    return found.group(1)
