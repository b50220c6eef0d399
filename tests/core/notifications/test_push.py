"""Web Push: a stand-in for a browser and its push service takes the encrypted message, checks who sends it, and reads it."""

from __future__ import annotations

import base64
import json
import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import Flask
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import select

from app.core import notifications
from app.core.notifications import Notification
from app.core.notifications.outside import Delivery, Device, Stage, devices, push
from app.core.people import Member
from app.core.privacy.erasing import anonymise
from app.kernel import clock, outbox
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid
from tests.core.audit.house import BROWSER, signed_in, token_of
from tests.core.notifications.listener import Listener, listening, settings
from tests.core.stand import Stand

CURVE = ec.SECP256R1()
NIGHT = datetime(2026, 3, 10, 23, 0, tzinfo=UTC)


@dataclass
class Browser:
    """A browser that subscribed at its push service: it alone can read what comes."""

    address: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(CURVE))
    secret: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def form(self) -> dict[str, str]:
        """What it gives to the page."""
        return {"address": self.address, "key": url(point(self.key)), "secret": url(self.secret)}

    def read(self, body: bytes) -> dict[str, Any]:
        """The message, as RFC 8291 and RFC 8188 say a browser reads it."""
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, sealed = body[21:21 + length], body[21 + length:]
        assert len(sealed) <= size
        shared = self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, sender))
        material = derive(shared, self.secret, b"WebPush: info\x00" + point(self.key) + sender, 32)
        key = derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
        plain = AESGCM(key).decrypt(derive(material, salt, b"Content-Encoding: nonce\x00", 12), sealed, None)
        assert plain.endswith(b"\x02"), "the last record"
        return dict(json.loads(plain[:-1]))


def point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def derive(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=salt, info=info).derive(secret)


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


@pytest.fixture
def service(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Listener]:
    """A push service on this machine."""
    found = Listener()
    server = listening(found)
    monkeypatch.setitem(app.extensions, "settings", settings(app))
    yield found
    server.shutdown()
    server.server_close()


@pytest.fixture
def browser(stand: Stand, service: Listener) -> Browser:
    """The member's browser, in which they agreed to be told."""
    made = Browser(f"http://127.0.0.1:{service.port}/push/abc")
    with stand.work("member"):
        devices.take_in(stand.actors["member"].id, "Firefox, Android", **made.form)
    return made


def tell(stand: Stand, title: str = "Waits for you", **said: Any) -> None:
    with stand.work():
        notifications.notify(stand.actors["member"].id, "approval", title, f"/{stand.organisation.slug}/inbox/", **said)
    outbox.drain(stand.organisation.id)


def states(stand: Stand) -> list[Stage]:
    with stand.work() as work:
        return list(work.scalars(select(Delivery.state).order_by(Delivery.id)))


def prefer(stand: Stand, **said: object) -> UUID:
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, stand.actors["member"].id))
        member.timezone, member.preferences = "UTC", {**member.preferences, **said}
        return member.id


@pytest.mark.requirement("OF-080", "LG-334")
def test_the_push_service_gets_a_message_that_the_browser_alone_can_read(stand: Stand, service: Listener, browser: Browser) -> None:
    tell(stand, "Ladder 7 waits for you", text="By Friday")
    ((path, headers, body),) = service.asked
    assert (path, headers["content-encoding"], headers["urgency"]) == ("/push/abc", "aes128gcm", "normal")
    assert b"Ladder" not in body
    said = browser.read(body)
    assert (said["title"], said["text"]) == ("Ladder 7 waits for you", "By Friday")
    assert said["url"].endswith(f"/{stand.organisation.slug}/inbox/"), "a click opens what it is about"
    assert states(stand) == [Stage.SENT]
    with pytest.raises(InvalidTag):
        Browser("elsewhere").read(body)


def test_the_push_service_can_check_who_sends_it(stand: Stand, service: Listener, browser: Browser) -> None:
    tell(stand)
    proof = service.asked[0][1]["authorization"]
    token, known = proof.removeprefix("vapid ").split(", ")
    raw = known.removeprefix("k=")
    assert raw == push.sender_key()
    public = ec.EllipticCurvePublicKey.from_encoded_point(CURVE, base64.urlsafe_b64decode(raw + "="))
    pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    claims = jwt.decode(token.removeprefix("t="), ECKey.import_key(pem), algorithms=["ES256"]).claims
    assert claims["aud"] == f"http://127.0.0.1:{service.port}"
    assert 0 < claims["exp"] - clock.now().timestamp() < 24 * 3600
    assert claims["sub"].startswith("http")


def test_a_long_text_is_shortened_and_several_about_one_record_share_a_place(stand: Stand, service: Listener, browser: Browser) -> None:
    with stand.work():
        site = stand.site("Rotterdam")
        site_id = site.id
        for title in ("Long", "Again"):
            notifications.notify(stand.actors["member"].id, "approval", title, text="é" * 5000, record=site)
    outbox.drain(stand.organisation.id)
    first, second = (browser.read(body) for _path, _headers, body in service.asked)
    assert len(service.asked[0][2]) <= 4096, "the most that push services take"
    assert first["tag"] == second["tag"] == str(site_id)
    assert service.asked[0][1]["topic"] == site_id.hex


