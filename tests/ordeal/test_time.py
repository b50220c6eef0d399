"""Time travel: through the nights in which clocks change, and up to the second at which something ends."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import auth, settings
from app.core.approvals import State
from app.core.approvals.clocks import escalate_overdue
from app.core.notifications import digest
from app.core.notifications.models import DigestDay
from app.core.people import Member
from app.core.scheduler import ticks
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.manifest import daily
from app.modules.procurement.models import Status
from tests.core.approvals.house import House
from tests.core.stand import Stand
from tests.core.visitors import PASSWORD, Visitor, enrol, found

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(300)]
ZONES = ("Europe/Paris", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata")
# Three days around each change of 2026, in UTC: Europe twice, the United States twice, Lord Howe twice.
CHANGES = [datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 28), (10, 24), (3, 7), (10, 31), (4, 4), (10, 3))]
FORWARD, BACK = datetime(2026, 3, 29, 1, 0, tzinfo=UTC), datetime(2026, 10, 25, 1, 0, tzinfo=UTC)  # in Paris
SECOND = timedelta(seconds=1)


def steps(start: datetime, length: timedelta, step: timedelta) -> Iterator[datetime]:
    """Moments at even distances."""
    moment = start
    while moment < start + length:
        yield moment
        moment += step


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """People who decide; the password of everybody is “right”."""
    monkeypatch.setattr("app.core.auth.is_you", lambda _identity, typed: typed == "right")
    return House()


@pytest.fixture
def olga(app: Flask) -> Visitor:
    """An owner's browser, not signed in yet."""
    enrol(found("home"), "olga@home.example", "owner")
    return Visitor(app)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("hour", [2, 7])
def test_one_digest_a_day_at_its_hour_though_the_clocks_change(app: Flask, zone: str, hour: int) -> None:
    stand = Stand()
    with stand.work() as work:
        for member in work.scalars(select(Member)):
            member.timezone, member.digest_hour = zone, hour
            if member.id != stand.actors["owner"].id:
                member.preferences = {"mail_digest": "off"}
    for start in CHANGES:
        sent: Counter[date] = Counter()
        whole = [(start + timedelta(days=n)).astimezone(ZoneInfo(zone)).date() for n in (1, 2)]
        for moment in steps(start, timedelta(days=3), timedelta(minutes=30)):
            with clock.at(moment), acting(stand.organisation, SYSTEM), unit_of_work():
                if digest.queue_due():
                    local = moment.astimezone(ZoneInfo(zone))
                    sent[local.date()] += 1
                    if local.date() in whole:  # the hour after, where its own is left out that night
                        assert local.hour in (hour, hour + 1), local
        assert [sent[day] for day in whole] == [1, 1]
        assert set(sent.values()) == {1}
    with stand.work() as work:
        assert len(set(work.scalars(select(DigestDay.day)))) == len(list(work.scalars(select(DigestDay.day))))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("at", ["00:15", "02:15", "02:30", "03:20"])
def test_a_daily_schedule_has_one_moment_a_day(zone: str, at: str) -> None:
    schedule = daily(at, escalate_overdue)
    for start in CHANGES:
        moments = [ticks.due_moment(schedule, moment, zone) for moment in steps(start, timedelta(days=3), timedelta(minutes=5))]
        assert moments == sorted(moments), "never back"
        days = [moment.astimezone(ZoneInfo(zone)).date() for moment in dict.fromkeys(moments)]
        assert days == list(dict.fromkeys(days)), "one a day"
        assert [later - earlier for earlier, later in itertools.pairwise(days)] == [timedelta(days=1)] * (len(days) - 1)


@pytest.mark.parametrize("change", [FORWARD, BACK])
@pytest.mark.parametrize(("amount", "seconds"), [("6000", 30), ("60000", 60)])
def test_a_hold_lasts_its_seconds_though_the_clocks_change(house: House, change: datetime, amount: str, seconds: int) -> None:
    decided = change - timedelta(seconds=5)
    with clock.at(decided - timedelta(minutes=1)):
        request_id = house.waiting(amount)
    with clock.at(decided):
        if seconds == 60:
            house.red(request_id, "manager")
            house.red(request_id, "fiona")
            house.red(request_id, "freya")
        else:
            house.decide(request_id, "manager")
    with clock.at(decided + timedelta(seconds=seconds) - SECOND):
        house.later(0)
        assert house.request(request_id).state == State.HELD
    with clock.at(decided + timedelta(seconds=seconds)):
        house.later(0)
    assert house.paid(request_id).status == Status.RELEASED


