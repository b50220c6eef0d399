"""An organisation's own schedules: each time is served once, made up for as it says, skipped by its condition, told of when it fails."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import people, scheduler
from app.core.notifications import Notification
from app.core.scheduler import own
from app.core.scheduler.models import CatchUp, Outcome, Repeats, Schedule, ScheduleRun, Status, Weekday
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid
from app.kernel.jobs import Job
from app.kernel.manifest import Task
from app.kernel.outbox import GiveUp
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.audit.house import signed_in
from tests.core.stand import Stand
from tests.infra.databases import Database

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
RUNS: list[datetime] = []
BROKEN: list[bool] = []


def chore() -> None:
    """Something that is done at times."""
    if BROKEN:
        raise GiveUp("The machine is broken.")
    RUNS.append(clock.now())


@pytest.fixture(autouse=True)
def _task(monkeypatch: pytest.MonkeyPatch) -> None:
    """The chore is what the test schedules."""
    RUNS.clear()
    BROKEN.clear()
    monkeypatch.setattr(own, "task_of", lambda _schedule: Task("test.chore", "Chore", chore))


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    return Stand()


def make(stand: Stand, **said: Any) -> UUID:
    """A schedule as its form saves it."""
    with stand.work() as work:
        schedule = Schedule(title="Chore", task="scheduler.clear_away", status=Status.ACTIVE, catch_up=said.pop("catch_up", CatchUp.LATEST),
                            timezone=said.pop("timezone", "UTC"), failures=0, **said)
        own.before_save(schedule)
        assign([schedule])
        refresh_keys(schedule)
        work.add(schedule)
        work.flush()
        return schedule.id


def now(stand: Stand, schedule_id: UUID) -> Schedule:
    """The schedule as it is."""
    with stand.work() as work:
        schedule = work.get_one(Schedule, (stand.organisation.id, schedule_id))
        work.expunge(schedule)
    return schedule


def work_off(stand: Stand) -> None:
    """What a worker does."""
    with stand.work() as work:
        waiting = list(work.scalars(select(Job.id).where(Job.state == jobs.WAITING, Job.function == jobs.name_of(chore)).order_by(Job.id)))
    for job_id in waiting:
        jobs.run(job_id, stand.organisation.id)


def pass_through(stand: Stand, schedule_id: UUID, start: datetime, end: datetime, step: timedelta) -> list[datetime]:
    """Let time pass, with a scheduler and a worker that look at each step; gives the moments at which the work was done."""
    RUNS.clear()
    while start <= end:
        with clock.at(start):
            if scheduler.serve(stand.organisation, schedule_id):
                work_off(stand)
        start += step
    return list(RUNS)


def outcomes(stand: Stand) -> list[Outcome]:
    """What became of each time, in order."""
    with stand.work() as work:
        return list(work.scalars(select(ScheduleRun.outcome).order_by(ScheduleRun.moment)))


@pytest.mark.requirement("OF-201")
def test_one_of_each_has_its_next_time_and_runs_then(stand: Stand) -> None:
    with clock.at(NOON):  # a Tuesday
        made = [(make(stand, repeats=Repeats.DAILY, at="6:30"), datetime(2026, 3, 11, 6, 30, tzinfo=UTC)),
                (make(stand, repeats=Repeats.WEEKLY, at="18:00", weekday=Weekday.FRIDAY), datetime(2026, 3, 13, 18, tzinfo=UTC)),
                (make(stand, repeats=Repeats.MONTHLY, at="01:00", day=31), datetime(2026, 3, 31, 1, tzinfo=UTC))]
    for schedule_id, at in made:
        assert now(stand, schedule_id).next_at == at
        assert pass_through(stand, schedule_id, at - timedelta(minutes=2), at + timedelta(minutes=2), timedelta(minutes=1)) == [at]
        later = now(stand, schedule_id).next_at
        assert later is not None
        assert later > at
        assert now(stand, schedule_id).version == 1, "serving is nobody's edit"


@pytest.mark.requirement("OF-202")
def test_a_cron_expression_is_taken_or_refused(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.CRON, cron="0 2 * * *", timezone="Europe/Paris")
        next_at = now(stand, schedule_id).next_at
        assert next_at is not None
        assert next_at.astimezone(ZoneInfo("Europe/Paris")).strftime("%d %H:%M") == "11 02:00"
        with pytest.raises(Invalid) as refused:
            make(stand, repeats=Repeats.CRON, cron="0 26 * * *")
    assert "cron" in refused.value.errors


@pytest.mark.requirement("OF-203")
def test_a_one_time_job_runs_once_and_is_finished(stand: Stand) -> None:
    at = NOON + timedelta(minutes=5)
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.ONCE, once_at=at)
    assert pass_through(stand, schedule_id, NOON, NOON + timedelta(hours=1), timedelta(minutes=1)) == [at]
    assert now(stand, schedule_id).status == Status.FINISHED
    assert now(stand, schedule_id).next_at is None
    with clock.at(NOON), pytest.raises(Invalid):
        make(stand, repeats=Repeats.ONCE, once_at=NOON - timedelta(days=1))


@pytest.mark.requirement("OF-204")
def test_a_conditional_job_is_skipped_and_then_runs_and_both_are_written_down(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="06:00", condition_of="organisation.site", condition="name = Harbour")
    first, second = datetime(2026, 3, 11, 6, tzinfo=UTC), datetime(2026, 3, 12, 6, tzinfo=UTC)
    assert pass_through(stand, schedule_id, first, first, timedelta(minutes=1)) == []
    with stand.work():
        stand.site("Harbour")
    assert pass_through(stand, schedule_id, second, second, timedelta(minutes=1)) == [second]
    assert outcomes(stand) == [Outcome.SKIPPED, Outcome.DONE]
    with pytest.raises(Invalid):
        make(stand, repeats=Repeats.DAILY, condition_of="organisation.site", condition="nome = Harbour")


@pytest.mark.parametrize(("zone", "night"), [("Europe/Paris", datetime(2026, 3, 28, 12, tzinfo=UTC)),
                                             ("Europe/Paris", datetime(2026, 10, 24, 12, tzinfo=UTC)),
                                             ("America/Sao_Paulo", datetime(2018, 11, 3, 12, tzinfo=UTC)),
                                             ("America/Sao_Paulo", datetime(2018, 2, 17, 12, tzinfo=UTC))])
def test_in_the_nights_of_change_each_daily_tick_comes_once(stand: Stand, zone: str, night: datetime) -> None:
    for at in ("00:00", "02:30", "23:30"):
        with clock.at(night):
            schedule_id = make(stand, repeats=Repeats.DAILY, at=at, timezone=zone)
        done = pass_through(stand, schedule_id, night, night + timedelta(days=2), timedelta(minutes=30))
        assert len(done) == 2, (zone, at, done)
        assert len({each.astimezone(ZoneInfo(zone)).date() for each in done}) == 2, (zone, at, done)


@pytest.mark.parametrize(("catch_up", "made_up", "written"), [
    (CatchUp.LATEST, 1, [Outcome.MISSED] * 5 + [Outcome.DONE]), (CatchUp.ALL, 6, [Outcome.DONE] * 6),
    (CatchUp.NONE, 0, [Outcome.MISSED] * 6)])
def test_after_three_hours_without_a_scheduler(stand: Stand, catch_up: CatchUp, made_up: int, written: list[Outcome]) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.CRON, cron="*/30 * * * *", catch_up=catch_up)
    back = NOON + timedelta(hours=3, minutes=10)
    assert pass_through(stand, schedule_id, back, back, timedelta(minutes=1)) == [back] * made_up
    assert outcomes(stand) == written
    assert now(stand, schedule_id).next_at == NOON + timedelta(hours=3, minutes=30), "and on from there"


def test_a_late_look_is_no_standstill(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="13:00", catch_up=CatchUp.NONE)
    seen = NOON + timedelta(hours=1, minutes=2)
    assert pass_through(stand, schedule_id, seen, seen, timedelta(minutes=1)) == [seen]


def test_two_schedulers_serve_a_time_once(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        stand = Stand()
        with clock.at(NOON):
            schedule_id = make(stand, repeats=Repeats.CRON, cron="* * * * *", catch_up=CatchUp.ALL)

    def look(_: int) -> int:
        with fresh_database.app.app_context(), clock.at(NOON + timedelta(minutes=3, seconds=1)):
            return scheduler.serve(stand.organisation, schedule_id)

    with ThreadPoolExecutor(6) as pool:
        assert sum(pool.map(look, range(12))) == 3
    with fresh_database.app.app_context():
        assert len(outcomes(stand)) == 3


def test_the_relay_finds_what_is_due(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        stand, other = Stand(), Stand("other")
        with clock.at(NOON):
            due, _ = make(stand, repeats=Repeats.DAILY, at="13:00"), make(other, repeats=Repeats.DAILY, at="15:00")
        relay = scheduler.Relay(str(fresh_database.settings.database_relay_url))
        with clock.at(NOON + timedelta(hours=2)):
            assert relay.schedules([stand.organisation, other.organisation]) == [(stand.organisation.id, due)]
            assert relay.schedules([other.organisation]) == []
        relay.close()


@pytest.mark.requirement("OF-214")
def test_paused_it_rests_and_resumed_it_does_not_look_back(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="13:00")
    with clock.at(NOON), stand.work() as work:
        own.pause(work.get_one(Schedule, (stand.organisation.id, schedule_id)))
    assert pass_through(stand, schedule_id, NOON, NOON + timedelta(days=1), timedelta(hours=1)) == []
    with clock.at(NOON + timedelta(days=5)), stand.work() as work:
        assert own.resume(work.get_one(Schedule, (stand.organisation.id, schedule_id))).next_at == NOON + timedelta(days=5, hours=1)
    again = NOON + timedelta(days=5, hours=1)
    assert pass_through(stand, schedule_id, again, again, timedelta(hours=1)) == [again]


def test_run_by_hand_it_keeps_its_times(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="13:00")
        with stand.work() as work:
            own.run_now(work.get_one(Schedule, (stand.organisation.id, schedule_id)))
        work_off(stand)
    assert len(RUNS) == 1
    assert now(stand, schedule_id).next_at == NOON + timedelta(hours=1)
    assert outcomes(stand) == [Outcome.DONE]


def test_what_is_still_running_is_not_begun_twice(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.CRON, cron="*/5 * * * *")
    for minutes in (5, 10):
        with clock.at(NOON + timedelta(minutes=minutes)):
            scheduler.serve(stand.organisation, schedule_id)
    assert outcomes(stand) == [Outcome.ASKED, Outcome.OVERLAPPED]
    with clock.at(NOON + timedelta(minutes=11)):
        work_off(stand)
    assert (len(RUNS), outcomes(stand)) == (1, [Outcome.DONE, Outcome.OVERLAPPED])


@pytest.mark.requirement("OF-210")
@pytest.mark.requirement("OF-213")
def test_the_dashboard_and_the_history_after_two_runs(stand: Stand, app: Flask) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="13:00")
    for day in (0, 1):
        at = NOON + timedelta(hours=1, days=day)
        if day:
            BROKEN.append(True)
        pass_through(stand, schedule_id, at, at, timedelta(hours=1))
    with stand.work() as work:
        for run, seconds in zip(work.scalars(select(ScheduleRun).order_by(ScheduleRun.moment)), (3, 4), strict=True):
            run.seconds = seconds
    with clock.at(NOON + timedelta(days=1, hours=2)):
        owner = signed_in(app, stand, "owner")
        page = owner.get(f"/{stand.organisation.slug}/jobs/overview").text
        history = re.sub(r"(<[^>]+>|\s)+", " ", owner.get(f"/{stand.organisation.slug}/scheduler/runs/").text)
    part = page[page.index("What the organisation has scheduled"):page.index("What the modules do")]
    row = re.sub(r"(<[^>]+>|\s)+", " ", part)
    assert re.search(r"Chore next: 12 Mar 2026,? 13:00 · last: 11 Mar 2026,? 13:00 · 4 s · failed 1 time in a row Failed", row), row
    for day, seconds, outcome in ((10, 3, "Done"), (11, 4, "Failed")):
        assert f"{day} Mar 2026" in history
        assert re.search(rf"\b{seconds}\b", history)
        assert outcome in history
    assert "The machine is broken." in history


@pytest.mark.requirement("OF-215")
def test_a_manager_neither_sees_nor_makes_schedules(stand: Stand, app: Flask) -> None:
    for role in ("manager", "admin"):
        with acting(stand.organisation, SYSTEM), unit_of_work():
            member_id = people.enrol(role.title(), f"{role}@stand.example", role).id
        with acting(stand.organisation, SYSTEM):
            actor = people.load_actor(stand.organisation, member_id)
        assert actor is not None
        stand.actors[role] = actor
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="13:00")
    root = f"/{stand.organisation.slug}/scheduler/schedules/"
    addresses = (root, f"{root}new", f"{root}{now(stand, schedule_id).reference}/", f"/{stand.organisation.slug}/jobs/overview")
    for role, expected in (("manager", {403, 404}), ("admin", {200})):
        person = signed_in(app, stand, role)
        assert {person.get(address).status_code for address in addresses} <= expected
    assert signed_in(app, stand, "manager").get(root).status_code == 403


@pytest.mark.requirement("OF-212")
def test_three_failures_in_a_row_are_told_once(stand: Stand) -> None:
    with clock.at(NOON):
        schedule_id = make(stand, repeats=Repeats.DAILY, at="13:00")

    def told() -> list[str]:
        with stand.work() as work:
            return list(work.scalars(select(Notification.title).where(
                Notification.kind == "schedule", Notification.member_id == stand.actors["owner"].id)))

    at = NOON + timedelta(hours=1)
    pass_through(stand, schedule_id, at, at, timedelta(hours=1))
    BROKEN.append(True)
    for day, known in ((1, 0), (2, 0), (3, 1), (4, 1)):
        pass_through(stand, schedule_id, at + timedelta(days=day), at + timedelta(days=day), timedelta(hours=1))
        assert len(told()) == known, day
    assert now(stand, schedule_id).failures == 4
    BROKEN.clear()
    pass_through(stand, schedule_id, at + timedelta(days=5), at + timedelta(days=5), timedelta(hours=1))
    assert now(stand, schedule_id).failures == 0
