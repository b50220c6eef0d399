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

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(1800)]
WORKER = "import sys, tests.ordeal.chores, worker; sys.exit(worker.main())"
JOBS, ROWS = 200, 4
WORKERS = ("worker", "second worker")
EVERY, AT_WORK, STALLED = 10.0, 4.0, 150.0  # seconds: from kill to kill, of work before a kill, without any job that ends


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


class Shift:
    """Which workers are at work, and since when: one that is still starting would be killed for nothing, again and again."""

    def __init__(self, live: LiveServer) -> None:
        self.live, self.since, self.kills = live, dict[str, float](), 0
        self._next = time.monotonic() + EVERY

    def look(self) -> None:
        """See who has begun, and kill whoever has been at work the longest, once every ten seconds."""
        now = time.monotonic()
        for name in WORKERS:
            if psutil.Process(self.live.processes[name].pid).children():
                self.since.setdefault(name, now)
        ready = [name for name, since in self.since.items() if now - since >= AT_WORK]
        if now < self._next or not ready:
            return
        victim = min(ready, key=self.since.__getitem__)
        kill_worker(self.live, victim)
        self.live.start(victim)
        del self.since[victim]
        self.kills, self._next = self.kills + 1, now + EVERY


@pytest.mark.requirement("PK-076")
def test_workers_killed_every_ten_seconds_during_two_hundred_jobs(live: LiveServer) -> None:
    """Two workers, killed in turns while they work: each effect once, and never a long time in which nothing ends."""
    stand = Stand()
    live.start(*WORKERS, "scheduler")
    with stand.work():
        for n in range(JOBS):
            jobs.enqueue(chores.numbered_rows, n * ROWS, ROWS, 0.1, title=f"Rows {n}", attempts=50)
    shift, ended, moved = Shift(live), 0, time.monotonic()
    while ended < JOBS:
        time.sleep(0.5)
        shift.look()
        now_ended = done(stand)
        if now_ended > ended or not shift.since:
            ended, moved = now_ended, time.monotonic()
        assert time.monotonic() - moved < STALLED, f"nothing moves: {ended} of {JOBS} are done after {shift.kills} kills"
    assert shift.kills >= 3, "the workers were killed while there was work"
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
