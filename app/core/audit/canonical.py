"""The bytes that digests, links and signatures are made of. Fixed for good: `docs/audit/format.md` describes the same."""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from typing import Any
from uuid import UUID

import orjson
from flask import current_app

COLUMNS = ("id", "organisation_id", "at", "actor_id", "on_behalf_of", "channel", "action", "resource", "record_id", "record_reference",
           "changes", "context", "request_id", "result", "change_set_id")
LATER = ("ip", "agent")  # since the format's first extension; what an older entry lacks is no part of its bytes
ALL = (*COLUMNS, *LATER)
GENESIS = bytes(32)
_OPTIONS = orjson.OPT_SORT_KEYS | orjson.OPT_UTC_Z


def canonical(values: Mapping[str, Any]) -> bytes:
    """Values as JSON in UTF-8: keys sorted, no spaces, ids as text, moments in UTC with microseconds when there are any."""
    return orjson.dumps(values, option=_OPTIONS)


def key(purpose: str) -> bytes:
    """The key for `entry`, `link`, `checkpoint` or `wrap`, derived from AUDIT_KEY."""
    return derived(current_app.extensions["settings"].audit_key, purpose)


@lru_cache(maxsize=64)
def derived(secret: str, purpose: str) -> bytes:
    """HMAC-SHA256 of `opsflux/audit/<purpose>` under the secret."""
    return hmac.digest(secret.encode(), f"opsflux/audit/{purpose}".encode(), "sha256")


def entry_of(values: Iterable[Any]) -> dict[str, Any]:
    """An entry as its digest covers it, from the values of `ALL`: a later column that is empty does not belong to it."""
    said = dict(zip(ALL, values, strict=True))
    for name in LATER:
        if said[name] is None:
            del said[name]
    return said


def digest(entry_key: bytes, values: Mapping[str, Any]) -> bytes:
    """The keyed digest of one entry's own bytes."""
    return hmac.digest(entry_key, canonical(values), "sha256")


def link(link_key: bytes, previous: bytes, seq: int, entry_id: UUID, entry_digest: bytes) -> bytes:
    """The hash that ties entry number `seq` to all before it."""
    return hmac.digest(link_key, previous + seq.to_bytes(8, "big") + entry_id.bytes + entry_digest, "sha256")


def checkpoint(checkpoint_key: bytes, organisation_id: UUID, seq: int, head: bytes, at: datetime) -> bytes:
    """The signature of a chain's head."""
    said = {"organisation_id": organisation_id, "seq": seq, "head": head.hex(), "at": at.astimezone(UTC)}
    return hmac.digest(checkpoint_key, canonical(said), "sha256")


def machine(value: Any) -> Any:
    """A value as it is kept: codes, ids, minor units, ISO days, moments in UTC; never a translated word."""
    if isinstance(value, Enum):
        return machine(value.value)
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat() if value.tzinfo else value.isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return {str(name): machine(entry) for name, entry in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [machine(entry) for entry in value]
    return repr(value) if isinstance(value, float) else str(value)
