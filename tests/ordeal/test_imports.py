"""The June file, and a worker killed in the middle of it: resumed by another one, with exactly the rows of the file."""

from __future__ import annotations

import re
import signal
import time
import urllib.request
from collections.abc import Callable, Iterator
from uuid import UUID

import psutil
import pytest
from sqlalchemy import text

from app.core import auth, imports, people
from app.core.imports import ImportRun, State
from app.kernel import jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import as_identity, unit_of_work
from app.kernel.registry import registry
from tests.core.imports.conftest import sample
from tests.core.stand import Stand
from tests.infra.serving import LiveServer, wait_for

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(900)]
ROWS, CREATED, SUM, REQUESTS = 16_177, 16_176, 10_444_572_745, 1_797


@pytest.fixture
def house(live_server: LiveServer) -> Iterator[tuple[LiveServer, Stand]]:
    """A running copy with a worker and a scheduler, and an organisation in it."""
    with live_server.database.app.app_context():
        stand = Stand("council")
        with acting(stand.organisation, SYSTEM), unit_of_work():
            people.enrol("Second Owner", "second@council.example", "owner")
            for number in range(3):
                people.enrol(f"Finance {number}", f"finance{number}@council.example", "finance_approver")
        live_server.start("worker", "scheduler")
        yield live_server, stand


def begin(stand: Stand, name: str) -> tuple[str, UUID]:
    """Upload a real file, check it with the guessed mapping, and ask for its import; gives the run's reference and its job."""
    resource = registry.resource("procurement.payment")
    with stand.work():
        reference = imports.begin(resource, sample(name), name.removesuffix(".gz")).reference
    with stand.work():
        imports.start_check(imports.find_run(resource, reference), resource)
    wait_for(lambda: state(stand, reference) == State.CHECKED, 300, "the check")
    with stand.work():
        return reference, imports.start_apply(imports.find_run(resource, reference), resource).id


def state(stand: Stand, reference: str) -> State:
    with stand.work() as work:
        return work.query(ImportRun).filter_by(reference=reference).one().state


def progress(stand: Stand, job_id: UUID) -> float:
    with stand.work() as work:
        job = work.get_one(jobs.Job, (stand.organisation.id, job_id), populate_existing=True)
        return job.progress / (job.total or 1)


def figures(stand: Stand) -> tuple[int, int, int, int, int]:
    with stand.work() as work:
        return tuple(work.execute(text(
            "SELECT count(*), count(DISTINCT transaction_number), sum(amount), (SELECT count(*) FROM approval_request), "
            "(SELECT count(*) FROM audit_entry WHERE action = 'procurement.payment.create') FROM procurement_payment")).one())


@pytest.mark.requirement("OF-172", "OF-173")
def test_a_worker_killed_at_forty_percent_is_resumed_with_exact_rows(house: tuple[LiveServer, Stand]) -> None:
    server, stand = house
    reference, job_id = begin(stand, "leeds-2020-06.csv.gz")
    browse = browser(server, stand)
    seen: list[float] = []
    shown: list[int] = []

    def far_enough() -> bool:
        seen.append(progress(stand, job_id))
        assert "Payments" in browse("procurement/payments/")  # people go on working meanwhile
        shown.extend(map(int, re.findall(r"(\d+) %", browse(f"jobs/{job_id}/progress"))))
        return seen[-1] >= 0.4

    wait_for(far_enough, 300, "40 % of the import")
    kill_all(server)
    assert state(stand, reference) == State.APPLYING
    written = figures(stand)
    assert 0 < written[0] < CREATED
    assert written[3] == 0  # nothing was let go
    killed = time.monotonic()
    server.start("worker")
    wait_for(lambda: progress(stand, job_id) > seen[-1] or state(stand, reference) == State.DONE, 120, "the resumption")
    assert time.monotonic() - killed < 120
    wait_for(lambda: state(stand, reference) == State.DONE, 300, "the rest of the import")
    assert figures(stand) == (CREATED, CREATED, SUM, REQUESTS, CREATED)
    with stand.work() as work:
        run = work.query(ImportRun).filter_by(reference=reference).one()
        assert (run.row_count, run.created_count, run.refused_count, run.request_count) == (ROWS, CREATED, 1, REQUESTS)
        assert [(row.number, row.errors[0][2]) for row in imports.refused(run)] == [(16_178, "Every field is empty.")]
    shown.extend(map(int, re.findall(r"(\d+) %", browse(f"jobs/{job_id}/progress"))))
    assert shown == sorted(shown)
    assert len(set(shown)) > 2
    assert shown[-1] == 100


def test_the_other_year_comes_in_with_other_heads(house: tuple[LiveServer, Stand]) -> None:
    _server, stand = house
    reference, _job_id = begin(stand, "leeds-2011-01.csv.gz")
    wait_for(lambda: state(stand, reference) == State.DONE, 300, "the import")
    assert figures(stand)[:2] == (8_837, 8_837)


def browser(server: LiveServer, stand: Stand) -> Callable[[str], str]:
    """Reads pages of the organisation over HTTP, as its owner."""
    identity = stand.actors["owner"].identity_id
    with stand.work(), as_identity(identity):
        secret = auth.open_session(identity)
    cookie = f"{server.database.app.extensions['settings'].cookie('session').rpartition('_')[0]}_{server.port}={secret}"

    def read(path: str) -> str:
        request = urllib.request.Request(f"{server.url}/{stand.organisation.slug}/{path}", headers={"Cookie": cookie})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.read().decode()

    return read


def kill_all(server: LiveServer) -> None:
    """kill -9 of the worker and of every process that it started."""
    worker = psutil.Process(server.processes["worker"].pid)
    for process in [*worker.children(recursive=True), worker]:
        process.send_signal(signal.SIGKILL)
    server.processes["worker"].wait()
