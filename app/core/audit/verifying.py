"""`flask audit verify`: every entry's digest, every link, every checkpoint, and that nothing waits too long to be sealed."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import orjson
import psycopg
from psycopg.types.json import set_json_loads
from sqlalchemy import Connection, text

from app.core.audit import anchors
from app.core.audit.canonical import ALL, GENESIS, checkpoint, digest, entry_of, key, link
from app.core.audit.connecting import apart_from_session
from app.core.audit.purges import Purges
from app.kernel import clock

LATE_SECONDS, PATIENCE_SECONDS, PORTION = 60, 6.0, 5_000
_SEALED = (f"SELECT l.seq, l.hash, l.id AS entry_id, e.digest, p.digest, p.purge_id, {', '.join(f'e.{c}' for c in ALL)} FROM audit_link l "
           "LEFT JOIN audit_entry e ON e.organisation_id = l.organisation_id AND e.id = l.id "
           "LEFT JOIN audit_purged p ON p.organisation_id = l.organisation_id AND p.id = l.id WHERE l.organisation_id = %s ORDER BY l.seq")
_LOOSE = (f"SELECT e.digest, {', '.join(f'e.{c}' for c in ALL)} FROM audit_entry e WHERE e.organisation_id = %s AND NOT EXISTS "
          "(SELECT 1 FROM audit_link l WHERE l.organisation_id = e.organisation_id AND l.id = e.id) ORDER BY e.at")


@dataclass
class Chain:
    """What was found of one organisation's chain; `problem` names the first bad row."""

    organisation_id: UUID
    sealed: int = 0
    unsealed: int = 0
    checkpoints: int = 0
    head: str = GENESIS.hex()
    problem: str = ""
    entry_id: UUID | None = None
    seq: int | None = None
    heads: dict[int, bytes] = field(default_factory=dict, repr=False)
    purges: Purges = field(default_factory=Purges, repr=False)

    def fails(self, problem: str, *, seq: int | None = None, entry_id: UUID | None = None) -> Chain:
        """Say what is wrong; only the first is kept."""
        if not self.problem:
            self.problem, self.seq, self.entry_id = problem, seq, entry_id
        return self

    def shown(self) -> dict[str, Any]:
        """For `--json`."""
        said = asdict(replace(self, heads={}, purges=Purges()))
        return {name: value for name, value in said.items() if name not in ("heads", "purges")} | {"purged": self.purges.count}


def verify(organisations: Sequence[UUID], *, patience: float = PATIENCE_SECONDS) -> list[Chain]:
    """Check these chains. An entry unsealed for over a minute gets `patience` seconds: it may have been committed just now."""
    kept = anchors.kept()
    return [_verify(organisation_id, kept.get(organisation_id, []), patience) for organisation_id in organisations]


def _verify(organisation_id: UUID, kept: Sequence[dict[str, Any]], patience: float) -> Chain:
    chain = Chain(organisation_id)
    with apart_from_session(organisation_id) as connection:
        connection.execute(text("SET LOCAL statement_timeout = 0"))
        signed = connection.execute(text("SELECT seq, head, at, signature FROM audit_checkpoint WHERE organisation_id = :organisation "
                                         "ORDER BY seq"), {"organisation": organisation_id}).all()
        wanted = {row.seq for row in signed} | {said["seq"] for said in kept}
        _links(connection, chain, wanted)
        late = _loose(connection, chain)
    if not chain.problem and (wrong := chain.purges.unfounded()):
        chain.fails("the entry was removed by no purge that the trail knows of", seq=wrong[0], entry_id=wrong[1])
    if late and not chain.problem and _still_loose(organisation_id, late, patience):
        chain.fails("an entry has waited over 60 s to be sealed: is the sealer running?", entry_id=min(late))
    _checkpoints(chain, signed)
    _anchors(chain, kept)
    return chain


def _rows(connection: Connection, query: str, organisation_id: UUID) -> Iterator[tuple[Any, ...]]:
    """Rows in portions over a server-side cursor, JSON read by the fast reader."""
    driver: Any = connection.connection.driver_connection
    with closing(psycopg.ServerCursor(driver, "audit_verify")) as cursor:
        set_json_loads(orjson.loads, cursor)
        cursor.itersize = PORTION
        cursor.execute(query, (organisation_id,), binary=True)
        yield from cursor


def _links(connection: Connection, chain: Chain, wanted: set[int]) -> None:
    entry_key, link_key, previous = key("entry"), key("link"), GENESIS
    for seq, linked, entry_id, kept, stays, purge_id, *values in _rows(connection, _SEALED, chain.organisation_id):
        if seq != chain.sealed + 1:
            chain.fails(f"link {chain.sealed + 1} is missing", seq=chain.sealed + 1)
            return
        if kept is None and stays is None:
            chain.fails("the entry was removed", seq=seq, entry_id=entry_id)
            return
        if kept is None:
            kept = stays
            chain.purges.found(purge_id, seq, entry_id, kept)
        elif digest(entry_key, chain.purges.told(entry_of(values))) != kept:
            chain.fails("the entry was changed: its digest does not match", seq=seq, entry_id=entry_id)
            return
        previous = link(link_key, previous, seq, entry_id, kept)
        if previous != linked:
            chain.fails("the link was changed: it does not follow from the one before", seq=seq, entry_id=entry_id)
            return
        chain.sealed = seq
        if seq in wanted:
            chain.heads[seq] = previous
    chain.head = previous.hex()


def _loose(connection: Connection, chain: Chain) -> set[UUID]:
    """Check the entries without a link; gives those that are late."""
    entry_key, late, limit = key("entry"), set(), clock.now() - timedelta(seconds=LATE_SECONDS)
    for kept, *values in _rows(connection, _LOOSE, chain.organisation_id):
        row = chain.purges.told(entry_of(values))
        chain.unsealed += 1
        if digest(entry_key, row) != kept:
            chain.fails("the entry was changed: its digest does not match", entry_id=row["id"])
        if row["at"] < limit:
            late.add(row["id"])
    return late


def _still_loose(organisation_id: UUID, late: set[UUID], patience: float) -> bool:
    time.sleep(patience)
    with apart_from_session(organisation_id) as connection:
        linked = connection.execute(text("SELECT count(*) FROM audit_link WHERE organisation_id = :organisation AND id = ANY(:ids)"),
                                    {"organisation": organisation_id, "ids": list(late)}).scalar_one()
    return bool(linked < len(late))


def _checkpoints(chain: Chain, signed: Sequence[Any]) -> None:
    for row in signed:
        if checkpoint(key("checkpoint"), chain.organisation_id, row.seq, bytes(row.head), row.at) != bytes(row.signature):
            chain.fails(f"checkpoint {row.seq} was changed: its signature does not match", seq=row.seq)
        elif not chain.problem and chain.heads.get(row.seq) != bytes(row.head):
            chain.fails(f"checkpoint {row.seq} names another head: the chain before it was rewritten or cut", seq=row.seq)
        chain.checkpoints += 1


def _anchors(chain: Chain, kept: Sequence[dict[str, Any]]) -> None:
    for said in kept:
        head = chain.heads.get(said["seq"])
        if not chain.problem and (head is None or head.hex() != said["head"]):
            chain.fails(f"the checkpoint {said['seq']} kept outside the database is not in the chain: its tail was cut or rewritten",
                        seq=said["seq"])
