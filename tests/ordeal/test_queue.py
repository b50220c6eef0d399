"""Kills, flushes and outages, with real workers, schedulers, Redis and mail: nothing lost, nothing twice."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import psutil
import pytest
import redis
from aiosmtpd.controller import Controller

from app.core import mail
from app.core.people import Member
from app.kernel import jobs, outbox
from app.kernel.jobs import DONE, RUNNING, WAITING
from app.kernel.outbox import OutboxRow
from app.running.ports import free_ports
from tests.core.stand import Stand
from tests.infra import serving
from tests.infra.databases import Database
from tests.infra.serving import LiveServer, wait_for
from tests.modules.hse.test_incidents import said, step
from tests.modules.office import Office
from tests.ordeal import chores

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(400)]
ADVICE = {"supplier": "Acorn", "payer": "Stand", "amount": "€7,000.00", "paid_on": "1 Jun 2020", "transaction_number": "T1",
          "purpose": "Chairs"}


WORKER = "import sys, tests.ordeal.chores, worker; sys.exit(worker.main())"


@pytest.fixture
def live(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """The parts of a running copy, none of them started, inside its application; its workers know the chores."""
    monkeypatch.setitem(serving.COMMANDS, "worker", ["-c", WORKER])
    server = LiveServer(fresh_database)
    with fresh_database.app.app_context():
        try:
            yield server
        finally:
            server.stop()


@pytest.fixture
def stand(live: LiveServer) -> Stand:
    """An organisation in that copy."""
    return Stand()


def kill_worker(live: LiveServer) -> None:
    """`kill -9` of the worker and of its horse."""
    worker = psutil.Process(live.processes["worker"].pid)
    for process in [worker, *worker.children(recursive=True)]:
        process.kill()
    live.processes["worker"].wait()


def marks(stand: Stand) -> Counter[int]:
    """How often each numbered row was written."""
    with stand.work() as work:
        return Counter(row.payload["n"] for row in work.query(OutboxRow).filter(OutboxRow.name == "ordeal.mark"))


def state_of(stand: Stand, job_id: UUID) -> Any:
    with stand.work() as work:
        job = jobs.find(job_id)
        assert job is not None
        work.expunge(job)
    return job


def ask(stand: Stand, count: int, chunk: int, pause: float) -> UUID:
    with stand.work():
        return jobs.enqueue(chores.slow_rows, count, chunk, pause, title="Slow rows", total=count).id


def once_each(count: int) -> Counter[int]:
    return Counter(dict.fromkeys(range(count), 1))


def test_a_killed_worker_is_replaced_and_its_job_resumed_exactly(live: LiveServer, stand: Stand) -> None:
    live.start("worker", "scheduler")
    job_id = ask(stand, 1000, 10, 0.05)
    wait_for(lambda: state_of(stand, job_id).progress >= 400, 60, "40 % of the job")
    kill_worker(live)
    killed, at = time.monotonic(), state_of(stand, job_id)
    assert at.state == RUNNING
    assert at.progress < 1000
    live.start("worker")
    wait_for(lambda: state_of(stand, job_id).state == DONE, 120, "the end of the resumed job")
    assert time.monotonic() - killed < 120
    assert marks(stand) == once_each(1000)
    assert state_of(stand, job_id).attempts == 2


def test_a_stopped_worker_gives_its_job_back(live: LiveServer, stand: Stand) -> None:
    live.start("worker", "scheduler")
    job_id = ask(stand, 600, 10, 0.1)
    wait_for(lambda: state_of(stand, job_id).progress >= 100, 60, "a part of the job")
    live.kill("worker", signal.SIGTERM)
    assert live.processes["worker"].wait(30) == 0
    assert state_of(stand, job_id).state == WAITING
    live.start("worker")
    wait_for(lambda: state_of(stand, job_id).state == DONE, 60, "the end of the job")
    assert marks(stand) == once_each(600)


def test_redis_is_emptied_with_five_hundred_waiting(live: LiveServer, stand: Stand) -> None:
    with stand.work():
        for n in range(500):
            outbox.put("effect", "ordeal.effect", {"n": n}, key=f"effect:{n}")
        job_id = jobs.enqueue(chores.slow_rows, 0, 1, 0).id
    redis.Redis.from_url(live.database.settings.redis_url).flushdb()
    began = time.monotonic()
    live.start("worker", "scheduler")
    wait_for(lambda: sum(marks(stand).values()) >= 500 and state_of(stand, job_id).state == DONE, 60, "all effects")
    assert time.monotonic() - began < 60
    time.sleep(3)
    assert marks(stand) == once_each(500)


def test_two_schedulers_and_two_workers_change_nothing(live: LiveServer, stand: Stand) -> None:
    live.start("worker", "scheduler")
    first = dict(live.processes)
    live.start("worker", "scheduler")
    try:
        with stand.work():
            outbox.put_many("effect", "ordeal.effect", [{"n": n} for n in range(200)])
        wait_for(lambda: sum(marks(stand).values()) >= 200, 60, "all effects")
        time.sleep(3)
        assert marks(stand) == once_each(200)
    finally:
        for process in first.values():
            process.terminate()
            process.wait(30)


def test_the_mail_server_is_away_and_comes_back(live: LiveServer, stand: Stand) -> None:
    from app.core.mail.models import MailMessage, State

    live.start("worker", "scheduler")
    with stand.work():
        for n in range(10):
            mail.send("acorn@suppliers.example", "remittance", {"advice": {**ADVICE, "reference": f"PAY-{n}"}}, key=f"r:{n}",
                      headers={"X-Effect-Id": f"effect-{n}"})

    def states() -> Counter[str]:
        with stand.work() as work:
            return Counter(row.state.value for row in work.query(MailMessage).filter_by(template="remittance"))

    wait_for(lambda: _tried(stand) >= 10, 60, "an attempt at each mail")
    wait_for(lambda: states() == {State.WAITING.value: 10}, 30, "each mail waiting for its next attempt")
    with stand.work() as work:
        assert work.get(Member, (stand.organisation.id, stand.actors["owner"].id)) is not None, "the product goes on"
    live.start("catcher")
    wait_for(lambda: states()[State.SENT.value] == 10, 90, "all mail")
    ids = [message["X-Effect-Id"] for message in _remittances(live)]
    assert sorted(ids) == sorted(f"effect-{n}" for n in range(10))


def _tried(stand: Stand) -> int:
    from app.core.mail.models import MailMessage

    with stand.work() as work:
        return sum(1 for row in work.query(MailMessage).filter_by(template="remittance") if row.last_error)


def _remittances(live: LiveServer) -> list[EmailMessage]:
    """The remittance mails that were caught; in the morning the scheduler sends digests beside them."""
    return [message for message in live.mails() if message["X-Effect-Id"]]


class Post:
    """A mail server that lets so many mails in, then keeps the next one at its door until it may go on."""

    def __init__(self, free: int) -> None:
        self.free, self.at_the_door, self.may_go_on = free, threading.Event(), threading.Event()
        self.taken: list[str] = []

    async def handle_MAIL(self, _server: Any, _session: Any, envelope: Any, address: str, options: list[str]) -> str:  # noqa: N802
        """The next mail begins."""
        if len(self.taken) == self.free and not self.may_go_on.is_set():
            self.at_the_door.set()
            while not self.may_go_on.is_set():  # noqa: ASYNC110 -- the test is in another thread
                await asyncio.sleep(0.05)
        envelope.mail_from, envelope.mail_options = address, options
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """A mail came in."""
        self.taken.append(str(message_from_bytes(envelope.content)["X-Effect-Id"]))
        return "250 OK"


@pytest.mark.requirement("OF-185")
def test_ten_mails_arrive_once_when_the_worker_is_killed_between_them(live: LiveServer, stand: Stand) -> None:
    post = Post(free=4)
    controller = Controller(post, hostname="127.0.0.1", port=free_ports())
    live.environ["SMTP_URL"] = f"smtp://127.0.0.1:{controller.port}"
    controller.start()
    try:
        live.start("worker", "scheduler")
        with stand.work():
            for n in range(10):
                mail.send("acorn@suppliers.example", "remittance", {"advice": {**ADVICE, "reference": f"PAY-{n}"}}, key=f"r:{n}",
                          headers={"X-Effect-Id": f"effect-{n}"})
        assert post.at_the_door.wait(120), f"only {len(post.taken)} came before"
        kill_worker(live)
        post.may_go_on.set()
        live.start("worker")
        wait_for(lambda: len(post.taken) >= 10, 120, "all mail")
        time.sleep(5)
    finally:
        controller.stop()
    assert sorted(post.taken) == [f"effect-{n}" for n in range(10)], "all ten, none twice"


def test_no_mail_is_lost_when_the_worker_is_killed_at_any_moment(live: LiveServer, stand: Stand) -> None:
    live.start("catcher", "worker", "scheduler")
    with stand.work():
        for n in range(10):
            mail.send("acorn@suppliers.example", "remittance", {"advice": {**ADVICE, "reference": f"PAY-{n}"}}, key=f"r:{n}",
                      headers={"X-Effect-Id": f"effect-{n}"})
    wait_for(lambda: _remittances(live), 60, "the first mail")
    kill_worker(live)
    live.start("worker")
    wait_for(lambda: len({message["X-Effect-Id"] for message in _remittances(live)}) == 10, 120, "all mail")
    time.sleep(2)
    assert len(_remittances(live)) <= 11, "one repeat at most for one kill"
    assert len({message["Message-ID"] for message in _remittances(live)}) == 10


def test_redis_is_away_while_work_is_asked_for(live: LiveServer, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    from app.kernel import carrier

    def away(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(carrier, "push", away)
    began = time.monotonic()
    with stand.work():
        outbox.put_many("effect", "ordeal.effect", [{"n": n} for n in range(50)])
    assert time.monotonic() - began < 5
    live.start("worker", "scheduler")
    wait_for(lambda: sum(marks(stand).values()) >= 50, 60, "all effects")
    assert marks(stand) == once_each(50)


@pytest.mark.requirement("OF-200")
def test_a_business_event_is_mailed_within_a_minute_untouched(live: LiveServer) -> None:
    office = Office()
    live.start("catcher", "worker", "scheduler")
    incident = office.make("hse.incident", "mo", said(office)).record
    for title, limit in (("Mats at the gate", 180), ("Salt in the yard", 60)):  # the first one waits for the processes to start
        asked = time.monotonic()
        step(office, incident, title=title)
        wait_for(lambda title=title: any(title in str(message["Subject"]) for message in live.mails()), limit, f"the mail about {title}")
    assert time.monotonic() - asked < 60
