"""What is away and comes back: Redis, PostgreSQL, the mail server, room on the disk; each part is told to end under load."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path
from typing import Any

import psutil
import pytest
from flask import Flask
from rq import Queue
from rq.serializers import JSONSerializer
from sqlalchemy import text

from app.core import audit, auth
from app.kernel import carrier, jobs, outbox
from app.kernel.config import PROJECT
from app.kernel.db import as_identity, db
from app.kernel.jobs import DONE
from app.kernel.outbox import OutboxRow
from app.modules.procurement.models import Supplier
from tests.core.stand import Stand
from tests.infra.databases import make_app
from tests.infra.installation import Installation
from tests.infra.serving import wait_for
from tests.ordeal import chores
from tests.ordeal.visiting import Browser

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(300)]
WORKER = "import sys, tests.ordeal.chores, worker; sys.exit(worker.main())"
PAGE, NEW = "/procurement/suppliers/", "/procurement/suppliers/new"
STORY = 'Delivers on Fridays; ring <twice> at "gate 4"'


class House(Installation):
    """An installation on servers of its own, whose workers know the chores, and an organisation in it."""

    app: Flask
    stand: Stand

    def command(self, part: str) -> list[str]:
        """What starts a part."""
        known = {"worker": [sys.executable, "-c", WORKER], "effects": [sys.executable, "-c", WORKER, "effects"]}
        return known.get(part) or super().command(part)

    def marks(self) -> Counter[int]:
        """How often each numbered row was written."""
        with self.stand.work() as work:
            return Counter(row.payload["n"] for row in work.query(OutboxRow).filter(OutboxRow.name == "ordeal.mark"))

    def put(self, numbers: range) -> None:
        """Owe an effect for each number."""
        with self.stand.work():
            outbox.put_many("effect", "ordeal.effect", [{"n": n} for n in numbers])

    def browser(self) -> Browser:
        """The owner's browser, signed in."""
        identity = self.stand.actors["owner"].identity_id
        with self.stand.work(), as_identity(identity):
            secret = auth.open_session(identity)
        browser = Browser(self.url.replace("127.0.0.1", "localhost"))
        browser.hold(self.app.extensions["settings"].cookie("session"), secret)
        return browser

    def address(self, path: str) -> str:
        """A page of the organisation."""
        return f"/{self.stand.organisation.slug}{path}"


@pytest.fixture(scope="module")
def prepared() -> Iterator[House]:
    """The servers with an empty migrated database, and the application on them; none of the parts."""
    house = House(PROJECT, BASE_URL="", OUTBOUND_ALLOW="127.0.0.1")
    try:
        house.prepare()
        house.app = make_app(house.environ)
        yield house
    finally:
        house.close()


@pytest.fixture
def house(prepared: House) -> Iterator[House]:
    """The installation with both servers up, no part running, and an organisation of the test's own."""
    with prepared.app.app_context():
        prepared.stand = Stand()
        try:
            yield prepared
        finally:
            prepared.stop()
            prepared.processes.clear()
            prepared.postgres.start()
            prepared.redis.start()
            db.session.remove()
            db.engine.dispose()


def once_each(count: int) -> Counter[int]:
    return Counter(dict.fromkeys(range(count), 1))


def test_redis_is_killed_and_comes_back_empty_with_jobs_waiting(house: House) -> None:
    house.start("web", "scheduler")
    browser = house.browser()
    house.put(range(400))
    with house.stand.work():
        job_id = jobs.enqueue(chores.slow_rows, 0, 1, 0).id
    house.redis.kill()
    house.start("worker", "effects")
    house.put(range(400, 500))
    began = time.monotonic()
    assert browser.get(house.address(PAGE)).status == 200
    made = browser.post(house.address(NEW), {"name": "Made without Redis"})
    assert made.status == 303
    assert time.monotonic() - began < 10
    assert house.status("/readyz") == 200
    time.sleep(3)
    house.redis.start()
    back = time.monotonic()
    wait_for(lambda: sum(house.marks().values()) >= 500 and _state(house, job_id) == DONE, 60, "all effects")
    assert time.monotonic() - back < 60
    time.sleep(2)
    assert house.marks() == once_each(500)
    assert all(process.poll() is None for process in house.processes.values())


