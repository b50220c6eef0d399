"""A run whose worker is killed within three of its steps: it goes on where it was, and what a step wrote is written once."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator

import psutil
import pytest

from app.core.runs.launching import launch
from app.core.runs.models import ExecutiveRun, RunProposal, State
from app.kernel.outbox import OutboxRow
from app.kernel.registry import registry
from tests.core.approvals.house import House
from tests.infra import serving
from tests.infra.databases import Database
from tests.infra.serving import LiveServer, wait_for
from tests.ordeal import chores

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(580)]
WORKER = ("import sys, worker; from app.kernel.registry import registry; from tests.ordeal import chores; "
          "registry.runs[chores.RUN.key] = chores.RUN; sys.exit(worker.main())")
KILLED_AT = (1, 3, 5)  # the steps, counted from 0, within which the worker is killed


@pytest.fixture
def live(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """A running copy, none of its parts started, whose workers know the run."""
    monkeypatch.setitem(serving.COMMANDS, "worker", ["-c", WORKER])
    monkeypatch.setitem(registry.runs, chores.RUN.key, chores.RUN)
    server = LiveServer(fresh_database)
    with fresh_database.app.app_context():
        try:
            yield server
        finally:
            server.stop()


def kill_worker(live: LiveServer) -> None:
    """`kill -9` of the worker and of its horse, and another one."""
    worker = psutil.Process(live.processes["worker"].pid)
    for process in [worker, *worker.children(recursive=True)]:
        process.kill()
    live.processes["worker"].wait()
    live.start("worker")


def test_a_run_goes_on_after_each_kill_and_each_step_counts_once(live: LiveServer) -> None:
    house = House()
    live.start("worker", "scheduler")
    with house.as_("director"):
        run_id = launch(chores.RUN.key, {}).id
    for step in KILLED_AT:
        wait_for(lambda step=step: chores.begun(live.home, step), 200, f"step {step} to begin")
        time.sleep(0.3)
        kill_worker(live)
    wait_for(lambda: state(house, run_id) in (State.AWAITING, State.COMPLETED), 200, "the run to be over")
    with house.as_("owner") as work:
        assert Counter(row.payload["n"] for row in work.query(OutboxRow).filter(OutboxRow.name == "ordeal.mark")) == Counter(
            dict.fromkeys(range(chores.STEPS), 1))
        assert work.query(RunProposal).filter_by(run_id=run_id).count() == chores.STEPS
    again = [step for step in range(chores.STEPS) if chores.begun(live.home, step) > 1]
    assert again == list(KILLED_AT), "only what was under way is begun again"


def state(house: House, run_id: object) -> State:
    """How the run stands."""
    with house.as_("owner") as work:
        found: State = work.query(ExecutiveRun).filter_by(id=run_id).populate_existing().one().state
    return found
