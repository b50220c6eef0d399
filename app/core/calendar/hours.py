"""Working time by the clock of a place. Pure: shifts are local times, what is counted are elapsed seconds, so a night of 23 or 25 hours
is as long as it is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

FURTHEST = 3 * 366
DAY = 24 * 60


class NeverOpen(ValueError):
    """A calendar that has no working time within three years."""


@dataclass(frozen=True)
class Week:
    """Shifts by weekday (1 is Monday), each from a minute of its day to another, which may lie on the day after; and the free days.

    No shifts at all is around the clock.
    """

    zone: str = "UTC"
    shifts: tuple[tuple[int, int, int], ...] = ()
    free: tuple[tuple[date, date], ...] = ()

    def after(self, moment: datetime, seconds: float) -> datetime:
        """The moment by which so many seconds have been worked from a moment on. Raises NeverOpen."""
        if not self.shifts and not self.free:
            return moment + timedelta(seconds=seconds)
        left = timedelta(seconds=seconds)
        for begin, end in self._open_from(moment):
            if left <= end - begin:
                return begin + left
            left -= end - begin
        raise NeverOpen

    def between(self, begin: datetime, end: datetime) -> float:
        """The seconds that are worked from one moment to another."""
        total = timedelta()
        for opens, closes in self._open_from(begin):
            if opens >= end:
                break
            total += min(closes, end) - opens
        return total.total_seconds()

    def days_after(self, moment: datetime, days: int) -> datetime:
        """The same time of day so many working days later, within the hours of that day. Raises NeverOpen."""
        local = moment.astimezone(ZoneInfo(self.zone))
        day, left = local.date(), days
        for _each in range(FURTHEST):
            if left == 0:
                return self._within(day, datetime.combine(day, local.time(), ZoneInfo(self.zone)).astimezone(UTC))
            day += timedelta(days=1)
            left -= bool(self._spans(day))
        raise NeverOpen

    def is_open(self, moment: datetime) -> bool:
        """Whether somebody works at a moment."""
        return next((opens <= moment for opens, _closes in self._open_from(moment)), False)

    def _within(self, day: date, moment: datetime) -> datetime:
        spans = self._spans(day)
        return min(max(moment, spans[0][0]), spans[-1][1]) if spans else moment

    def _open_from(self, moment: datetime) -> Iterator[tuple[datetime, datetime]]:
        """The spans of working time from a moment on, one after the other without overlap."""
        first = moment.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=1)
        reached = moment
        for number in range(FURTHEST):
            for opens, closes in self._spans(first + timedelta(days=number)):
                begin = max(opens, reached)
                if closes > begin:
                    reached = closes
                    yield begin, closes

    def _spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The shifts that begin on a day, as moments; none on a day that is free."""
        if any(begin <= day <= end for begin, end in self.free):
            return []
        if not self.shifts:
            return [(self._moment(day, 0), self._moment(day, DAY))]
        return sorted((self._moment(day, opens), self._moment(day, closes if closes > opens else closes + DAY, closing=True))
                      for weekday, opens, closes in self.shifts if weekday == day.isoweekday())

    def _moment(self, day: date, minute: int, *, closing: bool = False) -> datetime:
        """A local time as a moment. A time that comes twice begins with the first and ends with the second; one that never comes is the
        moment at which the clocks are moved on plus what is missing."""
        local = datetime.combine(day + timedelta(days=minute // DAY), time(minute % DAY // 60, minute % 60), ZoneInfo(self.zone))
        twice = local.utcoffset() > local.replace(fold=1).utcoffset()  # type: ignore[operator]
        return local.replace(fold=1 if closing and twice else 0).astimezone(UTC)