def test_redis_dies_in_the_middle_of_the_work(house: House) -> None:
    house.start("worker", "effects", "scheduler")
    house.put(range(500))
    wait_for(lambda: sum(house.marks().values()) >= 50, 60, "a part of the effects")
    house.redis.kill()
    time.sleep(1)
    house.redis.start()
    wait_for(lambda: sum(house.marks().values()) >= 500, 60, "all effects")
    time.sleep(2)
    assert house.marks() == once_each(500)


def test_workers_end_when_told_although_redis_is_away(house: House) -> None:
    house.start("worker", "effects", "scheduler")
    house.put(range(5))
    wait_for(lambda: house.marks() == once_each(5), 60, "workers at work")
    house.redis.kill()
    time.sleep(3)
    for process in house.processes.values():
        process.send_signal(signal.SIGTERM)
    codes = {part: process.wait(30) for part, process in house.processes.items()}
    assert codes == dict.fromkeys(codes, 0), house.log.read_text(errors="replace")[-3000:]


def _state(house: House, job_id: Any) -> str:
    with house.stand.work():
        job = jobs.find(job_id)
        assert job is not None
        return job.state


def test_postgresql_is_away_and_what_was_typed_is_kept(house: House) -> None:
    house.start("web", "worker", "scheduler")
    browser = house.browser()
    page = browser.get(house.address(NEW))
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    house.postgres.stop()
    began = time.monotonic()
    reading, api = browser.get(house.address(PAGE)), browser.get("/api/v1/x/procurement/suppliers/")
    sent = browser.form(house.address(NEW), {"name": "Acorn", "note": STORY, "csrf_token": token})
    assert time.monotonic() - began < 15
    for answer in (reading, api, sent):
        assert answer.status == 503, house.log.read_text()[-6000:]
        assert int(answer.headers["Retry-After"]) > 0
    assert "The database does not answer" in reading.text
    assert api.headers["Content-Type"].startswith("application/problem+json")
    assert (house.status("/healthz"), house.status("/readyz")) == (200, 503)
    action, kept = _form(sent.text)
    assert (kept["name"], kept["note"]) == ("Acorn", STORY)
    assert browser.form(action, kept).status == 503
    house.postgres.start()
    wait_for(lambda: house.status("/readyz") == 200, 20, "readiness")
    assert browser.get(house.address(PAGE)).status == 200
    assert browser.form(action, kept).status == 303
    db.session.remove()
    with house.stand.work() as work:
        assert [(row.name, row.note) for row in work.query(Supplier)] == [("Acorn", STORY)]
    house.put(range(20))
    wait_for(lambda: house.marks() == once_each(20), 60, "effects by the same worker and scheduler")
    assert all(process.poll() is None for process in house.processes.values())


def _form(page: str) -> tuple[str, dict[str, str]]:
    """Where the page would send what was typed, and what that is."""
    found = re.search(r'<form method="post" action="(/[^"]+/new[^"]*)">(.*?)</form>', page, re.DOTALL)
    assert found, page
    return unescape(found[1]), {name: unescape(value) for name, value in re.findall(r'name="([^"]+)" value="([^"]*)"', found[2])}


