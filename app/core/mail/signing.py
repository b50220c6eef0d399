"""Signing mail that leaves over SMTP, so that whoever gets it can tell that it came from the domain that it names (DKIM).

RFC 6376 with `rsa-sha256` (RFC 8301) and `relaxed/relaxed`. Providers with an interface of their own sign by themselves.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from flask_babel import gettext as _
from sqlalchemy import select

from app.core.mail.models import SigningDomain
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.sealing import seal, unseal

PURPOSE, BITS = "mail/signing", 2048
DOMAIN = re.compile(r"(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}")
SELECTOR = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
SIGNED = (b"from", b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type", b"reply-to", b"in-reply-to", b"references",
          b"list-unsubscribe", b"list-unsubscribe-post", b"list-id")


def before_save(place: SigningDomain) -> None:
    """Keep the names in small letters, and refuse to sign without a key. Raises `Invalid`."""
    errors: dict[str, list[str]] = {}
    place.name = place.name.strip().casefold().rstrip(".")
    place.selector = place.selector.strip().casefold()
    if not DOMAIN.fullmatch(place.name):
        errors["name"] = [_("Write a domain like example.org.")]
    if not SELECTOR.fullmatch(place.selector):
        errors["selector"] = [_("Small letters, digits and hyphens only, like opsflux.")]
    if place.active and place.sealed is None:
        errors["active"] = [_("Make a key first, and put its record into the DNS of the domain.")]
    if errors:
        raise Invalid(errors)
    place.record_name = f"{place.selector}._domainkey.{place.name}"


def make_key(place: SigningDomain) -> SigningDomain:
    """Make a key pair; the private half is kept encrypted and never shown. Signing rests until the new record is in the DNS."""
    key = rsa.generate_private_key(65537, BITS)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    place.sealed = seal(PURPOSE, place.id, private.decode())
    place.record_value = f"v=DKIM1; k=rsa; p={base64.b64encode(public).decode()}"
    place.active = False
    return place


def signature_for(sender: str, content: bytes) -> bytes:
    """The line that signs a mail, to stand before it; empty where its domain has no key in use."""
    domain = sender.rpartition("@")[2].casefold()
    wanted = select(SigningDomain).where(SigningDomain.name == domain, SigningDomain.active, SigningDomain.archived_at.is_(None))
    place = session().scalars(wanted.order_by(SigningDomain.created_at.desc(), SigningDomain.id).limit(1)).first()
    if place is None or place.sealed is None:
        return b""
    key: Any = serialization.load_pem_private_key(unseal(PURPOSE, place.id, place.sealed).encode(), None)
    return signed(content, place.name, place.selector, key, SIGNED, f"t={int(clock.now().timestamp())}")


def signed(content: bytes, domain: str, selector: str, key: rsa.RSAPrivateKey, names: Sequence[bytes], *further: str) -> bytes:
    """The field `DKIM-Signature` of a mail in wire form, with its line end. Of the fields in `names` those that are there are signed.

    `From` is named once more than it stands there, so that none can be added (RFC 6376, section 8.15).
    """
    head, _gap, body = content.partition(b"\r\n\r\n")
    present = {name: (name, value) for name, value in (_field(raw) for raw in re.split(rb"\r\n(?![ \t])", head))}
    held = [name for name in names if name in present]
    listed = b":".join([*held, b"from"]).decode()
    said = "; ".join(["v=1", "a=rsa-sha256", "c=relaxed/relaxed", f"d={domain}", f"s={selector}", *further,
                      f"h={listed}", f"bh={_told(hashlib.sha256(_relaxed(body)).digest())}", "b="])
    own = _folded(f"DKIM-Signature: {said}")
    judged = b"".join(b":".join(present[name]) + b"\r\n" for name in held) + b":".join(_field(own.encode()))
    seal_ = _told(key.sign(judged, padding.PKCS1v15(), hashes.SHA256()))
    return (own + "".join(f"\r\n {seal_[at:at + 72]}" for at in range(0, len(seal_), 72)) + "\r\n").encode()


def _field(raw: bytes) -> tuple[bytes, bytes]:
    """A field of the head, relaxed: its name in small letters, its value unfolded with single spaces (section 3.4.2)."""
    name, _colon, value = raw.partition(b":")
    return name.strip().lower(), re.sub(rb"[ \t\r\n]+", b" ", value).strip()


def _relaxed(body: bytes) -> bytes:
    """The body, relaxed: single spaces, none at the ends of lines, no empty lines at its end (section 3.4.4)."""
    lines = [re.sub(rb"[ \t]+", b" ", line).rstrip(b" ") for line in body.split(b"\r\n")]
    while lines and not lines[-1]:
        lines.pop()
    return b"".join(line + b"\r\n" for line in lines)


def _folded(said: str) -> str:
    """A long field on several lines, broken where a space is."""
    return said.replace("; ", ";\r\n ")


def _told(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
