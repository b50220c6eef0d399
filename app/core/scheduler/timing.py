"""When a schedule ticks: times as the clock on the wall shows them, turned into moments that exist.

In the night in which clocks go forward, a time that is left out counts as much later as they jump (02:30 in Paris is 03:30). In the night
in which they go back, a time that comes twice counts once, the first time. What a cron expression asks for every hour, or every few, is
counted by hours that pass: such a tick is neither left out nor closer to the next one, whatever the clocks do.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

from croniter import CroniterError, croniter

NAMES = frozenset(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC", "SUN", "MON", "TUE", "WED", "THU",
                   "FRI", "SAT", "L"))
FIRST = datetime(2024, 1, 1, tzinfo=UTC).replace(tzinfo=None)  # of a leap year
NIGHT = timedelta(hours=3)  # no clock is changed by more


class Timing(Protocol):
    """Gives the times on the wall that come after another one, in their order."""

    def walls(self, after: datetime) -> Iterator[datetime]:
        """Times without a zone, later than `after`."""
        ...

    def is_steady(self) -> bool:
        """Whether it counts hours that pass, not what the wall shows."""
        ...


@dataclass(frozen=True)
class Days:
    """At one time of the day: each day, on one day of the week (1 is Monday), or of the month (in a shorter one the last)."""

    at: time
    weekday: int = 0
    day: int = 0

    def walls(self, after: datetime) -> Iterator[datetime]:
        """See `Timing`."""
        date = after.date()
        while True:
            if self._fits(date.isoweekday(), date.day, calendar.monthrange(date.year, date.month)[1]):
                moment = datetime.combine(date, self.at)
                if moment > after:
                    yield moment
            date += timedelta(days=1)

    def is_steady(self) -> bool:
        """See `Timing`."""
        return False

    def _fits(self, weekday: int, day: int, last: int) -> bool:
        return self.weekday in (0, weekday) and (not self.day or day == min(self.day, last))


@dataclass(frozen=True)
class Cron:
    """As a cron expression of five fields says."""

    expression: str

    def walls(self, after: datetime) -> Iterator[datetime]:
        """See `Timing`; ends when the expression has no further time."""
        times = croniter(self.expression, after)
        while True:
            try:
                yield times.get_next(datetime)
            except CroniterError:
                return

    def is_steady(self) -> bool:
        """See `Timing`."""
        return self.expression.split()[1].startswith("*")


def is_cron(expression: str) -> bool:
    """Whether this is a cron expression of five fields that ever comes true."""
    fields = expression.upper().split()
    if len(fields) != 5 or any(word not in NAMES for field in fields for word in re.findall(r"[A-Z]+", field)):
        return False
    return croniter.is_valid(expression) and next(Cron(expression).walls(FIRST), None) is not None


def following(timing: Timing, after: datetime, zone: str) -> datetime | None:
    """The first moment later than `after` (in UTC) at which it ticks in a time zone; None when there is none any more."""
    place = ZoneInfo(zone)
    return _by_hours(timing, after, place) if timing.is_steady() else _by_wall(timing, after, place)


def next_daily(at: time, after: datetime, zone: str) -> datetime:
    """The first moment later than `after` at which it is `at` in a time zone."""
    return following(Days(at), after, zone) or after


def latest_daily(at: time, until: datetime, zone: str) -> datetime:
    """The last moment, at or before `until`, at which it was `at` in a time zone."""
    found = after = until - timedelta(days=2)
    while (moment := following(Days(at), after, zone)) is not None and moment <= until:
        found = after = moment
    return found


def _by_wall(timing: Timing, after: datetime, place: ZoneInfo) -> datetime | None:
    """Each time on the wall is one moment; in a night of change a later time may be the earlier moment."""
    wall, best = (after + _offset(after, place)).replace(tzinfo=None), None
    changes = _offset(after - NIGHT, place) != _offset(after + NIGHT, place)
    for each in timing.walls(wall - NIGHT if changes else wall):
        moment = each.replace(tzinfo=place).astimezone(UTC)
        if moment > after and (best is None or moment < best):
            best = moment
        if best is not None and each > best.astimezone(place).replace(tzinfo=None):
            break
    return best


def _by_hours(timing: Timing, after: datetime, place: ZoneInfo) -> datetime | None:
    """The wall as it would go on with the present difference to UTC, and anew from each change of clocks."""
    offset = _offset(after, place)
    wall = (after + offset).replace(tzinfo=None)
    while (each := next(timing.walls(wall), None)) is not None:
        moment = (each - offset).replace(tzinfo=UTC)
        if _offset(moment, place) == offset:
            return moment
        after = _change(after, moment, place)
        offset = _offset(after, place)
        wall = (after + offset).replace(tzinfo=None) - timedelta(seconds=1)
    return None


def _change(low: datetime, high: datetime, place: ZoneInfo) -> datetime:
    """The second at which the first change of clocks between two moments takes effect."""
    day, before = timedelta(days=1), _offset(low, place)
    while low + day < high and _offset(low + day, place) == before:
        low += day
    high = min(high, low + day)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        low, high = (middle, high) if _offset(middle, place) == before else (low, middle)
    return high


def _offset(moment: datetime, place: ZoneInfo) -> timedelta:
    return moment.astimezone(place).utcoffset() or timedelta()
