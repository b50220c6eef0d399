"""Secrets of factors at rest: encrypted for their owner, under a key that is not in the database."""

from __future__ import annotations

import hmac
import os
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from flask import current_app

NONCE = 12


def seal(secret: str, owner: UUID) -> bytes:
    """The secret, encrypted; it opens for this owner only."""
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(_key()).encrypt(nonce, secret.encode(), owner.bytes)


def unseal(sealed: bytes, owner: UUID) -> str:
    """The secret again. Raises `InvalidTag` when it was sealed for somebody else, or under another key."""
    return AESGCM(_key()).decrypt(sealed[:NONCE], sealed[NONCE:], owner.bytes).decode()


def _key() -> bytes:
    """A key of its own, derived from SECRET_KEY."""
    return hmac.digest(str(current_app.config["SECRET_KEY"]).encode(), b"opsflux/auth/factor", "sha256")
