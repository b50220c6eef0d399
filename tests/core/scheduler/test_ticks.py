"""Schedules: the right moment, once per organisation, whoever asks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, insert, select

from app.core import scheduler
from app.core.scheduler import ticks
from app.core.scheduler.leading import LEASE, Lead
from app.core.scheduler.retention import clear_away
from app.kernel import clock, jobs, outbox
from app.kernel.idempotency import UsedKey
from app.kernel.jobs import Job
from app.kernel.manifest import Schedule, daily, every
from app.kernel.outbox import OutboxRow
from tests.core.stand import Stand
from tests.infra.databases import Database

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RUNS: list[str] = []


def chore() -> None:
    """Something that is done now and then."""
    RUNS.append("chore")


@pytest.fixture(autouse=True)
def _fresh() -> None:
    RUNS.clear()
    ticks._served.clear()


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


def owed(stand: Stand) -> int:
    """How many jobs of the chore there are."""
    with stand.work() as work:
        return work.scalar(select(func.count()).select_from(Job).where(Job.function == jobs.name_of(chore))) or 0


@pytest.mark.parametrize(("zone", "expected"), [
    ("UTC", datetime(2026, 3, 10, 6, 0, tzinfo=UTC)), ("Europe/Paris", datetime(2026, 3, 10, 5, 0, tzinfo=UTC)),
    ("America/Los_Angeles", datetime(2026, 3, 9, 13, 0, tzinfo=UTC)), ("Asia/Tokyo", datetime(2026, 3, 9, 21, 0, tzinfo=UTC)),
])
def test_daily_is_in_the_organisations_own_zone(zone: str, expected: datetime) -> None:
    assert ticks.due_moment(daily("06:00", chore), NOW, zone) == expected


def test_daily_over_a_change_of_clocks() -> None:
    before, after = datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 29, 12, tzinfo=UTC)
    moments = [ticks.due_moment(daily("06:00", chore), now, "Europe/Paris") for now in (before, after)]
    assert moments == [datetime(2026, 3, 28, 5, 0, tzinfo=UTC), datetime(2026, 3, 29, 4, 0, tzinfo=UTC)]


def test_an_interval_counts_from_the_epoch() -> None:
    assert ticks.due_moment(every(300, chore), NOW + timedelta(seconds=299), "UTC") == NOW


def test_each_tick_happens_once(stand: Stand) -> None:
    schedule = every(300, chore)
    with clock.at(NOW):
        assert [scheduler.tick(schedule, stand.organisation) for _ in range(3)] == [True, False, False]
    with clock.at(NOW + timedelta(seconds=300)):
        assert scheduler.tick(schedule, stand.organisation)
    assert owed(stand) == 1, "the first is still open under its key"


def test_a_daily_tick_after_time_away_happens_once(stand: Stand) -> None:
    schedule = daily("06:00", chore)
    with clock.at(NOW):
        assert not scheduler.tick(schedule, stand.organisation), "the first sight of an organisation makes no tick of the past"
    with clock.at(NOW + timedelta(days=3)):
        assert scheduler.tick(schedule, stand.organisation)
        assert not scheduler.tick(schedule, stand.organisation)


def test_a_late_scheduler_does_not_go_back(stand: Stand) -> None:
    schedule = every(300, chore)
    with clock.at(NOW):
        scheduler.tick(schedule, stand.organisation)
    with clock.at(NOW - timedelta(seconds=600)):
        assert not scheduler.tick(schedule, stand.organisation)


def test_a_tick_becomes_a_quiet_job_of_the_system(stand: Stand) -> None:
    with clock.at(NOW):
        scheduler.tick(every(300, chore), stand.organisation)
    with stand.work() as work:
        job = work.scalars(select(Job).where(Job.function == jobs.name_of(chore))).one()
        job_id, quiet, requested_by = job.id, job.quiet, job.requested_by
    assert quiet
    assert requested_by.int == 0
    assert jobs.run(job_id, stand.organisation.id)
    assert RUNS == ["chore"]


def test_short_schedules_run_here_and_their_failure_stays_here(stand: Stand) -> None:
    def broken() -> None:
        raise RuntimeError

    ticks.run_short(Schedule("chore", chore, every=2), stand.organisation)
    ticks.run_short(Schedule("broken", broken, every=2), stand.organisation)
    assert RUNS == ["chore"]
    assert owed(stand) == 0


def test_every_declared_schedule_can_be_found_again() -> None:
    for schedule in ticks.schedules():
        if not ticks.is_short(schedule):
            assert jobs.function_of(jobs.name_of(schedule.job)) is schedule.job


def test_one_leads(app: Flask) -> None:
    first, second = Lead(), Lead()
    assert first.take()
    assert not second.take()
    assert first.take(), "it keeps the lead"
    with clock.at(clock.now() + LEASE + timedelta(seconds=1)):
        assert second.take(), "a silent leader loses it"
        assert not first.take()
        second.give_up()
        assert first.take(), "and who stops gives it up at once"


def test_two_schedulers_tick_once(fresh_database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with fresh_database.app.app_context():
        stand = Stand()

    def work(_: int) -> bool:
        with fresh_database.app.app_context(), clock.at(NOW):
            return scheduler.tick(every(300, chore), stand.organisation)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(work, range(12))) == 1


def test_the_sweep_calls_for_what_is_due_only(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        stand, other = Stand(), Stand("other")
        for each in (stand, other):
            outbox.drain(each.organisation.id)
        relay = scheduler.Relay(str(fresh_database.settings.database_relay_url))
        _nothing_due(relay)
        with stand.work():
            jobs.enqueue(chore)
            outbox.put("effect", "x", {}, due_at=clock.now() + timedelta(hours=1))
        with other.work():
            outbox.put("effect", "x", {})
        due = relay.due()
        assert {call.organisation_id for call in due if call.queue == "effects"} == {other.organisation.id}
        assert {call.organisation_id for call in due if call.queue == "jobs"} == {stand.organisation.id}
        assert {organisation.id for organisation in relay.organisations()} >= {stand.organisation.id, other.organisation.id}
        relay.close()


def _nothing_due(relay: Any) -> None:
    assert [call for call in relay.due() if call.queue == "effects"] == []


def test_the_relay_reads_no_more_than_it_must(fresh_database: Database) -> None:
    import psycopg

    with fresh_database.connect("opsflux_relay") as connection:
        for forbidden in ("SELECT payload FROM outbox", "SELECT arguments FROM job", "SELECT name FROM member", "DELETE FROM outbox"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege), connection.transaction():
                connection.execute(forbidden)


def test_old_rows_are_cleared_away_but_failures_stay(stand: Stand) -> None:
    long_ago = clock.now() - timedelta(days=60)
    with stand.work() as work:
        for state in ("done", "cancelled", "failed", "waiting"):
            work.add(OutboxRow(kind="effect", name="old", payload={}, state=state, done_at=long_ago,
                               due_at=clock.now() + timedelta(days=1)))
        work.execute(insert(UsedKey).values(organisation_id=stand.organisation.id, member_id=stand.actors["owner"].id, key="old",
                                            used_at=long_ago))
        work.add(Job(title="old", function="x", state="done", finished_at=long_ago))
        work.add(Job(title="routine", function="x", state="done", quiet=True, finished_at=clock.now() - timedelta(days=2)))
        work.add(Job(title="new", function="x", state="done", finished_at=clock.now()))
    from app.kernel.current import SYSTEM, acting

    with acting(stand.organisation, SYSTEM):
        assert clear_away() == {"outbox": 2, "jobs": 2, "keys": 1}
