"""The deletion of an organisation, by real workers: killed half-way it goes on, and takes nothing but what it must."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

import psutil
import psycopg
import pytest
from sqlalchemy import select

from app.core.audit.models import AuditEntry
from app.kernel.current import PLATFORM_ID, SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.delivery import bare
from tests.core.closing import full
from tests.core.closing.test_erasing import ask, let_time_pass
from tests.core.stand import Stand
from tests.infra.databases import Database
from tests.infra.serving import LiveServer, wait_for

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(600)]
MANY = 150_000
ROWS = """INSERT INTO notification (organisation_id, id, member_id, kind, title, text, path, key, category, priority, shown_at, created_at)
  SELECT %s, gen_random_uuid(), %s, 'security', 'Notice ' || n, '', '', '', 'alert', 'normal', now(), now() FROM generate_series(1, %s) n"""


@pytest.fixture
def live(fresh_database: Database) -> Iterator[LiveServer]:
    """The parts of a running copy, none of them started, inside its application."""
    server = LiveServer(fresh_database)
    with fresh_database.app.app_context():
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def power(fresh_database: Database) -> Iterator[psycopg.Connection[Any]]:
    """Somebody who sees every row."""
    with fresh_database.connect("postgres", autocommit=True) as connection:
        yield connection


def kill_worker(live: LiveServer) -> None:
    """`kill -9` of the worker and of its horse."""
    worker = psutil.Process(live.processes["worker"].pid)
    for process in [worker, *worker.children(recursive=True)]:
        process.kill()
    live.processes["worker"].wait()


def progress(power: psycopg.Connection[Any], here: UUID) -> int:
    """How many rows the job has taken so far."""
    row = power.execute("SELECT progress FROM job WHERE key = %s", (f"erase:{here}",)).fetchone()
    return int(row[0]) if row else -1


def test_a_deletion_that_is_killed_half_way_goes_on_to_the_end(live: LiveServer, power: psycopg.Connection[Any]) -> None:
    gone, stays = Stand("gone"), Stand("stays")
    for stand in (gone, stays):
        full.fill(stand, live.database)
    here = gone.organisation.id
    power.execute(ROWS, (here, gone.actors["owner"].id, MANY))
    before = {name: full.count(power, name, here) for name in full.marks(power, here)}
    kept = (full.marks(power, stays.organisation.id), full.stored(live.database.app, stays.organisation.id))
    ask(gone)
    let_time_pass(power, here)
    live.start("worker", "scheduler")
    for _kill in range(2):
        reached = progress(power, here)
        wait_for(lambda at=reached: progress(power, here) > max(at, 0) + 15_000, 120, "a part of the deletion")
        kill_worker(live)
        assert full.count(power, "organisation", here) == 1
        live.start("worker")
    wait_for(lambda: not full.count(power, "organisation", here), 240, "the end of the deletion")
    assert {name: number for name in before if (number := full.count(power, name, here))} == {}
    assert full.stored(live.database.app, here) == {}
    live.stop()
    after = full.marks(power, stays.organisation.id)
    theirs = ("job", "job_line", "outbox", "schedule_tick", "audit_entry", "audit_link", "audit_checkpoint", "mail_message", "mail_way",
              "security_alert", "notification", "invitation", "digest_day")  # their own work went on meanwhile, their letters went out
    assert {n: m for n, m in after.items() if n not in theirs} == {n: m for n, m in kept[0].items() if n not in theirs}
    assert full.stored(live.database.app, stays.organisation.id) == kept[1]
    with acting(bare(PLATFORM_ID), SYSTEM), unit_of_work() as work:
        said = work.scalars(select(AuditEntry.context).where(AuditEntry.action == "platform.organisation.erase",
                                                             AuditEntry.organisation_id == PLATFORM_ID)).one()
    assert said["counts"]["notification"] >= MANY
    assert said["counts"]["member"] == before["member"]