@pytest.mark.requirement("FL-073")
def test_the_trail_is_the_same_after_a_restart_of_everything(house: House) -> None:
    parts = ("web", "worker", "scheduler")
    house.start(*parts)
    with house.stand.work():
        for n in range(20):
            audit.note("probe.kept", context={"n": n})
    before = [(row.id, row.at, row.context, row.digest) for row in house.stand.entries(action="probe.kept")]
    for part in parts:
        house.kill(part)
    house.postgres.stop()
    house.postgres.start()
    house.start(*parts)
    wait_for(lambda: house.status("/readyz") == 200, 30, "readiness")
    db.session.remove()
    assert [(row.id, row.at, row.context, row.digest) for row in house.stand.entries(action="probe.kept")] == before
    assert [context["n"] for _id, _at, context, _digest in before] == list(range(20))
    audit.seal(house.stand.organisation.id)
    (chain,) = audit.verify([house.stand.organisation.id], patience=5)
    assert chain.problem == ""


def test_nothing_is_there_at_the_start(house: House) -> None:
    browser, address = house.browser(), house.address(PAGE)
    house.redis.kill()
    house.postgres.stop()
    house.start("web", "worker", "effects", "scheduler")
    assert (house.status("/healthz"), house.status("/readyz")) == (200, 503)
    time.sleep(4)
    assert all(process.poll() is None for process in house.processes.values())
    house.postgres.start()
    wait_for(lambda: house.status("/readyz") == 200, 20, "readiness without Redis")
    assert browser.get(address).status == 200
    house.redis.start()
    house.put(range(20))
    wait_for(lambda: house.marks() == once_each(20), 60, "effects")
    assert (house.status("/healthz"), house.status("/readyz")) == (200, 200)


def test_a_mail_server_that_is_away_is_shown(house: House) -> None:
    from app.core import mail

    house.start("web", "worker", "scheduler")
    advice = {"supplier": "Acorn", "payer": "Stand", "amount": "€7,000.00", "paid_on": "1 Jun 2020", "transaction_number": "T1",
              "purpose": "Chairs", "reference": "PAY-1"}
    with house.stand.work():
        mail.send("acorn@suppliers.example", "remittance", {"advice": advice}, key="r:1")
    browser = house.browser()
    shown = wait_for(lambda: re.search(r"mail server is away[^<]*", browser.get(house.address("/mail/")).text), 60, "the reason")
    assert shown
    assert browser.get(house.address(PAGE)).status == 200
    house.start("catcher")
    wait_for(lambda: len(house.mails()) == 1, 60, "the mail")


def test_every_part_ends_under_load_without_losing_anything(house: House) -> None:
    house.start("web", "worker", "effects", "scheduler")
    with house.stand.work():
        job_id = jobs.enqueue(chores.slow_rows, 2000, 20, 0.05, total=2000).id
    with load(house) as answers:
        wait_for(lambda: len(answers) > 100 and _progress(house, job_id) > 100, 60, "load")
        told = time.monotonic()
        for process in house.processes.values():
            process.send_signal(signal.SIGTERM)
        codes = {part: process.wait(30) for part, process in house.processes.items()}
        assert time.monotonic() - told < 30
    assert codes == dict.fromkeys(codes, 0)
    assert [status for status in answers if status >= 500] == []
    assert answers.count(200) + answers.count(303) > 50
    assert _state(house, job_id) in (jobs.WAITING, DONE)
    house.start("worker", "scheduler")
    wait_for(lambda: _state(house, job_id) == DONE, 60, "the rest of the job")
    assert house.marks() == once_each(2000)


def _progress(house: House, job_id: Any) -> int:
    with house.stand.work():
        job = jobs.find(job_id)
        assert job is not None
        return job.progress


@contextmanager
def load(house: House, threads: int = 6) -> Iterator[list[int]]:
    """Within the block so many people read and write pages; gives each answer's status (0 where there was none)."""
    answers: list[int] = []
    ended, numbers = threading.Event(), itertools.count()
    browsers = [house.browser() for _ in range(threads)]
    address, new = house.address(PAGE), house.address(NEW)

    def visit(browser: Browser) -> None:
        while not ended.is_set():
            for ask in (lambda: browser.get(address), lambda: browser.post(new, {"name": f"Under load {next(numbers)}"})):
                try:
                    answers.append(ask().status)
                except (OSError, AssertionError):
                    answers.append(0)
                    time.sleep(0.05)

    visitors = [threading.Thread(target=visit, args=(browser,)) for browser in browsers]
    for each in visitors:
        each.start()
    try:
        yield answers
    finally:
        ended.set()
        for each in visitors:
            each.join(30)


