"""Working time: shifts, nights, holidays, and the two nights a year that are not 24 hours long."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.calendar.hours import NeverOpen, Week

OFFICE = tuple((day, 8 * 60, 17 * 60) for day in range(1, 6))
PARIS, SAO_PAULO = "Europe/Paris", "America/Sao_Paulo"
HOUR = 3_600


def at(said: str, zone: str = PARIS, fold: int = 0) -> datetime:
    """A local time as a moment."""
    return datetime.fromisoformat(said).replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC)


@pytest.mark.parametrize(("begin", "hours", "end"), [
    ("2026-11-20T10:00", 4, "2026-11-20T14:00"), ("2026-11-20T15:00", 4, "2026-11-23T10:00"), ("2026-11-21T12:00", 1, "2026-11-23T09:00"),
    ("2026-11-20T03:00", 9, "2026-11-20T17:00"), ("2026-11-20T03:00", 45, "2026-11-26T17:00")])
def test_hours_are_counted_while_the_office_is_open(begin: str, hours: int, end: str) -> None:
    week = Week(PARIS, OFFICE)
    assert week.after(at(begin), hours * HOUR) == at(end)
    assert week.between(at(begin), at(end)) == hours * HOUR


def test_around_the_clock_where_no_hours_are_kept() -> None:
    assert Week().after(at("2026-11-20T10:00"), 30 * HOUR) == at("2026-11-21T16:00")


def test_holidays_are_left_out() -> None:
    week = Week(PARIS, OFFICE, ((date(2026, 12, 24), date(2026, 12, 28)), (date(2027, 1, 1), date(2027, 1, 1))))
    assert week.after(at("2026-12-23T16:00"), 2 * HOUR) == at("2026-12-29T09:00")
    assert Week(PARIS, (), ((date(2026, 12, 25), date(2026, 12, 25)),)).after(at("2026-12-24T20:00"), 6 * HOUR) == at("2026-12-26T02:00")


def test_a_shift_may_last_into_the_next_day_and_shifts_may_overlap() -> None:
    night = Week(PARIS, ((5, 22 * 60, 6 * 60), (6, 5 * 60, 8 * 60)))
    assert night.after(at("2026-11-20T12:00"), 8 * HOUR) == at("2026-11-21T06:00")
    assert night.after(at("2026-11-20T12:00"), 10 * HOUR) == at("2026-11-21T08:00")
    assert night.after(at("2026-11-21T04:00"), 1 * HOUR) == at("2026-11-21T05:00")
    moments = ("20T21:59", "20T22:00", "21T07:59", "21T08:00")
    assert [night.is_open(at(f"2026-11-{said}")) for said in moments] == [False, True, True, False]


@pytest.mark.parametrize(("zone", "night", "hours"), [
    (PARIS, "2026-03-28", 7), (PARIS, "2026-10-24", 9), (PARIS, "2026-11-20", 8), (SAO_PAULO, "2018-11-03", 7),
    (SAO_PAULO, "2018-02-17", 9)])
def test_the_nights_on_which_the_clocks_change_are_as_long_as_they_are(zone: str, night: str, hours: int) -> None:
    week = Week(zone, tuple((day, 22 * 60, 6 * 60) for day in range(1, 8)))
    begin = at(f"{night}T22:00", zone)
    assert week.between(begin, begin + timedelta(hours=12)) == hours * HOUR
    morning = (date.fromisoformat(night) + timedelta(days=1)).isoformat()
    assert week.after(begin, hours * HOUR) == at(f"{morning}T06:00", zone)


def test_a_shift_that_ends_in_the_hour_that_comes_twice_ends_with_the_second() -> None:
    week = Week(PARIS, ((6, 22 * 60, 2 * 60 + 30),))
    assert week.between(at("2026-10-24T22:00"), at("2026-10-25T12:00")) == 5.5 * HOUR
    assert week.after(at("2026-10-24T22:00"), 5.5 * HOUR) == at("2026-10-25T02:30", fold=1)


def test_a_midnight_that_does_not_exist() -> None:
    week = Week(SAO_PAULO, ((7, 0, 24 * 60),))
    assert week.between(at("2018-11-03T12:00", SAO_PAULO), at("2018-11-06T12:00", SAO_PAULO)) == 23 * HOUR


@pytest.mark.parametrize(("begin", "days", "end"), [
    ("2026-11-20T10:00", 1, "2026-11-23T10:00"), ("2026-11-20T20:00", 1, "2026-11-23T17:00"), ("2026-11-21T06:00", 2, "2026-11-24T08:00"),
    ("2028-02-28T10:00", 1, "2028-02-29T10:00"), ("2026-10-23T10:00", 1, "2026-10-26T10:00")])
def test_days_are_working_days_by_the_clock_of_the_place(begin: str, days: int, end: str) -> None:
    assert Week(PARIS, OFFICE).days_after(at(begin), days) == at(end)


def test_hours_that_never_come_are_said_to_be_so() -> None:
    week = Week(PARIS, OFFICE, ((date(2000, 1, 1), date(2100, 1, 1)),))
    with pytest.raises(NeverOpen):
        week.after(at("2026-11-20T10:00"), 1)
    with pytest.raises(NeverOpen):
        week.days_after(at("2026-11-20T10:00"), 1)
    assert not week.is_open(at("2026-11-20T10:00"))


shifts = st.lists(st.tuples(st.integers(1, 7), st.integers(0, 1_439), st.integers(60, 900)).map(
    lambda said: (said[0], said[1], (said[1] + said[2]) % 1_440 or 1_440)), min_size=1, max_size=6)


@settings(max_examples=120, deadline=None)
@given(shifts, st.sampled_from([PARIS, SAO_PAULO, "UTC", "Asia/Kathmandu", "Australia/Lord_Howe"]), st.integers(0, 3_000_000),
       st.integers(60, 400_000))
def test_what_is_counted_forwards_is_counted_back(shifts: Any, zone: str, minute: int, seconds: int) -> None:
    week, begin = Week(zone, tuple(shifts)), datetime(2018, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    end = week.after(begin, seconds)
    assert week.between(begin, end) == seconds
    assert end >= begin + timedelta(seconds=seconds)
    assert week.after(begin, seconds + 60) > end
