"""The runbooks of background work, walked through: each incident is made to happen, and its steps end it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient

from app.core import mail, scheduler
from app.core.mail import smtp
from app.core.mail.models import MailMessage, State
from app.core.scheduler import own as schedules
from app.core.scheduler.models import Outcome, Repeats, Schedule, ScheduleRun, Status
from app.kernel import carrier, clock, jobs, outbox
from app.kernel.config import PROJECT
from app.kernel.db import unit_of_work
from app.kernel.jobs import DONE, FAILED, RUNNING
from app.kernel.outbox import OutboxRow
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.audit.house import signed_in, token_of
from tests.core.mail.test_mail import ADVICE, Server
from tests.core.stand import Stand
from tests.infra.databases import Database

RUNBOOKS = PROJECT / "docs" / "runbooks"
STUCK = (RUNBOOKS / "stuck-jobs.md").read_text(encoding="utf-8")
REPLAY = (RUNBOOKS / "replay-failed-work.md").read_text(encoding="utf-8")
SAME = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
BROKEN: list[bool] = []


class House:
    """A database that commits, an organisation in it, and its owner at a browser."""

    def __init__(self, database: Database) -> None:
        self.database, self.stand = database, Stand()
        self.owner: FlaskClient = signed_in(database.app, self.stand, "owner")
        self.root = f"/{self.stand.organisation.slug}"
        outbox.drain(self.stand.organisation.id)

    def ask(self, *arguments: Any, **said: Any) -> UUID:
        """A job that writes marks."""
        with self.stand.work():
            return jobs.enqueue(steps, *arguments, **said).id

    def job(self, job_id: UUID) -> Any:
        """As it is now."""
        with self.stand.work() as work:
            found = jobs.find(job_id)
            assert found is not None
            work.expunge(found)
        return found

    def marks(self) -> list[int]:
        """What the jobs wrote, in order."""
        with self.stand.work() as work:
            rows = work.query(OutboxRow.payload).filter(OutboxRow.name == "test.mark").order_by(OutboxRow.id)
            return [payload["n"] for (payload,) in rows]

    def press(self, address: str, page: str) -> int:
        """A button of a page."""
        answer = self.owner.post(address, data={"csrf_token": token_of(self.owner, page)}, headers=SAME)
        return int(answer.status_code)

    def sweep(self) -> int:
        """`flask scheduler sweep`, as the runbook says."""
        done = self.database.app.test_cli_runner().invoke(args=["scheduler", "sweep", "--json"])
        assert done.exit_code == 0, done.output
        return int(json.loads(done.output)["calls"])

    def work(self) -> None:
        """What a worker does with the calls that wait; what Redis was too slow to take, the sweep carries, as it does every few seconds."""
        client = carrier.connection()
        waiting = {name: client.llen(f"rq:queue:{name}") for name in carrier.QUEUES}
        if not any(waiting.values()) and self.sweep():
            waiting = {name: client.llen(f"rq:queue:{name}") for name in carrier.QUEUES}
        client.flushdb()
        if waiting["effects"]:
            outbox.drain(self.stand.organisation.id)
        while waiting["jobs"] and jobs.turn(self.stand.organisation.id):
            pass


def steps(count: int) -> None:
    """A job of so many steps, each with its mark; it breaks at the third while the machine is broken."""
    job = jobs.current_job()
    for n in range(job.cursor or 0, count):
        if BROKEN and n == 2:
            raise outbox.GiveUp("The disk is full.")
        with unit_of_work() as work:
            work.add(OutboxRow(kind="mark", name="test.mark", payload={"n": n}, state="done"))
            job.advance(1, cursor=n + 1)
        job.checkpoint()


@pytest.fixture
def house(fresh_database: Database) -> Iterator[House]:
    """Where the incidents happen."""
    BROKEN.clear()
    with fresh_database.app.app_context():
        made = House(fresh_database)
        carrier.connection().flushdb()
        yield made


def incident(number: int, *words: str) -> None:
    """The runbook has this incident, and names these steps of it."""
    part = STUCK.split(f"## {number}. ")[1].split("\n## ")[0]
    assert [word for word in words if word not in part] == []


@pytest.mark.requirement("PK-079")
def test_the_document_on_replay_begins_a_failed_job_again_once(house: House) -> None:
    BROKEN.append(True)
    job_id = house.ask(4, title="Count")
    jobs.run(job_id, house.stand.organisation.id)
    assert (house.job(job_id).state, house.marks()) == (FAILED, [0, 1])
    failed = house.owner.get(f"{house.root}/jobs/?of=failed").text  # step 1
    assert "Count" in failed
    assert "The disk is full." in failed
    BROKEN.clear()  # step 2
    page = f"{house.root}/jobs/{job_id}/"
    assert "Try again" in REPLAY
    assert "Try again" in house.owner.get(page).text
    assert house.press(f"{page}retry", page) == 303  # step 3
    house.work()
    assert (house.job(job_id).state, house.marks()) == (DONE, [0, 1, 2, 3]), "it went on where it stopped, and did nothing twice"  # step 4
    assert "Count" not in house.owner.get(f"{house.root}/jobs/?of=failed").text
    assert house.stand.entries(action="jobs.job.retry")
    assert house.press(f"{page}retry", page) == 409, "what is done is not begun again"


@pytest.mark.requirement("PK-082")
@pytest.mark.requirement("PK-080")
def test_redis_emptied_and_no_worker_alive(house: House) -> None:
    incident(1, "flask scheduler sweep", "Longest wait")
    incident(4, "start one", "falls to 0")
    asked = [house.ask(1) for _each in range(20)]
    carrier.connection().flushdb()
    with clock.at(clock.now() + timedelta(minutes=5)):
        page = house.owner.get(f"{house.root}/jobs/overview").text
        assert re.search(r"Longest wait</dt><dd[^>]*>5 minutes", page)
        assert re.search(r"Waiting</dt><dd[^>]*>20<", page)
        for _round in range(2):
            house.sweep()
            house.work()
        assert house.sweep() == 0, "nothing is due any more"
        assert re.search(r"Waiting</dt><dd[^>]*>0<", house.owner.get(f"{house.root}/jobs/overview").text)
    assert {house.job(each).state for each in asked} == {DONE}
    assert len(house.marks()) == 20


@pytest.mark.requirement("PK-080")
def test_a_worker_killed_in_the_middle(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    class Killed(BaseException):
        """A kill, as seen from inside."""

    incident(2, "30 seconds", "two attempts")
    job_id = house.ask(3)
    with monkeypatch.context() as patch:
        patch.setattr("app.kernel.running.Running.checkpoint", lambda _job: (_ for _ in ()).throw(Killed))
        with pytest.raises(Killed):
            jobs.run(job_id, house.stand.organisation.id)
    assert (house.job(job_id).state, house.marks()) == (RUNNING, [0])
    carrier.connection().flushdb()  # the call went with the worker that took it
    with clock.at(clock.now() + timedelta(seconds=31)):
        assert house.sweep() >= 1
        house.work()
    assert (house.job(job_id).state, house.job(job_id).attempts, house.marks()) == (DONE, 2, [0, 1, 2])


@pytest.mark.requirement("PK-080")
def test_a_job_that_failed_for_good(house: House) -> None:
    incident(3, "Begin all again", "Discard")
    BROKEN.append(True)
    first, second = house.ask(3), house.ask(3)
    for job_id in (first, second):
        jobs.run(job_id, house.stand.organisation.id)
    assert house.press(f"{house.root}/jobs/{second}/discard", f"{house.root}/jobs/{second}/") == 303
    BROKEN.clear()
    assert house.press(f"{house.root}/jobs/replay", f"{house.root}/jobs/?of=failed") == 303
    house.work()
    assert (house.job(first).state, house.job(second).state) == (DONE, "cancelled")
    assert "No jobs" in house.owner.get(f"{house.root}/jobs/?of=failed").text


@pytest.mark.requirement("PK-080")
def test_a_schedule_that_does_not_run(house: House) -> None:
    incident(5, "Paused", "Resume")
    with house.stand.work() as work:
        schedule = Schedule(title="Chore", task="files.clear_away", status=Status.ACTIVE, timezone="UTC", failures=0,
                            repeats=Repeats.DAILY, at="13:00")
        schedules.before_save(schedule)
        assign([schedule])
        refresh_keys(schedule)
        work.add(schedule)
        work.flush()
        schedules.pause(schedule)
        schedule_id, page = schedule.id, f"{house.root}/scheduler/schedules/{schedule.reference}/"
    with clock.at(clock.now() + timedelta(days=2)):
        assert scheduler.serve(house.stand.organisation, schedule_id) == 0
    assert "Paused" in house.owner.get(page).text
    assert house.press(f"{page}resume", page) == 303
    with house.stand.work() as work:
        due = work.get_one(Schedule, (house.stand.organisation.id, schedule_id)).next_at
        assert due is not None
    with clock.at(due):
        assert scheduler.serve(house.stand.organisation, schedule_id) == 1
        house.work()
    with house.stand.work() as work:
        assert work.query(ScheduleRun.outcome).scalar() == Outcome.DONE


@pytest.mark.requirement("PK-080")
def test_the_mail_server_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    incident(6, "two\nminutes", "in its order")
    server = Server()
    monkeypatch.setattr(smtp, "_connection", server.answer)
    server.trouble = ConnectionRefusedError()
    with house.stand.work():
        for n in range(3):
            mail.send("acorn@suppliers.example", "remittance", {"advice": {**ADVICE["advice"], "reference": f"PAY-{n}"}})
    house.work()
    log = house.owner.get(f"{house.root}/mail/?state=waiting").text
    assert log.count("away") >= 3
    server.trouble = None
    with clock.at(clock.now() + timedelta(minutes=2)):
        house.sweep()
        house.work()
    assert [str(each["Subject"]).split(":")[0][-1] for each in server.taken] == ["0", "1", "2"]
    with house.stand.work() as work:
        assert {state for (state,) in work.query(MailMessage.state).filter_by(template="remittance")} == {State.SENT}


@pytest.mark.requirement("PK-080")
def test_an_effect_that_does_not_get_through(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    incident(7, "Undelivered effects", "Retry now", "Give up")
    for n in (1, 2):
        with house.stand.work():
            outbox.put("effect", "test.lost", {"n": n})
    house.work()
    page = f"{house.root}/settings/undelivered/"
    buttons = re.findall(r'action="([^"]+/(?:retry|give-up))"', house.owner.get(page).text)
    assert len(buttons) == 4
    given = {}
    monkeypatch.setitem(outbox._handlers, "test.lost", outbox.Handler("test.lost", lambda payload, _row: given.update(payload)))
    assert house.press(next(each for each in buttons if each.endswith("retry")), page) == 303
    house.work()
    left = re.findall(r'action="([^"]+give-up)"', house.owner.get(page).text)
    assert len(left) == 1
    assert house.press(left[0], page) == 303
    assert len(given) == 1
    assert "Everything got through" in house.owner.get(page).text
