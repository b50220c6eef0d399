"""Secrets of factors at rest: encrypted for their owner."""

from __future__ import annotations

from uuid import UUID

from app.kernel import sealing

PURPOSE = "auth/factor"


def seal(secret: str, owner: UUID) -> bytes:
    """The secret, encrypted; it opens for this owner only."""
    return sealing.seal(PURPOSE, owner, secret)


def unseal(sealed: bytes, owner: UUID) -> str:
    """The secret again. Raises `InvalidTag` when it was sealed for somebody else, or under another key."""
    return sealing.unseal(PURPOSE, owner, sealed)