@pytest.mark.parametrize("change", [FORWARD, BACK])
def test_a_limit_in_hours_is_hours_that_pass(house: House, change: datetime) -> None:
    asked = change - timedelta(hours=10)
    with clock.at(asked):
        request_id = house.waiting()

    def look(moment: datetime) -> int:
        with clock.at(moment), acting(house.organisation, SYSTEM, channel="schedule"):
            return escalate_overdue()

    assert [look(asked + timedelta(hours=hours)) for hours in range(24)] == [0] * 24
    assert look(asked + timedelta(hours=24) - SECOND) == 0
    assert look(asked + timedelta(hours=24) + SECOND) == 1
    assert house.waits_for(request_id) == ["director", "manager"]


def test_a_year_of_waiting_never_ends_with_nobody(house: House) -> None:
    with house.as_("owner"):
        settings.set("approvals.escalation_role", "hse_manager")
    start = datetime(2026, 1, 1, tzinfo=UTC)
    with clock.at(start):
        request_id = house.waiting()
    for moment in steps(start, timedelta(days=365), timedelta(days=5)):
        with clock.at(moment), acting(house.organisation, SYSTEM, channel="schedule"):
            escalate_overdue()
        assert house.waits_for(request_id)
    assert house.request(request_id).escalations <= 4


@pytest.mark.parametrize("change", [FORWARD, BACK])
def test_a_session_ends_to_the_second(olga: Visitor, change: datetime) -> None:
    start, page = change - timedelta(hours=6), "/home/inbox/"
    with clock.at(start):
        assert olga.sign_in("olga@home.example").status_code == 303
    for hours in range(6, 168, 6):
        with clock.at(start + timedelta(hours=hours)):
            assert olga.get(page).status_code == 200, hours
    with clock.at(start + timedelta(days=7) - SECOND):
        assert olga.get(page).status_code == 200
    with clock.at(start + timedelta(days=7)):
        assert olga.get(page).status_code == 303
    with clock.at(start):
        other = Visitor(olga.app)
        other.sign_in("olga@home.example")
    with clock.at(start + timedelta(hours=12) - SECOND):
        assert other.get(page).status_code == 200
    with clock.at(start + timedelta(hours=24)):
        assert other.get(page).status_code == 303


@pytest.mark.parametrize("change", [FORWARD, BACK])
def test_a_token_and_a_link_end_to_the_second(olga: Visitor, app: Flask, change: datetime) -> None:
    start = change - timedelta(hours=6)
    with clock.at(start):
        olga.sign_in("olga@home.example")
        page = olga.send("/home/settings/tokens", name="reader", scopes="read_only", days="30").text
        bearer = {"Authorization": f"Bearer {re.search(r'>([0-9a-f]{32})<', page)[1]}"}  # type: ignore[index]
        with acting(None), unit_of_work():
            identity = auth.identity_of("olga@home.example")
            assert identity is not None
            secret = auth.make_link(identity)

    def asked(moment: datetime) -> tuple[int, int]:
        with clock.at(moment):
            client = app.test_client()
            token = client.get("/api/v1/home/procurement/suppliers/", headers=bearer).status_code
            return token, client.get(f"/welcome/{secret}").status_code

    assert asked(start + timedelta(days=7) - SECOND) == (200, 200)
    assert asked(start + timedelta(days=7) + SECOND) == (200, 404)
    assert asked(start + timedelta(days=30) - SECOND) == (200, 404)
    assert asked(start + timedelta(days=30) + SECOND) == (401, 404)


def test_a_lock_after_wrong_passwords_opens_by_itself(olga: Visitor) -> None:
    start = BACK - timedelta(minutes=5)
    with clock.at(start):
        for _ in range(5):
            assert olga.sign_in("olga@home.example", "wrong").status_code == 422
        assert olga.sign_in("olga@home.example").status_code == 429
    with clock.at(start + timedelta(minutes=14)):
        assert olga.sign_in("olga@home.example", PASSWORD).status_code == 429
    with clock.at(start + timedelta(minutes=31)):
        assert olga.sign_in("olga@home.example", PASSWORD).status_code == 303
