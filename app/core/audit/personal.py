"""Personal values in the trail: encrypted under a key of their subject, so that a person can be erased and the chain stays whole."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import Connection, text

from app.core.audit.canonical import key
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session

NONCE, ERASED = 12, "erased"


@dataclass(frozen=True)
class Personal:
    """A value of a field marked personal, on its way to being encrypted for its subject."""

    value: Any
    subject: UUID


def seal_values(connection: Connection, organisation_id: UUID, changes: Iterable[dict[str, list[Any]]]) -> None:
    """Replace every `Personal` in the changes by its ciphertext, or by a mark when its subject was erased."""
    found = [pair for change in changes for pair in change.values() if any(isinstance(side, Personal) for side in pair)]
    if not found:
        return
    keys = keys_of(connection, organisation_id, {side.subject for pair in found for side in pair if isinstance(side, Personal)}, make=True)
    for pair in found:
        pair[:] = [_encrypt(keys.get(side.subject), side) if isinstance(side, Personal) else side for side in pair]


def _encrypt(data_key: bytes | None, said: Personal) -> dict[str, str] | None:
    if said.value is None:
        return None
    if data_key is None:
        return {"of": str(said.subject), ERASED: "yes"}
    nonce = os.urandom(NONCE)
    hidden = AESGCM(data_key).encrypt(nonce, orjson.dumps(said.value), said.subject.bytes)
    return {"of": str(said.subject), "sealed": base64.b64encode(nonce + hidden).decode()}


def is_sealed(value: Any) -> bool:
    """Whether a value of an audit row is a personal one."""
    return isinstance(value, Mapping) and "of" in value and ("sealed" in value or ERASED in value)


def reveal(keys: Mapping[UUID, bytes], value: Mapping[str, str]) -> tuple[bool, Any]:
    """Whether a personal value can still be read, and the value."""
    data_key = keys.get(UUID(value["of"]))
    if data_key is None or "sealed" not in value:
        return False, None
    raw = base64.b64decode(value["sealed"])
    try:
        return True, orjson.loads(AESGCM(data_key).decrypt(raw[:NONCE], raw[NONCE:], UUID(value["of"]).bytes))
    except InvalidTag:
        return False, None


def keys_of(connection: Connection, organisation_id: UUID, subjects: set[UUID], *, make: bool = False) -> dict[UUID, bytes]:
    """The data keys of subjects; those of erased subjects are missing. With `make`, new subjects get one."""
    if not subjects:
        return {}
    wrapped = _wrapped(connection, organisation_id, subjects)
    if make and (new := subjects - wrapped.keys()):
        connection.execute(text("INSERT INTO audit_key (organisation_id, id, wrapped, made_at) "
                                "SELECT :organisation, made.id, made.wrapped, :now FROM "
                                "unnest(CAST(:ids AS uuid[]), CAST(:keys AS bytea[])) AS made (id, wrapped) ON CONFLICT DO NOTHING"),
                           {"organisation": organisation_id, "now": clock.now(), "ids": sorted(new),
                            "keys": [_wrap(subject) for subject in sorted(new)]})
        wrapped |= _wrapped(connection, organisation_id, new)
    opener = AESGCM(key("wrap"))
    return {subject: opener.decrypt(held[:NONCE], held[NONCE:], subject.bytes) for subject, held in wrapped.items() if held}


def _wrap(subject: UUID) -> bytes:
    nonce = os.urandom(NONCE)
    return nonce + AESGCM(key("wrap")).encrypt(nonce, AESGCM.generate_key(256), subject.bytes)


def _wrapped(connection: Connection, organisation_id: UUID, subjects: set[UUID]) -> dict[UUID, bytes | None]:
    rows = connection.execute(text("SELECT id, wrapped FROM audit_key WHERE organisation_id = :organisation AND id = ANY(:ids)"),
                              {"organisation": organisation_id, "ids": list(subjects)})
    return {row.id: bytes(row.wrapped) if row.wrapped else None for row in rows}


def erase_person(subject: UUID) -> None:
    """Forget who a pseudonymous id is and every personal value about them; the chain stays as it is."""
    told = {"organisation": current.organisation.id, "id": subject, "now": clock.now()}
    connection = session().connection()
    connection.execute(text("DELETE FROM audit_person WHERE organisation_id = :organisation AND id = :id"), told)
    connection.execute(text("INSERT INTO audit_key (organisation_id, id, made_at, erased_at) VALUES (:organisation, :id, :now, :now) "
                            "ON CONFLICT (organisation_id, id) DO UPDATE SET wrapped = NULL, erased_at = :now"), told)
