"""What is left of entries whose time was over, held against the signed entries that say which were taken away."""

from __future__ import annotations

import hashlib
from typing import Any
from uuid import UUID

PURGE = "audit.entry.purge"


def mark(seq: int, entry_id: UUID, digest: bytes) -> bytes:
    """What stands for one purged entry in the hash of its purge."""
    return seq.to_bytes(8, "big") + entry_id.bytes + digest


class Purges:
    """The remains met on the way through a chain, by purge, and what the purges' own entries say of them."""

    def __init__(self) -> None:
        self.count = 0
        self._hashes: dict[UUID, Any] = {}
        self._first: dict[UUID, tuple[int, UUID]] = {}
        self._said: dict[UUID, str] = {}

    def found(self, purge_id: UUID, seq: int, entry_id: UUID, digest: bytes) -> None:
        """Take in the remains of one entry, in the chain's order."""
        self.count += 1
        self._first.setdefault(purge_id, (seq, entry_id))
        self._hashes.setdefault(purge_id, hashlib.sha256()).update(mark(seq, entry_id, digest))

    def told(self, entry: dict[str, Any]) -> dict[str, Any]:
        """Note what an entry says, if it is that of a purge; gives it back."""
        if entry["action"] == PURGE:
            self._said[entry["id"]] = str((entry["context"] or {}).get("sha256", ""))
        return entry

    def unfounded(self) -> tuple[int, UUID] | None:
        """The first removed entry of a purge that the trail does not know, or knows otherwise."""
        wrong = [self._first[purge_id] for purge_id, found in self._hashes.items() if self._said.get(purge_id) != found.hexdigest()]
        return min(wrong) if wrong else None
