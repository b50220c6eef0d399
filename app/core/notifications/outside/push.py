"""Web Push: a notice for one browser, encrypted for it alone (RFC 8291), from a sender whom its push service knows (VAPID, RFC 8292)."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from flask import current_app
from joserfc import jwt
from joserfc.jwk import ECKey
from sqlalchemy import delete

from app.core.notifications.models import Notification
from app.core.notifications.outside.handing import Dropped, post, refusal
from app.core.notifications.outside.models import Delivery, Device
from app.core.people import Member
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.sealing import key_for, unseal

PURPOSE, VAPID = "notifications/device", "notifications/vapid"
CURVE, POINT = ec.SECP256R1(), 65
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
LIFE, KNOWN_FOR, RECORD, MOST = 24 * 3600, 12 * 3600, 4096, 3900  # seconds, seconds, bytes, bytes
GONE = (404, 410)


class Gone(outbox.GiveUp):
    """The device took its consent back, at its browser or by being gone."""


@dataclass(frozen=True)
class Sealed:
    """A notice, encrypted."""

    device_id: UUID
    address: str
    body: bytes
    topic: str
    urgent: bool
    proof: str = field(repr=False)


def parcel(delivery: Delivery) -> Sealed:
    """The notice, encrypted for the device. Raises `Dropped` when it is gone, or the notice was read meanwhile."""
    device = session().get(Device, (current.organisation.id, delivery.target_id))
    member = session().get(Member, (current.organisation.id, delivery.member_id))
    notice = session().get(Notification, (current.organisation.id, delivery.notice_id))
    if device is None or member is None or not member.active or member.is_archived:
        raise Dropped("The device is not in use.")
    if notice is not None and notice.read_at is not None:
        raise Dropped("It was read meanwhile.")
    device.told_at = clock.now()
    body = encrypt(_fitting(delivery.content), device.public_key, base64.b64decode(unseal(PURPOSE, device.id, device.sealed)))
    topic = UUID(delivery.content["tag"]).hex
    return Sealed(device.id, device.address, body, topic, bool(delivery.content["urgent"]), _proof(device.address))


def hand_over(sealed: Sealed) -> str:
    """Give it to the push service. Raises `Retry` or `GiveUp`, `Gone` when the browser is told nothing there any more."""
    headers = {"Content-Type": "application/octet-stream", "Content-Encoding": "aes128gcm", "TTL": str(LIFE), "Topic": sealed.topic,
               "Urgency": "high" if sealed.urgent else "normal", "Authorization": sealed.proof}
    answer = post(sealed.address, headers, sealed.body)
    if answer.status in GONE:
        raise Gone(refusal(answer))
    if answer.status >= 300:
        raise outbox.GiveUp(refusal(answer))
    return ""


def forget(device_id: UUID | None) -> None:
    """Send nothing more to a device."""
    session().execute(delete(Device).where(Device.id == device_id))


def encrypt(words: bytes, to: bytes, secret: bytes) -> bytes:
    """One record of `aes128gcm` for the browser with this public key (an uncompressed point) and authentication secret."""
    own, salt = ec.generate_private_key(CURVE), os.urandom(16)
    sender = _point(own)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(CURVE, to))
    material = _derive(shared, secret, b"WebPush: info\x00" + to + sender, 32)
    key = _derive(material, salt, b"Content-Encoding: aes128gcm\x00", 16)
    nonce = _derive(material, salt, b"Content-Encoding: nonce\x00", 12)
    head = salt + RECORD.to_bytes(4, "big") + bytes([POINT]) + sender
    return head + AESGCM(key).encrypt(nonce, words + b"\x02", None)


def is_key(point: bytes) -> bool:
    """Whether this is the public key of a browser."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(CURVE, point)
    except ValueError:
        return False
    return len(point) == POINT


def sender_key() -> str:
    """The public key by which push services know this installation, as browsers are given it."""
    return _url(_point(_sender(key_for(VAPID))))


def _proof(address: str) -> str:
    """The sender's word to one push service, good for half a day."""
    parts, base = urlsplit(address), str(current_app.extensions["settings"].base_url)
    claims = {"aud": f"{parts.scheme}://{parts.netloc}", "exp": int(clock.now().timestamp()) + KNOWN_FOR, "sub": base}
    own = _sender(key_for(VAPID)).private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return f"vapid t={jwt.encode({'typ': 'JWT', 'alg': 'ES256'}, claims, ECKey.import_key(own))}, k={sender_key()}"


@lru_cache(maxsize=4)
def _sender(seed: bytes) -> ec.EllipticCurvePrivateKey:
    """The key of the installation: the same on each of its machines, since it follows from SECRET_KEY."""
    return ec.derive_private_key(int.from_bytes(_derive(seed, b"", b"P-256", 48), "big") % (ORDER - 1) + 1, CURVE)


def _fitting(content: dict[str, Any]) -> bytes:
    """The words as the service worker reads them, short enough for every push service."""
    said = {name: content[name] for name in ("title", "text", "url", "tag", "urgent")}
    while len(words := json.dumps(said, ensure_ascii=False).encode()) > MOST:
        said["text"] = said["text"][: len(said["text"]) // 2]
        said["title"] = said["title"][:200]
    return words


def _derive(secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=size, salt=salt, info=info).derive(secret)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


def _url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
