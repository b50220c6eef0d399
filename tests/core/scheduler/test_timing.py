"""When schedules tick: the nights in which clocks change, leap days, ends of months."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from app.core.scheduler.timing import Cron, Days, Timing, following, is_cron, latest_daily

PARIS, SAO_PAULO, LORD_HOWE = "Europe/Paris", "America/Sao_Paulo", "Australia/Lord_Howe"


def ticks(timing: Timing, zone: str, start: str, end: str) -> list[str]:
    """All ticks between two moments of a zone, as the wall shows them, with the difference to UTC."""
    place, found = ZoneInfo(zone), list[str]()
    moment: datetime | None = datetime.fromisoformat(start).replace(tzinfo=place).astimezone(UTC)
    until = datetime.fromisoformat(end).replace(tzinfo=place).astimezone(UTC)
    while (moment := following(timing, moment, zone)) and moment <= until:
        found.append(moment.astimezone(place).strftime("%d %H:%M %z"))
    return found


@pytest.mark.requirement("OF-201")
def test_each_day_week_and_month() -> None:
    start, end = "2026-01-01T12:00", "2026-03-31T23:00"
    assert ticks(Days(time(6)), PARIS, start, "2026-01-04T12:00") == ["02 06:00 +0100", "03 06:00 +0100", "04 06:00 +0100"]
    assert ticks(Days(time(6), weekday=7), PARIS, start, "2026-01-20T00:00") == ["04 06:00 +0100", "11 06:00 +0100", "18 06:00 +0100"]
    assert ticks(Days(time(6), day=31), PARIS, start, end) == ["31 06:00 +0100", "28 06:00 +0100", "31 06:00 +0200"]
    assert ticks(Days(time(6), day=1), PARIS, start, end) == ["01 06:00 +0100", "01 06:00 +0100"]


def test_the_29th_of_february() -> None:
    assert ticks(Days(time(6), day=29), "UTC", "2027-02-01T00:00", "2027-03-01T00:00") == ["28 06:00 +0000"]
    assert ticks(Days(time(6), day=29), "UTC", "2028-02-01T00:00", "2028-03-01T00:00") == ["29 06:00 +0000"]
    leap = following(Cron("0 6 29 2 *"), datetime(2026, 1, 1, tzinfo=UTC), "UTC")
    assert leap == datetime(2028, 2, 29, 6, tzinfo=UTC)
    assert ticks(Days(time(6)), "UTC", "2028-02-28T12:00", "2028-03-01T12:00") == ["29 06:00 +0000", "01 06:00 +0000"]


@pytest.mark.parametrize("timing", [Days(time(2, 30)), Cron("30 2 * * *")])
def test_paris_leaves_an_hour_out_and_it_counts_as_much_later(timing: Timing) -> None:
    assert ticks(timing, PARIS, "2026-03-28T00:00", "2026-03-30T12:00") == ["28 02:30 +0100", "29 03:30 +0200", "30 02:30 +0200"]


@pytest.mark.parametrize("timing", [Days(time(2, 30)), Cron("30 2 * * *")])
def test_paris_has_an_hour_twice_and_it_counts_once(timing: Timing) -> None:
    assert ticks(timing, PARIS, "2026-10-24T00:00", "2026-10-26T12:00") == ["24 02:30 +0200", "25 02:30 +0200", "26 02:30 +0100"]


def test_sao_paulo_changes_its_clocks_at_midnight() -> None:
    forward = ticks(Days(time(0, 0)), SAO_PAULO, "2018-11-02T12:00", "2018-11-05T12:00")
    assert forward == ["03 00:00 -0300", "04 01:00 -0200", "05 00:00 -0200"], "midnight of the 4th is left out"
    back = ticks(Days(time(23, 30)), SAO_PAULO, "2018-02-16T12:00", "2018-02-19T00:00")
    assert back == ["16 23:30 -0200", "17 23:30 -0200", "18 23:30 -0300"], "half past eleven of the 17th comes twice"


@pytest.mark.parametrize(("zone", "start"), [(PARIS, "2026-03-28T20:00"), (PARIS, "2026-10-24T20:00"), (SAO_PAULO, "2018-11-03T20:00"),
                                             (SAO_PAULO, "2018-02-17T18:00"), (LORD_HOWE, "2026-04-04T20:00")])
def test_what_comes_every_quarter_of_an_hour_goes_on_evenly(zone: str, start: str) -> None:
    moment: datetime | None = datetime.fromisoformat(start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    found = []
    for _ in range(48):
        moment = following(Cron("*/15 * * * *"), moment, zone)
        assert moment is not None
        found.append(moment)
    assert {later - earlier for earlier, later in pairwise(found)} == {timedelta(minutes=15)}


def test_two_times_in_the_hour_left_out_stay_in_order() -> None:
    found = ticks(Cron("0,30 2,3 * * *"), PARIS, "2026-03-28T12:00", "2026-03-29T12:00")
    assert found == ["29 03:00 +0200", "29 03:30 +0200"], "each moment once"
    assert ticks(Cron("15,30 2 * * *"), LORD_HOWE, "2026-10-03T12:00", "2026-10-04T12:00") == ["04 02:30 +1100", "04 02:45 +1100"]


def test_wherever_one_stands_in_those_nights_the_next_tick_is_the_same() -> None:
    for zone, day in ((PARIS, datetime(2026, 3, 29, tzinfo=UTC)), (PARIS, datetime(2026, 10, 25, tzinfo=UTC)),
                      (SAO_PAULO, datetime(2018, 11, 4, tzinfo=UTC)),
                      (SAO_PAULO, datetime(2018, 2, 18, tzinfo=UTC)), (LORD_HOWE, datetime(2026, 10, 4, tzinfo=UTC))):
        for timing in (Days(time(2, 30)), Days(time(0, 15)), Cron("10,40 1-3 * * *"), Cron("20 */2 * * *")):
            start = day - timedelta(days=1)
            all_of_them, moment = [], following(timing, start, zone)
            while moment is not None and moment < start + timedelta(days=3):
                all_of_them.append(moment)
                moment = following(timing, moment, zone)
            for minutes in range(0, 3 * 24 * 60 - 24 * 60, 7):
                at = start + timedelta(minutes=minutes)
                assert following(timing, at, zone) == next(each for each in all_of_them if each > at), (zone, timing, at)


@pytest.mark.requirement("OF-202")
def test_a_cron_expression_is_read_or_refused() -> None:
    assert following(Cron("0 2 * * *"), datetime(2026, 5, 1, 12, tzinfo=UTC), "UTC") == datetime(2026, 5, 2, 2, tzinfo=UTC)
    for good in ("0 2 * * *", "*/5 8-18 * * mon-fri", "0 0 l * *", "0 6 29 2 *"):
        assert is_cron(good), good
    for bad in ("", "0 2 * *", "61 2 * * *", "0 25 * * *", "* * * * * *", "@daily", "0 0 30 2 *", "R R * * *", "H H * * *",
                "0 2 * * tomorrow"):
        assert not is_cron(bad), bad


def test_the_last_daily_moment() -> None:
    assert latest_daily(time(6), datetime(2026, 3, 10, 6, tzinfo=UTC), "UTC") == datetime(2026, 3, 10, 6, tzinfo=UTC)
    assert latest_daily(time(6), datetime(2026, 3, 10, 5, 59, tzinfo=UTC), "UTC") == datetime(2026, 3, 9, 6, tzinfo=UTC)
