"""Secrets: passwords by Argon2id, random ones by SHA-256, and keyed hashes where a table must not be a directory."""

from __future__ import annotations

import hashlib
import hmac
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from flask import current_app

# OWASP's second choice: 19 MiB and two passes, so that a burst of sign-ins does not fill the memory of a worker.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody: list[str] = []


def hash_password(password: str) -> str:
    """The Argon2id hash of a password."""
    return _hasher.hash(password)


def is_password(secret: str | None, password: str) -> bool:
    """Whether the password fits the hash; as slow when there is no hash, so that unknown people take as long as known ones."""
    if not _nobody:
        _nobody.append(hash_password(secrets.token_hex(16)))
    try:
        return _hasher.verify(secret or _nobody[0], password) and secret is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(secret: str) -> bool:
    """Whether the hash was made with weaker settings than today's."""
    return _hasher.check_needs_rehash(secret)


def new_secret() -> str:
    """256 random bits, fit for a cookie or a link."""
    return secrets.token_urlsafe(32)


def hash_secret(secret: str) -> str:
    """What is kept of a random secret; it has enough entropy for a plain hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def keyed(kind: str, value: str) -> str:
    """A hash that cannot be looked up without the application's key."""
    key = str(current_app.config["SECRET_KEY"]).encode()
    return hmac.new(key, f"{kind}:{value}".encode(), hashlib.sha256).hexdigest()


def account_mark(email: str) -> str:
    """What stands for an address in the trail of refused sign-ins."""
    return keyed("account", email.strip().lower())
