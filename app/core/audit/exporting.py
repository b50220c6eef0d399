"""A chain as JSON lines that anyone holding the key can verify without this product (`docs/audit/verify_audit.py`)."""

from __future__ import annotations

import hmac
from collections.abc import Iterator
from typing import Any
from uuid import UUID

from sqlalchemy import text

from app.core.audit.anchors import plain
from app.core.audit.canonical import GENESIS, canonical, entry_of, key
from app.core.audit.connecting import apart_from_session
from app.core.audit.verifying import _SEALED, _rows
from app.kernel import clock

FORMAT = "opsflux-audit/1"


def export(organisation_id: UUID) -> Iterator[bytes]:
    """Head line, one line per linked entry in the chain's order, the checkpoints, and a signed last line that says how many."""
    yield _line({"format": FORMAT, "organisation_id": organisation_id, "exported_at": clock.now()})
    seq, head = 0, GENESIS
    with apart_from_session(organisation_id) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        for seq, linked, entry_id, kept, stays, purge_id, *values in _rows(connection, _SEALED, organisation_id):
            head = linked
            said = {"entry": entry_of(values)} if kept or not stays else {"purged": {"id": entry_id, "by": purge_id}}
            yield _line({"seq": seq, "link": linked.hex(), "digest": (kept or stays or b"").hex(), **said})
        for row in connection.execute(text("SELECT organisation_id, seq, head, at, signature FROM audit_checkpoint "
                                           "WHERE organisation_id = :organisation ORDER BY seq"), {"organisation": organisation_id}):
            yield _line({"checkpoint": plain(dict(row._mapping))})
    last: dict[str, Any] = {"organisation_id": str(organisation_id), "entries": seq, "head": head.hex()}
    yield _line({"end": last, "signature": hmac.new(key("checkpoint"), canonical(last), "sha256").hexdigest()})


def _line(values: dict[str, Any]) -> bytes:
    return canonical(values) + b"\n"