def test_quiet_hours_hold_and_what_is_critical_passes(stand: Stand, service: Listener, browser: Browser) -> None:
    prefer(stand, quiet_from="22:00", quiet_to="08:00")
    with clock.at(NIGHT):
        tell(stand, "Later")
        tell(stand, "Fire", critical=True)
        assert [browser.read(body)["title"] for _path, _headers, body in service.asked] == ["Fire"]
        assert service.asked[0][1]["urgency"] == "high"
    with clock.at(datetime(2026, 3, 11, 8, 0, 1, tzinfo=UTC)):
        outbox.drain(stand.organisation.id)
    assert len(service.asked) == 2


def test_what_was_read_meanwhile_is_not_sent(stand: Stand, service: Listener, browser: Browser) -> None:
    who = prefer(stand, quiet_from="22:00", quiet_to="08:00")
    with clock.at(NIGHT):
        tell(stand)
        with stand.work("member") as work:
            notifications.read_all(who, list(work.scalars(select(Notification.id))))
    with clock.at(datetime(2026, 3, 11, 8, 0, 1, tzinfo=UTC)):
        outbox.drain(stand.organisation.id)
    assert service.asked == []
    assert states(stand) == [Stage.DROPPED]


def test_devices_can_be_left_out_by_kind(stand: Stand, service: Listener, browser: Browser) -> None:
    prefer(stand, notices_off=["business:push"])
    tell(stand)
    assert service.asked == []


def test_a_browser_that_took_its_consent_back_is_forgotten(stand: Stand, service: Listener, browser: Browser) -> None:
    service.answers = [410]
    tell(stand)
    assert states(stand) == [Stage.FAILED]
    with stand.work() as work:
        assert work.scalars(select(Device.id)).all() == []


def test_a_page_takes_a_device_in_and_forgets_it(stand: Stand, service: Listener, app: Flask) -> None:
    root = f"/{stand.organisation.slug}/notifications/"
    made = Browser(f"http://127.0.0.1:{service.port}/push/abc")
    member = signed_in(app, stand, "member")
    token = {"csrf_token": token_of(member, f"{root}preferences")}
    for _time in range(2):  # the same browser again is the same device
        assert member.post(f"{root}devices", data={**token, **made.form}, headers={"User-Agent": BROWSER}).status_code == 303
    page = member.get(f"{root}preferences").text
    assert page.count("Firefox, Windows") == 1
    assert f'data-sender="{push.sender_key()}"' in page
    with stand.work() as work:
        device = work.scalars(select(Device)).one()
        assert made.secret not in device.sealed
        device_id = device.id
    other = signed_in(app, stand, "auditor")
    theirs = {"csrf_token": token_of(other, f"{root}preferences")}
    assert other.post(f"{root}devices/{device_id}/forget", data=theirs).status_code == 404
    assert member.post(f"{root}devices/{device_id}/forget", data=token).status_code == 303
    assert "Firefox, Windows" not in member.get(f"{root}preferences").text


def test_nothing_is_kept_of_whoever_is_erased(stand: Stand, service: Listener, browser: Browser) -> None:
    tell(stand)
    with stand.work() as work:
        anonymise(work.get_one(Member, (stand.organisation.id, stand.actors["member"].id)))
    with stand.work() as work:
        assert (work.scalars(select(Device.id)).all(), work.scalars(select(Delivery.id)).all()) == ([], [])


@pytest.mark.parametrize("wrong", [{"address": "javascript:alert(1)"}, {"key": "AAAA"}, {"secret": "x"}, {"key": "%%%"}])
def test_what_is_no_subscription_is_refused(stand: Stand, wrong: dict[str, str]) -> None:
    with stand.work("member"), pytest.raises(Invalid):
        devices.take_in(stand.actors["member"].id, "x", **{**Browser("https://push.example/1").form, **wrong})


def test_a_member_has_ten_devices_at_most(stand: Stand) -> None:
    with stand.work("member"):
        for number in range(10):
            devices.take_in(stand.actors["member"].id, "x", **Browser(f"https://push.example/{number}").form)
        with pytest.raises(Conflict):
            devices.take_in(stand.actors["member"].id, "x", **Browser("https://push.example/11").form)
        session().rollback()


def test_the_worker_is_a_script_for_everybody(app: Flask) -> None:
    answer = app.test_client().get("/worker.js")
    assert (answer.status_code, answer.mimetype) == (200, "text/javascript")
    assert b"showNotification" in answer.data


def test_a_phone_can_keep_it_among_its_programs(app: Flask) -> None:
    client = app.test_client()
    answer = client.get("/app.webmanifest")
    assert (answer.status_code, answer.mimetype) == (200, "application/manifest+json")
    said = answer.get_json()
    assert (said["display"], said["start_url"], said["scope"]) == ("standalone", "/", "/"), "without these iOS gives no Web Push"
    sizes = {}
    for icon in said["icons"]:
        picture = client.get(icon["src"])
        assert (picture.status_code, picture.mimetype, picture.data[:8]) == (200, "image/png", b"\x89PNG\r\n\x1a\n")
        assert icon["sizes"] == "{}x{}".format(*struct.unpack(">II", picture.data[16:24]))
        sizes[icon["sizes"], icon["purpose"]] = icon["src"]
    assert set(sizes) == {("192x192", "any"), ("512x512", "any"), ("512x512", "maskable")}
    page = client.get("/sign-in").text
    assert '<link rel="manifest" href="/app.webmanifest">' in page
    touch = re.search(r'<link rel="apple-touch-icon" href="([^"]+)">', page)
    assert touch
    assert client.get(touch[1]).status_code == 200
