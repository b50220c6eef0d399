"""A device that makes and uses passkeys as a browser does, and one that lies in the ways that must be noticed."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import cbor2
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url

PRESENT, VERIFIED, SYNCABLE, SYNCED, MADE = 0x01, 0x04, 0x08, 0x10, 0x40


def question(page: str, action: str) -> tuple[dict[str, Any], str]:
    """What a page asks a device at the form of this address, and the ticket that belongs to it."""
    ticket = r'.*?name="(?:proof_)?ticket" value="([^"]*)"'
    found = re.search(rf'action="{re.escape(action)}"[^>]*data-options="([^"]*)"' + ticket, page, re.DOTALL)
    assert found, f"no question for {action}"
    return json.loads(unescape(found.group(1))), found.group(2)


@dataclass
class Device:
    """One passkey, kept by a device."""

    origin: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    uses: int = 0
    owner: bytes = b""

    def make(self, options: dict[str, Any]) -> str:
        """Answer a question for a new passkey."""
        self.owner = base64url_to_bytes(options["user"]["id"])
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})
        said = self._said(options["rp"]["id"], MADE) + bytes(16) + len(self.id).to_bytes(2, "big") + self.id + public
        whole = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": said})
        return self._answer({"clientDataJSON": self._client("webauthn.create", options), "attestationObject": bytes_to_base64url(whole),
                             "transports": ["internal"]})

    def use(self, options: dict[str, Any], *, verified: int = VERIFIED) -> str:
        """Answer a question for a passkey."""
        self.uses += 1
        said, client = self._said(options["rpId"], verified=verified), self._client("webauthn.get", options)
        signed = self.key.sign(said + hashlib.sha256(base64url_to_bytes(client)).digest(), ec.ECDSA(hashes.SHA256()))
        return self._answer({"clientDataJSON": client, "authenticatorData": bytes_to_base64url(said),
                             "signature": bytes_to_base64url(signed), "userHandle": bytes_to_base64url(self.owner)})

    def _said(self, site: str, more: int = 0, *, verified: int = VERIFIED) -> bytes:
        return hashlib.sha256(site.encode()).digest() + bytes([PRESENT | verified | more]) + self.uses.to_bytes(4, "big")

    def _client(self, kind: str, options: dict[str, Any]) -> str:
        said = {"type": kind, "challenge": options["challenge"], "origin": self.origin, "crossOrigin": False}
        return bytes_to_base64url(json.dumps(said).encode())

    def _answer(self, response: dict[str, Any]) -> str:
        name = bytes_to_base64url(self.id)
        return json.dumps({"id": name, "rawId": name, "type": "public-key", "authenticatorAttachment": "platform", "response": response,
                           "clientExtensionResults": {}})
