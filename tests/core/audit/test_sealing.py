"""The sealer: every committed entry gets one place, none is skipped, none twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import orjson
import pytest
from sqlalchemy import select, text

from app.core import audit
from app.core.audit import anchors
from app.core.audit.models import AuditCheckpoint, AuditEntry, AuditLink
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import db
from tests.core.stand import Stand
from tests.infra.databases import Database


def _links(stand: Stand) -> list[tuple[int, object]]:
    with stand.work() as work:
        return [(row.seq, row.id) for row in work.execute(select(AuditLink.seq, AuditLink.id).order_by(AuditLink.seq))]


def test_places_are_numbered_without_gaps_and_only_once(own: tuple[Database, Stand]) -> None:
    _database, stand = own
    for name in ("A", "B", "C"):
        with stand.work():
            stand.site(name)
        audit.seal(stand.organisation.id)
    assert audit.seal(stand.organisation.id) == 0
    links = _links(stand)
    assert [seq for seq, _id in links] == list(range(1, len(links) + 1))
    assert {entry_id for _seq, entry_id in links} == {entry.id for entry in stand.entries()}


def test_an_entry_committed_late_is_not_skipped(own: tuple[Database, Stand]) -> None:
    """A transaction that began first, and commits after a later one was sealed: "id above the last" would lose it."""
    database, stand = own
    audit.seal(stand.organisation.id)
    written, go_on = threading.Event(), threading.Event()

    def slow() -> None:
        with database.app.app_context(), stand.work():
            audit.note("hse.incident.slow")
            written.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=slow)
    thread.start()
    assert written.wait(20)
    with stand.work():
        audit.note("hse.incident.quick")
    assert audit.seal(stand.organisation.id) == 1
    go_on.set()
    thread.join(20)
    assert audit.seal(stand.organisation.id) == 1
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert (chain.problem, chain.unsealed) == ("", 0)


def test_sealers_at_the_same_time_do_not_disturb_each_other(own: tuple[Database, Stand]) -> None:
    database, stand = own
    with stand.work():
        for number in range(300):
            stand.site(f"Site {number}")
    failures: list[BaseException] = []

    def seal() -> None:
        try:
            with database.app.app_context(), acting(stand.organisation, SYSTEM):
                audit.seal_all()
        except BaseException as error:  # noqa: BLE001 -- told to the test below
            failures.append(error)

    threads = [threading.Thread(target=seal) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    audit.seal(stand.organisation.id)
    assert failures == []
    assert len(_links(stand)) == len(stand.entries())


def test_a_minute_or_a_thousand_entries_bring_a_signed_checkpoint_here_and_outside(own: tuple[Database, Stand]) -> None:
    _database, stand = own
    audit.seal(stand.organisation.id)
    with stand.work():
        stand.site("A")
    audit.seal(stand.organisation.id)
    with stand.work() as work:
        early = len(work.scalars(select(AuditCheckpoint)).all())
    with stand.work():
        stand.site("B")
    with clock.at(clock.now() + timedelta(seconds=61)):
        audit.seal(stand.organisation.id)
    with stand.work() as work:
        signed = work.scalars(select(AuditCheckpoint.seq).order_by(AuditCheckpoint.seq)).all()
        assert (early, len(signed)) == (1, 2)
    lines = [orjson.loads(line) for line in anchors.path().read_bytes().splitlines()]
    outside = [line["seq"] for line in lines if line["organisation_id"] == str(stand.organisation.id)]
    assert outside == signed


def test_a_restored_database_that_counts_transactions_from_lower_is_sealed_too(own: tuple[Database, Stand]) -> None:
    database, stand = own
    audit.seal(stand.organisation.id)
    with database.tampering() as connection:
        connection.execute("UPDATE audit_link SET horizon = 1000000000000")
    with stand.work():
        stand.site("A")
    assert audit.seal(stand.organisation.id) == 1


def test_nobody_of_the_application_can_change_or_remove_an_entry(own: tuple[Database, Stand]) -> None:
    database, stand = own
    for statement in ("UPDATE audit_entry SET result = 'x'", "DELETE FROM audit_entry", "UPDATE audit_link SET seq = 1",
                      "DELETE FROM audit_checkpoint", "TRUNCATE audit_entry"):
        for role in ("opsflux_app", "opsflux_relay"):
            with database.connect(role) as connection, pytest.raises(Exception, match="permission denied"):
                connection.execute(statement)
    assert stand.entries()


def test_the_head_goes_into_the_digest(own: tuple[Database, Stand]) -> None:
    _database, stand = own
    audit.seal(stand.organisation.id)
    with stand.work():
        seq, head = audit.chain_head()
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert (seq, head) == (chain.sealed, chain.head)


def test_sealing_looks_at_few_rows(own: tuple[Database, Stand]) -> None:
    """The search for unsealed entries is an index condition on the organisation and the transaction."""
    _database, stand = own
    with acting(stand.organisation, SYSTEM), db.engine.begin() as connection:
        connection.execute(text("SELECT set_config('app.organisation', :o, true)"), {"o": str(stand.organisation.id)})
        connection.execute(text("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"))
        asked = text("EXPLAIN SELECT e.id FROM audit_entry e WHERE e.organisation_id = :o AND (e.tx, e.id) > (5, :o) ORDER BY e.tx, e.id")
        plan = connection.execute(asked, {"o": stand.organisation.id}).scalars().all()
    condition = next(line for line in plan if "Index Cond" in line)
    assert "tx" in condition
    assert AuditEntry.__tablename__ in " ".join(plan)
