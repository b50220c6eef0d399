"""Jobs: their truth is a row; they resume, stop, fail and say so."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.kernel import attempt, carrier, clock, delivery, jobs
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Conflict, DeclarationError, Unavailable
from app.kernel.jobs import CANCELLED, DONE, FAILED, HELD, RUNNING, WAITING, Job
from app.kernel.outbox import OutboxRow
from app.kernel.running import Lost, Running
from tests.core.stand import Stand

SEEN: dict[str, Any] = {}


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    SEEN.clear()
    return Stand()


def add_marks(count: int, stop_at: int = 0) -> dict[str, int]:
    """A long job: a row a step, ten a chunk."""
    job = jobs.current_job()
    for first in range(job.cursor or 0, count, 10):
        with unit_of_work() as work:
            work.add_all(OutboxRow(kind="mark", name="test.mark", payload={"n": n}, state="done") for n in range(first, first + 10))
            job.advance(10, f"at {first}", cursor=first + 10)
        if stop_at == first + 10:
            SEEN["stop"](job)
        job.checkpoint()
    job.log("that was all")
    return {"rows": count}


def look_around() -> None:
    """Notes who it is run as."""
    SEEN.update(user=current.user.id, organisation=current.organisation.slug, channel=current.channel)


def fail() -> None:
    """Fails in a way that may pass."""
    raise RuntimeError("broken")


def refuse() -> None:
    """Fails in a way that will not pass."""
    raise Conflict("Not any more.")


def finish_at_once() -> None:
    """Is done in the same commit as what it wrote."""
    with unit_of_work() as work:
        work.add(OutboxRow(kind="mark", name="test.mark", payload={}, state="done"))
        jobs.current_job().finish(result={"ok": True})


def ask(stand: Stand, fn: Any, *arguments: Any, **said: Any) -> UUID:
    """Ask for a job."""
    with stand.work():
        return jobs.enqueue(fn, *arguments, **said).id


def run(stand: Stand, job_id: UUID) -> bool:
    """What a worker does."""
    return jobs.run(job_id, stand.organisation.id)


def job_of(stand: Stand, job_id: UUID) -> Job:
    """The row as it is now."""
    with stand.work() as work:
        job = jobs.find(job_id)
        assert job is not None
        work.expunge(job)
    return job


def marks(stand: Stand) -> int:
    with stand.work() as work:
        return work.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.name == "test.mark")) or 0


def test_it_runs_once_with_progress_log_and_result(stand: Stand) -> None:
    job_id = ask(stand, add_marks, 100, title="Add", total=100)
    assert run(stand, job_id)
    assert not run(stand, job_id), "delivered twice, done once"
    job = job_of(stand, job_id)
    assert (job.state, job.progress, job.percent, job.result, marks(stand)) == (DONE, 100, 100, {"rows": 100}, 100)
    with stand.work():
        assert [line.text for line in jobs.lines(job_id)] == ["that was all"]


def test_it_runs_as_who_asked(stand: Stand) -> None:
    run(stand, ask(stand, look_around))
    assert SEEN["user"] == stand.actors["owner"].id
    assert (SEEN["organisation"], SEEN["channel"]) == (stand.organisation.slug, "job")


def test_it_leaves_with_the_commit_only(stand: Stand) -> None:
    client = carrier.connection()
    client.flushdb()
    with pytest.raises(ZeroDivisionError), stand.work():
        jobs.enqueue(look_around)
        raise ZeroDivisionError
    assert client.llen("rq:queue:jobs") == 0
    ask(stand, look_around)
    assert client.llen("rq:queue:jobs") == 1


def test_an_open_key_gives_the_job_that_is_there(stand: Stand) -> None:
    first = ask(stand, look_around, key="one")
    assert ask(stand, look_around, key="one") == first
    run(stand, first)
    assert ask(stand, look_around, key="one") != first


@pytest.mark.requirement("PK-076")
def test_it_resumes_from_its_cursor_when_the_worker_is_lost(stand: Stand) -> None:
    class Killed(BaseException):
        """What a kill looks like from inside: nothing after it runs."""

    def die(_: Running) -> None:
        raise Killed

    SEEN["stop"] = die
    job_id = ask(stand, add_marks, 100, 40, total=100)
    with pytest.raises(Killed):
        run(stand, job_id)
    assert (job_of(stand, job_id).state, marks(stand)) == (RUNNING, 40)
    assert not run(stand, job_id), "its lease still stands"
    SEEN["stop"] = lambda _: None
    with clock.at(clock.now() + timedelta(seconds=60)):
        assert run(stand, job_id)
    job = job_of(stand, job_id)
    assert (job.state, job.attempts, job.progress, marks(stand)) == (DONE, 2, 100, 100)


def test_an_attempt_that_was_taken_over_can_write_no_more(stand: Stand) -> None:
    job_id = ask(stand, add_marks, 100)
    first = attempt._claim(job_id, stand.organisation.id)
    assert first is not None
    stale = Running(first)
    with clock.at(clock.now() + timedelta(seconds=60)):
        assert run(stand, job_id)
    before = marks(stand)
    with pytest.raises(Lost), stand.work() as work:
        work.add(OutboxRow(kind="mark", name="test.mark", payload={}, state="done"))
        stale.advance(10, cursor=10)
    assert marks(stand) == before


def test_cancelled_while_it_waits(stand: Stand) -> None:
    job_id = ask(stand, add_marks, 100)
    with stand.work():
        assert jobs.cancel(job_id)
    assert not run(stand, job_id)
    assert (job_of(stand, job_id).state, marks(stand)) == (CANCELLED, 0)


def test_cancelled_while_it_runs_and_begun_again(stand: Stand) -> None:
    job_id = ask(stand, add_marks, 100, 30, total=100)

    def stop(_: Running) -> None:
        with stand.work():
            assert jobs.cancel(job_id)

    SEEN["stop"] = stop
    assert not run(stand, job_id)
    assert job_of(stand, job_id).state == CANCELLED
    assert 30 <= marks(stand) <= 40
    with stand.work():
        assert jobs.retry(job_id)
    SEEN["stop"] = lambda _: None
    assert run(stand, job_id)
    assert marks(stand) == 100


def test_a_failure_is_tried_again_later_then_shown(stand: Stand) -> None:
    job_id = ask(stand, fail, attempts=2)
    assert not run(stand, job_id)
    job = job_of(stand, job_id)
    assert (job.state, job.error) == (WAITING, "RuntimeError: broken")
    assert not run(stand, job_id), "not due yet"
    with clock.at(job.due_at + timedelta(seconds=1)):
        assert not run(stand, job_id)
    assert job_of(stand, job_id).state == FAILED
    with stand.work():
        assert jobs.retry(job_id)
    assert job_of(stand, job_id).state == WAITING


def stumble(times: int) -> str:
    """Fails so many times, then succeeds."""
    SEEN["tries"] = [*SEEN.get("tries", []), clock.now()]
    if len(SEEN["tries"]) <= times:
        raise RuntimeError(f"stumbled at {len(SEEN['tries'])}")
    return "up"


@pytest.mark.requirement("PK-075")
@pytest.mark.requirement("OF-211")
def test_failing_twice_then_succeeding_takes_three_attempts_at_growing_intervals(stand: Stand) -> None:
    job_id = ask(stand, stumble, 2)
    for _attempt in range(3):
        with clock.at(job_of(stand, job_id).due_at):
            run(stand, job_id)
    first, second = ((later - earlier).total_seconds() for earlier, later in itertools.pairwise(SEEN["tries"]))
    assert 1.5 <= first <= 2.6 < 3 <= second <= 5.1, "doubling, spread by a quarter"
    job = job_of(stand, job_id)
    assert (job.state, job.attempts, job.error) == (DONE, 3, "")
    assert len({delivery.back_off(3) for _each in range(20)}) > 1, "spread, so that not all come back at once"
    assert delivery.back_off(30) <= 3600 * 1.25, "at most an hour apart"
    hopeless = ask(stand, fail)
    for _attempt in range(jobs.ATTEMPTS):
        with clock.at(job_of(stand, hopeless).due_at):
            run(stand, hopeless)
    assert (job_of(stand, hopeless).state, job_of(stand, hopeless).attempts) == (FAILED, jobs.ATTEMPTS), "and no more often than that"


def test_what_failed_can_be_discarded(stand: Stand) -> None:
    job_id = ask(stand, refuse)
    with stand.work():
        assert not jobs.discard(job_id), "it has not failed"
    run(stand, job_id)
    with stand.work():
        after = jobs.enqueue(look_around, after=(job_id,)).id
    with stand.work():
        assert jobs.discard(job_id)
        assert jobs.replay() == 0
    assert (job_of(stand, job_id).state, job_of(stand, job_id).error) == (CANCELLED, "Not any more.")
    assert job_of(stand, after).state == CANCELLED, "what needs it will not come either"


def test_a_refusal_is_not_tried_again(stand: Stand) -> None:
    job_id = ask(stand, refuse)
    assert not run(stand, job_id)
    job = job_of(stand, job_id)
    assert (job.state, job.error) == (FAILED, "Not any more.")


def test_finish_inside_the_work_is_one_commit(stand: Stand) -> None:
    job_id = ask(stand, finish_at_once)
    assert run(stand, job_id)
    assert (job_of(stand, job_id).state, job_of(stand, job_id).result, marks(stand)) == (DONE, {"ok": True}, 1)


def test_a_worker_told_to_stop_gives_the_job_back(stand: Stand) -> None:
    job_id = ask(stand, add_marks, 100, 20, total=100)
    SEEN["stop"] = lambda _: delivery.stop()
    try:
        assert not run(stand, job_id)
    finally:
        delivery._stopping.clear()
    assert (job_of(stand, job_id).state, job_of(stand, job_id).progress) == (WAITING, 20)
    SEEN["stop"] = lambda _: None
    assert run(stand, job_id)
    assert marks(stand) == 100


def test_a_job_of_somebody_who_left_does_not_run(stand: Stand) -> None:
    from app.core.people import Member

    with stand.work("member"):
        job_id = jobs.enqueue(look_around).id
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, stand.actors["member"].id)).status = "inactive"
    assert not run(stand, job_id)
    assert job_of(stand, job_id).state == FAILED
    assert "user" not in SEEN


def test_who_asked_is_told_how_it_ended(stand: Stand) -> None:
    from app.core.notifications import Notification

    run(stand, ask(stand, look_around, title="Look around"))
    run(stand, ask(stand, look_around, title="In silence", quiet=True))
    with stand.work() as work:
        told = list(work.scalars(select(Notification.title).where(Notification.kind == "job")))
    assert told == ["Done: Look around"]


def test_only_functions_of_modules_can_be_jobs(stand: Stand) -> None:
    with stand.work(), pytest.raises(DeclarationError):
        jobs.enqueue(lambda: None)


def test_outside_of_a_job_there_is_none() -> None:
    with pytest.raises(Unavailable):
        jobs.current_job()


def test_another_organisation_finds_and_stops_nothing(stand: Stand) -> None:
    job_id, other = ask(stand, look_around), Stand("other")
    with other.work():
        assert jobs.find(job_id) is None
        assert not jobs.cancel(job_id)
    assert not jobs.run(job_id, other.organisation.id)


def test_rate_and_time_left(stand: Stand) -> None:
    now = clock.now()
    job = Job(title="x", function="x", state=RUNNING, total=100, progress=40, progress_before=20, started_at=now - timedelta(seconds=10))
    with clock.at(now):
        assert (job.rate, job.seconds_left, job.percent) == (2.0, 30.0, 40)
    assert session() is not None


def test_a_job_comes_after_others(stand: Stand) -> None:
    first, second = ask(stand, look_around), ask(stand, look_around)
    with stand.work():
        third = jobs.enqueue(look_around, after=(first, second)).id
        fourth = jobs.enqueue(look_around, after=(third,)).id
    assert (job_of(stand, third).state, job_of(stand, fourth).state) == (HELD, HELD)
    assert not run(stand, third), "it is not due"
    run(stand, first)
    assert job_of(stand, third).state == HELD
    run(stand, second)
    assert (job_of(stand, third).state, job_of(stand, fourth).state) == (WAITING, HELD)
    assert run(stand, third)
    assert run(stand, fourth)
    with stand.work():
        assert jobs.enqueue(look_around, after=(first,)).state == WAITING, "what is done already holds nothing up"


def test_what_comes_after_a_failed_job_waits_until_that_is_replayed(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ask(stand, refuse)
    with stand.work():
        second = jobs.enqueue(look_around, after=(first,)).id
    run(stand, first)
    assert (job_of(stand, first).state, job_of(stand, second).state) == (FAILED, HELD)
    monkeypatch.setattr("tests.kernel.test_jobs.refuse", look_around)
    with stand.work():
        assert jobs.replay() == 1
        assert jobs.replay() == 0
    assert run(stand, first)
    assert job_of(stand, second).state == WAITING


def test_what_comes_after_a_cancelled_job_is_cancelled(stand: Stand) -> None:
    first = ask(stand, look_around)
    with stand.work():
        second = jobs.enqueue(look_around, after=(first,)).id
        third = jobs.enqueue(look_around, after=(second,)).id
    with stand.work():
        assert jobs.cancel(first)
    assert (job_of(stand, second).state, job_of(stand, third).state) == (CANCELLED, CANCELLED)


def test_what_a_kill_left_held_is_settled(stand: Stand) -> None:
    first = ask(stand, look_around)
    with stand.work() as work:
        second = jobs.enqueue(look_around, after=(first,)).id
        work.get_one(Job, (stand.organisation.id, first)).state = DONE
    with stand.work():
        assert jobs.settle() == 1
    assert job_of(stand, second).state == WAITING


def test_organisations_take_turns(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    client, other = carrier.connection(), Stand("other")
    client.flushdb()
    for _ in range(50):
        ask(stand, look_around)
    ask(other, look_around)
    assert client.llen("rq:queue:jobs") == 2, "one call each, however much there is to do"
    client.flushdb()
    assert jobs.turn(other.organisation.id) == 1
    assert client.llen("rq:queue:jobs") == 0, "nothing is left"
    monkeypatch.setattr(attempt, "TURN", 0.05)
    begun = jobs.turn(stand.organisation.id)
    assert 1 <= begun < 50, "its turn is over before its jobs are"
    assert client.llen("rq:queue:jobs") == 1, "and the rest waits behind the others"


def test_a_long_job_makes_way_once_it_can_go_on_later(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.kernel.running.FAIR", 0.0)

    def others_came(job: Running) -> None:
        carrier.connection().flushdb()
        carrier.push([carrier.Call(Stand("other").organisation.id, "jobs")])
        job.look_around(carrier.connection())

    SEEN["stop"] = others_came
    job_id = ask(stand, add_marks, 100, 40, total=100)
    assert not run(stand, job_id)
    assert (job_of(stand, job_id).state, job_of(stand, job_id).progress) == (WAITING, 40)
    SEEN["stop"] = lambda _: None
    assert run(stand, job_id)
    assert marks(stand) == 100
