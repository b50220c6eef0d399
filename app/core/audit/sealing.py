"""The sealer: gives committed entries their place in the chain, in the order in which it sees them, and signs checkpoints."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, insert, text

from app.core.audit import anchors
from app.core.audit.canonical import GENESIS, checkpoint, key, link
from app.core.audit.connecting import apart_from_session, within_chain
from app.core.audit.models import AuditCheckpoint
from app.kernel import clock, stream
from app.kernel.current import PLATFORM_ID, current
from app.kernel.db import session
from app.kernel.records import new_id

BATCH = 5_000
CHECKPOINT_ROWS, CHECKPOINT_SECONDS = 1_000, 60
PLATFORM_SECONDS = 1.0
_platform = {"sealed": -PLATFORM_SECONDS}

# Every transaction below the horizon was over when an earlier sealing began, so its entries are linked. A restored database may
# count transactions from lower again: then everything is looked at once.
_UNSEALED = text("""
SELECT e.id, e.digest, e.tx FROM audit_entry e
WHERE e.organisation_id = :organisation AND (e.tx, e.id) > (:tx, :id)
  AND NOT EXISTS (SELECT 1 FROM audit_link l WHERE l.organisation_id = e.organisation_id AND l.id = e.id)
ORDER BY e.tx, e.id LIMIT :batch""")
_ADD = text("INSERT INTO audit_link (organisation_id, id, seq, hash, horizon) SELECT :organisation, link.id, link.seq, link.hash, :horizon "
            "FROM unnest(CAST(:ids AS uuid[]), CAST(:seqs AS bigint[]), CAST(:hashes AS bytea[])) AS link (id, seq, hash)")
_HEAD = text("SELECT seq, hash, horizon FROM audit_link WHERE organisation_id = :organisation ORDER BY seq DESC LIMIT 1")
_LAST_CHECKPOINT = text("SELECT seq, at FROM audit_checkpoint WHERE organisation_id = :organisation ORDER BY seq DESC LIMIT 1")
_NOW = text("SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint")
_LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('audit:' || :organisation, 0))")


@dataclass
class _Run:
    """How far one sealing has come: batches go on from (tx, id); `horizon` is what was over when it began."""

    horizon: int = -1
    tx: int = 0
    id: UUID = PLATFORM_ID
    sealed: int = 0
    over: bool = False


def seal(organisation_id: UUID) -> int:
    """Link the committed entries of one chain that have no place yet; gives how many. Someone else sealing it is no error."""
    run = _Run()
    while not run.over:
        with apart_from_session(organisation_id) as connection:
            _seal_batch(connection, organisation_id, run)
            signed = _checkpoint(connection, organisation_id)
        if signed:
            anchors.keep(signed)
    return run.sealed


def seal_all() -> int:
    """Seal the chain of the organisation at hand, and the platform's."""
    chains = [current.organisation.id] if current.has_organisation else []
    if time.monotonic() - _platform["sealed"] >= PLATFORM_SECONDS:  # every organisation's turn comes by here
        _platform["sealed"] = time.monotonic()
        chains.append(PLATFORM_ID)
    sealed = sum(seal(organisation_id) for organisation_id in chains)
    if sealed and current.has_organisation:
        stream.announce("audit")
    return sealed


def _seal_batch(connection: Connection, organisation_id: UUID, run: _Run) -> None:
    if not connection.execute(_LOCK, {"organisation": str(organisation_id)}).scalar():
        run.over = True
        return
    seq, head, horizon = _head(connection, organisation_id)
    if run.horizon < 0:
        run.horizon = connection.execute(_NOW).scalar_one()
        run.tx = horizon if horizon <= run.horizon else 0
    rows = connection.execute(_UNSEALED, {"organisation": organisation_id, "tx": run.tx, "id": run.id, "batch": BATCH + 1}).all()
    run.over, rows = len(rows) <= BATCH, rows[:BATCH]
    link_key, hashes = key("link"), []
    for place, row in enumerate(rows, start=seq + 1):
        head = link(link_key, head, place, row.id, bytes(row.digest))
        hashes.append(head)
    run.sealed += len(rows)
    if rows:
        run.tx, run.id = rows[-1].tx, rows[-1].id
        connection.execute(_ADD, {"organisation": organisation_id, "horizon": run.horizon if run.over else min(horizon, run.horizon),
                                  "ids": [row.id for row in rows], "seqs": list(range(seq + 1, seq + 1 + len(rows))), "hashes": hashes})


def _head(connection: Connection, organisation_id: UUID) -> tuple[int, bytes, int]:
    found = connection.execute(_HEAD, {"organisation": organisation_id}).first()
    return (found.seq, bytes(found.hash), found.horizon) if found else (0, GENESIS, 0)


def _checkpoint(connection: Connection, organisation_id: UUID) -> dict[str, Any] | None:
    """Sign the head when it moved by a thousand entries, or when a minute went by since the last signature."""
    seq, head, _horizon = _head(connection, organisation_id)
    last = connection.execute(_LAST_CHECKPOINT, {"organisation": organisation_id}).first()
    now = clock.now()
    if seq == (last.seq if last else 0) or not _due(seq, now, last):
        return None
    signature = checkpoint(key("checkpoint"), organisation_id, seq, head, now)
    table: Any = AuditCheckpoint.__table__
    row = {"organisation_id": organisation_id, "id": new_id(), "seq": seq, "head": head, "at": now, "signature": signature}
    connection.execute(insert(table), row)
    return row


def _due(seq: int, now: datetime, last: Any) -> bool:
    return last is None or seq - last.seq >= CHECKPOINT_ROWS or abs((now - last.at).total_seconds()) >= CHECKPOINT_SECONDS


def chain_head(organisation_id: UUID | None = None) -> tuple[int, str]:
    """The number of linked entries and the head of the chain in hexadecimal: what the daily digest carries out of the house."""
    wanted = organisation_id or current.organisation.id
    with within_chain(session().connection(), wanted):
        seq, head, _horizon = _head(session().connection(), wanted)
    return seq, head.hex()
