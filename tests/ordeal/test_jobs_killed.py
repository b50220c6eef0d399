"""Jobs under fire: workers killed every ten seconds during two hundred jobs, and a tenant with very many before one with a few."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest
from sqlalchemy import func, select, text

from app.kernel import jobs
from app.kernel.jobs import DONE, Job
from app.kernel.outbox import OutboxRow
from tests.core.stand import Stand
from tests.infra import serving
from tests.infra.databases import Database
from tests.infra.serving import LiveServer, wait_for
from tests.ordeal import chores

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(900)]
WORKER = "import sys, tests.ordeal.chores, worker; sys.exit(worker.main())"
JOBS, ROWS = 200, 4
WORKERS = ("worker", "second worker")


@pytest.fixture
def live(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """The parts of a running copy, none of them started, inside its application; its workers know the chores."""
    for name in WORKERS:
        monkeypatch.setitem(serving.COMMANDS, name, ["-c", WORKER])
    server = LiveServer(fresh_database)
    with fresh_database.app.app_context():
        try:
            yield server
        finally:
            server.stop()


def kill_worker(live: LiveServer, name: str) -> None:
    """`kill -9` of a worker and of its horse."""
    worker = psutil.Process(live.processes[name].pid)
    for process in [worker, *worker.children(recursive=True)]:
        process.kill()
    live.processes[name].wait()


def done(stand: Stand) -> int:
    """How many of the jobs are done."""
    with stand.work() as work:
        ended = select(func.count()).select_from(Job).where(Job.state == DONE, Job.function == jobs.name_of(chores.numbered_rows))
        return work.scalar(ended) or 0


def marks(stand: Stand) -> Counter[int]:
    """How often each numbered row was written."""
    with stand.work() as work:
        return Counter(payload["n"] for payload in work.scalars(select(OutboxRow.payload).where(OutboxRow.name == "ordeal.mark")))


def test_workers_killed_every_ten_seconds_during_two_hundred_jobs(live: LiveServer) -> None:
    """Two workers, killed in turns: on a crowded machine one is still about its work when the other has just begun again."""
    stand = Stand()
    live.start(*WORKERS, "scheduler")
    with stand.work():
        for n in range(JOBS):
            jobs.enqueue(chores.numbered_rows, n * ROWS, ROWS, 0.1, title=f"Rows {n}", attempts=20)
    kills, deadline = 0, time.monotonic() + 800
    while done(stand) < JOBS and time.monotonic() < deadline:
        next_kill = time.monotonic() + 10
        while time.monotonic() < next_kill and done(stand) < JOBS:
            time.sleep(0.5)
        if done(stand) < JOBS:
            kill_worker(live, WORKERS[kills % 2])
            live.start(WORKERS[kills % 2])
            kills += 1
    assert kills >= 3, "the workers were killed while there was work"
    assert done(stand) == JOBS
    assert marks(stand) == Counter(dict.fromkeys(range(JOBS * ROWS), 1)), "each effect once"


def test_a_tenant_with_very_many_jobs_does_not_delay_another(live: LiveServer) -> None:
    """The many are a hundred thousand rows written at once, as a migration of jobs would; one worker serves both tenants."""
    big, small = Stand("big"), Stand("small")
    with big.work() as work:
        template = jobs.enqueue(chores.numbered_rows, 0, 1, 0, title="Big", quiet=True)
        columns = [column.name for column in Job.__table__.columns if column.name not in ("id", "key")]
        names = ", ".join(columns)
        work.flush()
        for _tenth in range(10):
            work.execute(text(f"INSERT INTO job (id, key, {names}) SELECT gen_random_uuid(), '', {names} FROM job, "
                              "generate_series(1, 10000) WHERE id = :id"), {"id": template.id})
    live.start("worker", "scheduler")
    wait_for(lambda: done(big) >= 5, 120, "the first of the many")
    with small.work():
        for n in range(5):
            jobs.enqueue(chores.numbered_rows, n, 1, 0, title="Small")
    asked = time.monotonic()
    wait_for(lambda: done(small) == 5, 60, "the few of the other tenant")
    assert time.monotonic() - asked < 60
    assert done(big) < 100_000
