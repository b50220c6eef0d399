"""What providers tell over HTTP: SendGrid's events, Mailgun's, Amazon's by SNS; and for a mail server of one's own, the report itself."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from app.core.mail import bounces
from app.core.mail.bounces import Report
from app.core.mail.models import Reason, Speech
from app.kernel import outgoing
from app.kernel.errors import Invalid

SECONDS = 10.0
_AMAZON = re.compile(r"sns\.[a-z0-9-]+\.amazonaws\.com(\.cn)?")


def reports(kind: Speech, body: bytes) -> list[Report]:
    """What a provider of this kind says in a call. Raises `Invalid` for what is none of its words."""
    if kind == Speech.SMTP:
        return bounces.read(body)
    try:
        return list(_READ[kind](json.loads(body)))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Invalid({"body": [type(error).__name__]}) from error


def confirm(kind: Speech, body: bytes) -> None:
    """Amazon asks once whether its calls are wanted, and waits for its own address to be opened."""
    if kind != Speech.SES:
        return
    said = json.loads(body)
    address = urlsplit(str(said.get("SubscribeURL", "")))
    if said.get("Type") == "SubscriptionConfirmation" and address.scheme == "https" and _AMAZON.fullmatch(address.hostname or ""):
        outgoing.send("GET", address.geturl(), headers={}, body=b"", seconds=SECONDS)


def _sendgrid(events: list[dict[str, Any]]) -> Iterator[Report]:
    for event in events:
        what, mail = event["event"], str(UUID(event["mail"])) if event.get("mail") else ""
        said = f"{event.get('status', '')} {event.get('reason', '')}".strip()
        if what == "bounce" and event.get("type") != "blocked":
            yield Report(event["email"], Reason.BOUNCE, said, mail_id=mail, nobody=bounces.is_nobody(said))
        elif what == "spamreport":
            yield Report(event["email"], Reason.COMPLAINT, "spam report", mail_id=mail)


def _mailgun(said: dict[str, Any]) -> Iterator[Report]:
    event = said["event-data"]
    mail = str(UUID(event["user-variables"]["mail"]))
    if event["event"] == "failed" and event.get("severity") == "permanent":
        status: Mapping[str, Any] = event.get("delivery-status", {})
        words = f"{status.get('enhanced-code', '')} {status.get('code', '')} {status.get('message') or status.get('description') or ''}"
        yield Report(event["recipient"], Reason.BOUNCE, " ".join(words.split()), mail_id=mail, nobody=bounces.is_nobody(words))
    elif event["event"] == "complained":
        yield Report(event["recipient"], Reason.COMPLAINT, "spam report", mail_id=mail)


def _ses(envelope: dict[str, Any]) -> Iterator[Report]:
    if envelope["Type"] != "Notification":
        return
    said = json.loads(envelope["Message"])
    mail, what = str(UUID(said["mail"]["tags"]["mail"][0])), said.get("eventType") or said["notificationType"]
    if what == "Bounce" and said["bounce"]["bounceType"] == "Permanent":
        for each in said["bounce"]["bouncedRecipients"]:
            words = f"{each.get('status', '')} {each.get('diagnosticCode', '')}".strip()
            yield Report(each["emailAddress"], Reason.BOUNCE, words, mail_id=mail, nobody=bounces.is_nobody(words))
    elif what == "Complaint":
        for each in said["complaint"]["complainedRecipients"]:
            yield Report(each["emailAddress"], Reason.COMPLAINT, "spam report", mail_id=mail)


_READ: Mapping[Speech, Callable[[Any], Iterator[Report]]] = {Speech.SENDGRID: _sendgrid, Speech.MAILGUN: _mailgun, Speech.SES: _ses}
