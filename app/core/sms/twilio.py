"""The provider of SMS, where the installation has one: SMS_URL = https://ACCOUNT:TOKEN@api.twilio.com/?from=%2B441632960000."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from flask import current_app

from app.kernel import outgoing

NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
AGAIN = (408, 425, 429)
ARRIVED, LOST = ("delivered", "read"), ("failed", "undelivered", "canceled")


class NotTaken(Exception):
    """The provider does not take the message; the words are for the log."""


class Away(NotTaken):
    """The provider cannot be asked at this moment: later it may be."""


@dataclass(frozen=True)
class Told:
    """What the provider says of a message: whether it arrived, was lost (and why), or is still on its way (neither)."""

    number: str
    arrived: bool
    lost: bool
    reason: str = ""


def is_on() -> bool:
    """Whether this installation sends SMS."""
    return bool(current_app.extensions["settings"].sms_url)


def number_in(typed: str) -> str:
    """The number as providers read it; empty for none with its country's code."""
    number = re.sub(r"[\s().-]", "", typed)
    return number if NUMBER.fullmatch(number) else ""


def send(number: str, words: str, *, told_at: str = "") -> str:
    """Hand a message to the provider, in the way of Twilio's REST interface; gives its number there. `told_at` is the address that hears
    what becomes of it. Raises `Away` or `NotTaken`.
    """
    root, account, token, sender = _account()
    said = {"To": number, "From": sender, "Body": words, **({"StatusCallback": told_at} if told_at else {})}
    headers = {"Content-Type": "application/x-www-form-urlencoded",
               "Authorization": "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode()}
    try:
        answer = outgoing.send("POST", f"{root}/2010-04-01/Accounts/{account}/Messages.json", headers=headers, body=urlencode(said))
    except outgoing.OutgoingError as error:
        raise Away(str(error)) from error
    if answer.status in (200, 201):
        return _number_of(answer.body)
    if answer.status in AGAIN or answer.status >= 500:
        raise Away(f"It answered {answer.status}.")
    raise NotTaken(f"It answered {answer.status}: {' '.join(answer.body.decode(errors='replace').split())[:300]}")


def is_genuine(address: str, said: Mapping[str, str], signature: str) -> bool:
    """Whether a call comes from the provider: `X-Twilio-Signature` is the HMAC-SHA1 of the address and of what is said, by name."""
    whole = address + "".join(f"{name}{said[name]}" for name in sorted(said))
    wanted = base64.b64encode(hmac.new(_account()[2].encode(), whole.encode(), hashlib.sha1).digest())  # the provider's own choice of hash
    return is_on() and hmac.compare_digest(wanted, signature.encode())


def read(said: Mapping[str, str]) -> Told:
    """What a call about a message says."""
    state, code = said.get("MessageStatus", ""), said.get("ErrorCode", "")
    return Told(said.get("MessageSid", ""), state in ARRIVED, state in LOST, f"{state} {code}".strip())


def _number_of(body: bytes) -> str:
    """The provider's number of a message that it took; empty where it says none."""
    try:
        return str(json.loads(body).get("sid") or "")
    except (ValueError, AttributeError):
        return ""


def _account() -> tuple[str, str, str, str]:
    """Root of the interface, account, token, and the number from which messages come."""
    parts = urlsplit(current_app.extensions["settings"].sms_url or "")
    host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    sender = parse_qs(parts.query).get("from", [""])[0]
    return f"{parts.scheme}://{host}", unquote(parts.username or ""), unquote(parts.password or ""), sender
