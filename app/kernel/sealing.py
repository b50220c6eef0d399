"""Secrets that must be read again (a client's secret, the key of one-time codes): encrypted at rest, under a key outside the database."""

from __future__ import annotations

import hmac
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

NONCE = 12


def seal(purpose: str, owner: UUID, secret: str) -> bytes:
    """The secret, encrypted; it opens for this purpose and this owner (the id of its row, or of a person) only."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key_for(purpose)).encrypt(nonce, secret.encode(), owner.bytes)


def unseal(purpose: str, owner: UUID, sealed: bytes) -> str:
    """The secret again. Raises `InvalidTag` when it was sealed for something else, or under another key."""
    return AESGCM(key_for(purpose)).decrypt(sealed[:NONCE], sealed[NONCE:], owner.bytes).decode()


def key_for(purpose: str) -> bytes:
    """A key of its own for each purpose, derived from SECRET_KEY."""
    return hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), f"opsflux/{purpose}".encode(), "sha256")
