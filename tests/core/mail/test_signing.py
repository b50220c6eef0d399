"""Signed mail (DKIM), read by a reader of its own that is first held against the example of RFC 8463, appendix A."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from flask import Flask

from app.core import settings
from app.core.mail import signing
from app.core.mail.models import MailMessage, SigningDomain, State
from app.kernel import outbox
from app.kernel.errors import Invalid
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from app.running.ports import free_ports
from tests.core.mail.test_mail import send
from tests.core.stand import Stand

RFC_RECORD = ("v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/byYz"
              "CNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB")
RFC_MAIL = b"""DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;
 d=football.example.com; i=@football.example.com;
 q=dns/txt; s=test; t=1528637909; h=from : to : subject :
 date : message-id : from : subject : date;
 bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;
 b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3
 DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz
 dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=
From: Joe SixPack <joe@football.example.com>
To: Suzie Q <suzie@shopping.example.net>
Subject: Is dinner ready?
Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)
Message-ID: <20030712040037.46341.5F8J@football.example.com>

Hi.

We lost the game.  Are you hungry yet?

Joe.
""".replace(b"\n", b"\r\n")


def read(content: bytes, record: str) -> dict[str, str]:
    """The tags of the first signature. Raises `InvalidSignature` unless it holds for the mail, by the key in the record of the DNS."""
    head, body = content.split(b"\r\n\r\n", 1)
    fields: list[tuple[str, str]] = []
    for line in head.decode().split("\r\n"):
        if line[0] in " \t":
            fields[-1] = (fields[-1][0], f"{fields[-1][1]} {line}")
        else:
            name, value = line.split(":", 1)
            fields.append((name.strip().lower(), value))
    said = next(value for name, value in fields if name == "dkim-signature")
    tags = {name.strip(): "".join(value.split()) for name, value in (tag.split("=", 1) for tag in said.split(";") if tag.strip())}
    text = re.sub(r"[ \t]+", " ", body.decode())
    text = re.sub(r" (?=\r\n)", "", text).rstrip("\r\n")
    if tags["bh"] != base64.b64encode(hashlib.sha256(f"{text}\r\n".encode()).digest()).decode():
        raise InvalidSignature("body")
    left, judged = list(reversed(fields)), ""
    for wanted in tags["h"].lower().split(":"):
        found = next((each for each in left if each[0] == wanted), None)
        if found:
            left.remove(found)
            judged += f"{wanted}:{' '.join(found[1].split())}\r\n"
    judged += "dkim-signature:" + " ".join(re.sub(r"\bb=[^;]*$", "b=", said).split())
    key: Any = serialization.load_der_public_key(base64.b64decode(record.rpartition("p=")[2]))
    key.verify(base64.b64decode(tags["b"]), judged.encode(), padding.PKCS1v15(), hashes.SHA256())
    return tags


def test_the_reader_reads_as_the_standard_says() -> None:
    assert read(RFC_MAIL, RFC_RECORD)["d"] == "football.example.com"
    for old, new in ((b"hungry", b"thirsty"), (b"dinner", b"supper"), (b"Joe SixPack", b"Jane SixPack")):
        with pytest.raises(InvalidSignature):
            read(RFC_MAIL.replace(old, new), RFC_RECORD)


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation whose mail comes from its own domain."""
    found = Stand()
    outbox.drain(found.organisation.id)
    with found.work():
        settings.set("mail.sender", "office@stand.example")
    return found


def place_of(stand: Stand, **said: Any) -> str:
    """The record of the DNS of a domain that was set up, with its key made and used."""
    with stand.work() as work:
        place = SigningDomain(name="Stand.Example", **{"selector": "opsflux", "active": False, **said})
        signing.before_save(place)
        assign([place])
        refresh_keys(place)
        work.add(place)
        work.flush()
        signing.make_key(place)
        place.active = True
        signing.before_save(place)
        return str(place.record_value)


class Box:
    """Keeps mails as they came over the wire."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd’s name
        self.taken.append(envelope.original_content)
        return "250 OK"


@pytest.fixture
def box(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Box]:
    """This installation's mail server."""
    found = Box()
    running = Controller(found, hostname="127.0.0.1", port=free_ports(1))
    running.start()
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], smtp_url=f"smtp://127.0.0.1:{running.port}"))
    yield found
    running.stop()


def delivered(stand: Stand, box: Box) -> bytes:
    """A mail as it arrives."""
    send(stand)
    outbox.drain(stand.organisation.id)
    with stand.work() as work:
        assert [each.state for each in work.query(MailMessage)] == [State.SENT] * len(box.taken)
    return box.taken[-1]


def test_a_mail_carries_the_signature_of_its_domain(stand: Stand, box: Box) -> None:
    record = place_of(stand)
    content = delivered(stand, box)
    tags = read(content, record)
    assert (tags["d"], tags["s"], tags["a"], tags["c"]) == ("stand.example", "opsflux", "rsa-sha256", "relaxed/relaxed")
    assert {"from", "to", "subject", "date", "message-id"} <= set(tags["h"].split(":"))
    forged = content.replace(b"\r\nFrom:", b"\r\nFrom: Somebody <else@stand.example>\r\nFrom:", 1)
    for other in (forged, content.replace(b"Chairs", b"Tables"), re.sub(rb"\r\nTo: \S+", b"\r\nTo: other@suppliers.example", content)):
        assert other != content
        with pytest.raises(InvalidSignature):
            read(other, record)


def test_the_newest_key_in_use_signs_and_other_domains_are_left_alone(stand: Stand, box: Box) -> None:
    place_of(stand)
    later = place_of(stand, selector="s2")
    assert read(delivered(stand, box), later)["s"] == "s2"
    with stand.work():
        settings.set("mail.sender", "office@elsewhere.example")
    assert b"DKIM-Signature" not in delivered(stand, box)


def test_nothing_is_signed_without_a_key_and_what_cannot_be_is_said(stand: Stand, box: Box) -> None:
    for said, wrong in (({"name": "stand.example", "active": True}, "active"), ({"name": "stand", "active": False}, "name"),
                        ({"name": "stand.example", "selector": "a b", "active": False}, "selector")):
        with stand.work(), pytest.raises(Invalid) as refused:
            signing.before_save(SigningDomain(**{"selector": "opsflux", **said}))
        assert list(refused.value.errors) == [wrong]
    assert b"DKIM-Signature" not in delivered(stand, box)