def test_two_schedulers_let_each_tick_happen_once(house: House) -> None:
    house.start("scheduler")
    first = house.processes.pop("scheduler")
    house.start("scheduler", "worker")
    try:
        made = text("SELECT function, (SELECT extract(epoch FROM created_at)::bigint / 60) AS minute, count(*) FROM job "
                    "WHERE quiet AND function LIKE '%escalate%' GROUP BY 1, 2")
        seen: list[Any] = []
        until = time.monotonic() + 75
        while time.monotonic() < until:
            with house.stand.work() as work:
                seen = list(work.execute(made))
            time.sleep(1)
        assert len(seen) >= 2, "a minute has passed"
        assert {row.count for row in seen} == {1}
    finally:
        first.terminate()
        assert first.wait(30) == 0


def test_a_call_delivered_twenty_times_is_one_piece_of_work(house: House) -> None:
    with house.stand.work():
        jobs.enqueue(chores.slow_rows, 100, 10, 0.02, total=100)
    house.put(range(100, 200))
    organisation = str(house.stand.organisation.id)
    for name, function, arguments in (("jobs", "app.kernel.jobs.turn", [organisation]),
                                      ("effects", "app.kernel.outbox.drain", [organisation])):
        queue = Queue(name, connection=carrier.connection(), serializer=JSONSerializer)
        for _ in range(20):
            queue.enqueue(function, *arguments, result_ttl=0)
    house.start("worker", "effects")
    first = house.processes.pop("worker")
    house.start("worker")
    try:
        wait_for(lambda: sum(house.marks().values()) >= 200, 60, "all work")
        wait_for(lambda: not Queue("jobs", connection=carrier.connection(), serializer=JSONSerializer).count, 60, "the calls")
        assert house.marks() == once_each(200)
    finally:
        first.terminate()
        first.wait(30)


def test_a_full_disk_is_a_refusal_and_no_crash(house: House) -> None:
    with small_disk(house.home / "var"):
        house.start("web", "worker", "scheduler")
        browser, page = house.browser(), house.address("/procurement/suppliers/import")
        rows = b"Name,Contact,Note\n" + b"".join(b"Supplier %06d,c,%s\n" % (n, b"n" * 900) for n in range(9_000))
        refused = browser.post(page, {}, files={"file": ("suppliers.csv", rows)})
        assert refused.status == 503
        assert "no room left" in refused.text
        (house.home / "var" / "filler").write_bytes(b"x" * _room(house.home / "var"))
        time.sleep(5)  # checkpoints of the trail cannot be anchored meanwhile
        assert browser.get(house.address(PAGE)).status == 200
        assert browser.post(house.address(NEW), {"name": "Small enough"}).status == 303
        house.put(range(20))
        wait_for(lambda: house.marks() == once_each(20), 60, "effects")
        before = {part: process.pid for part, process in house.processes.items()}
        assert all(process.poll() is None for process in house.processes.values())
        (house.home / "var" / "filler").unlink()
        small = browser.post(page, {}, files={"file": ("suppliers.csv", rows[:20_000].rpartition(b"\n")[0])})
        assert small.status == 303, "back by itself"
        assert {part: process.pid for part, process in house.processes.items()} == before
        assert len(psutil.Process(before["web"]).children()) == int(house.settings["WEB_CONCURRENCY"])
        house.stop()


@contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Within the block the folder is a disk of 4 MB."""
    assert os.geteuid() == 0, "this test mounts a small disk: run it as root (or in a container)"
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m,mode=711", "tmpfs", folder], check=True)
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def _room(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
