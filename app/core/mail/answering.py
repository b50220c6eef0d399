"""Reply addresses: what a mail is about can be answered by mail, at an address that only its reader was given.

The address is the mailbox of the installation with a token behind a plus: the organisation, and a secret that is made anew from the
mail's id at each attempt. Only its hash is kept. Mail servers may change its letters to small ones, so it knows no others.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit
from uuid import UUID

from flask import current_app

from app.core.mail.models import MailMessage
from app.kernel.current import current

LASTS = timedelta(days=60)
_TOKEN = re.compile(r"\+([a-z2-7]{50})@", re.IGNORECASE)
_SECRET = 15  # bytes
Taker = Callable[[UUID, str, str], object]
_takers: dict[type[Any], tuple[str, Taker]] = {}


@dataclass(frozen=True)
class Token:
    """What an address says: whose it is, and the secret, as its hash."""

    organisation_id: UUID
    reply_hash: str


@dataclass(frozen=True)
class Mailbox:
    """Where answers come in, as REPLIES_URL says: `secure` from the first byte, or by STARTTLS."""

    host: str
    port: int
    secure: bool
    user: str
    password: str
    address: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Mailbox({self.address})"


def takes(model: type[Any], kind: str, taker: Taker) -> None:
    """Mails about records of this model can be answered: `taker(record id, text, key)` acts for whoever wrote, once for each key.

    It raises a `Refusal` with a sentence for them.
    """
    _takers[model] = (kind, taker)


def taker_of(kind: str) -> Taker:
    """Who takes answers about this kind of record."""
    return next(taker for known, taker in _takers.values() if known == kind)


def mailbox() -> Mailbox | None:
    """The mailbox of this installation, if it has one."""
    url = current_app.extensions["settings"].replies_url
    if not url:
        return None
    parts = urlsplit(url)
    secure = parts.scheme == "imaps"
    return Mailbox(parts.hostname or "", parts.port or (993 if secure else 143), secure, unquote(parts.username or ""),
                   unquote(parts.password or ""), dict(parse_qsl(parts.query))["address"])


def kind_of(about: Any, member_id: UUID | None) -> str:
    """As what a mail to a member about this record can be answered; empty when it cannot."""
    known = _takers.get(type(about))
    return known[0] if known is not None and member_id is not None and mailbox() is not None else ""


def open_for_answers(mail: MailMessage, kind: str, record_id: UUID) -> None:
    """Give the mail a reply address."""
    mail.about_kind, mail.about_id, mail.reply_hash = kind, record_id, _hash(_secret(mail))


def reply_address(mail: MailMessage) -> str:
    """Where an answer to this mail goes; empty where it takes none."""
    box = mailbox()
    if box is None or not mail.reply_hash:
        return ""
    name, _at, domain = box.address.partition("@")
    token = base64.b32encode(current.organisation.id.bytes + _secret(mail)).decode().rstrip("=").lower()
    return f"{name}+{token}@{domain}"


def token_in(addresses: str) -> Token | None:
    """The first token in some addresses."""
    found = _TOKEN.search(addresses)
    if found is None:
        return None
    content = base64.b32decode(found.group(1).upper() + "======")
    return Token(UUID(bytes=content[:16]), _hash(content[16:]))


def _secret(mail: MailMessage) -> bytes:
    key = str(current_app.extensions["settings"].secret_key).encode()
    said = b"opsflux.mail.reply/" + current.organisation.id.bytes + mail.id.bytes
    return hmac.new(key, said, hashlib.sha256).digest()[:_SECRET]


def _hash(secret: bytes) -> str:
    return hashlib.sha256(secret).hexdigest()
