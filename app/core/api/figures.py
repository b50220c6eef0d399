"""What the counted calls come to: how many, how fast, how many refused, which endpoints and whose."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core.api import counting
from app.core.api.counting import BOUNDS, Calls
from app.core.api.models import ApiUsage
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session

PERIODS = {"hour": (timedelta(hours=1), timedelta(minutes=5)), "day": (timedelta(days=1), timedelta(hours=1)),
           "week": (timedelta(days=7), timedelta(days=1)), "month": (timedelta(days=30), timedelta(days=1))}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MOST, ERROR, BROKEN, NEARLY_ALL = 10, 400, 500, 0.95


@dataclass
class Sum:
    """Calls taken together."""

    calls: int = 0
    refused: int = 0
    broken: int = 0
    milliseconds: int = 0
    spread: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS) + 1))

    def add(self, each: Calls) -> None:
        """Take one more row in."""
        self.calls += each.calls
        self.refused += each.calls if ERROR <= each.status < BROKEN else 0
        self.broken += each.calls if each.status >= BROKEN else 0
        self.milliseconds += each.milliseconds
        self.spread = [one + other for one, other in zip(self.spread, each.spread, strict=True)]

    @property
    def errors(self) -> int:
        """Calls that were refused, or broke."""
        return self.refused + self.broken

    @property
    def mean(self) -> float:
        """Milliseconds of a call, on average."""
        return self.milliseconds / self.calls if self.calls else 0.0

    @property
    def slowest(self) -> int | None:
        """The milliseconds within which 95 of 100 calls were answered; None where it is more than is told apart."""
        wanted, seen = self.calls * NEARLY_ALL, 0
        for bound, number in zip(BOUNDS, self.spread, strict=False):
            seen += number
            if seen >= wanted:
                return bound
        return None


@dataclass(frozen=True)
class Report:
    """A period: all of it, its parts in order, the endpoints and the callers with the most calls."""

    whole: Sum
    minutes: int
    steps: Sequence[tuple[datetime, Sum]]
    endpoints: Sequence[tuple[str, Sum]]
    consumers: Sequence[tuple[tuple[UUID, bool], Sum]]

    @property
    def per_minute(self) -> float:
        """Requests a minute, on average."""
        return self.whole.calls / self.minutes


def report(period: str) -> Report:
    """What the last hour, day, week or month came to, up to this minute."""
    length, step = PERIODS[period]
    last = clock.now()
    first = EPOCH + ((last - length - EPOCH) // step + 1) * step
    rows = list(_rows(first, step))
    whole, steps = Sum(), [(first + step * place, Sum()) for place in range((last - first) // step + 1)]
    by_step = dict(steps)
    for row in rows:
        whole.add(row)
        by_step[EPOCH + (row.minute - EPOCH) // step * step].add(row)
    return Report(whole, max(1, (last - first) // timedelta(minutes=1) + 1), steps, _most(rows, lambda row: row.endpoint),
                  _most(rows, lambda row: (row.consumer_id, row.by_token)))


def _most(rows: Iterable[Calls], name: Callable[[Calls], Any]) -> list[tuple[Any, Sum]]:
    found: dict[Any, Sum] = {}
    for row in rows:
        found.setdefault(name(row), Sum()).add(row)
    return sorted(found.items(), key=lambda each: (-each[1].calls, str(each[0])))[:MOST]


def _rows(first: datetime, step: timedelta) -> Iterable[Calls]:
    """What is kept, by steps; then what is counted and not kept yet."""
    kept = set(session().scalars(select(ApiUsage.minute).where(
        ApiUsage.organisation_id == current.organisation.id, ApiUsage.minute >= max(first, clock.now() - timedelta(hours=49))).distinct()))
    yield from _kept(first, step)
    for minute in counting.minutes():
        if (moment := counting.moment(minute)) >= first and moment not in kept:
            yield from counting.counted(minute)


def _kept(first: datetime, step: timedelta) -> Iterable[Calls]:
    begun = func.date_bin(step, ApiUsage.minute, EPOCH)
    what = (begun, ApiUsage.endpoint, ApiUsage.consumer_id, ApiUsage.by_token, ApiUsage.status)
    spread = [func.sum(ApiUsage.spread[place + 1]) for place in range(len(BOUNDS) + 1)]
    query = select(*what, func.sum(ApiUsage.calls), func.sum(ApiUsage.milliseconds), *spread).where(
        ApiUsage.organisation_id == current.organisation.id, ApiUsage.minute >= first).group_by(*what)
    for row in session().execute(query):
        yield Calls(*row[:5], int(row[5]), int(row[6]), [int(number) for number in row[7:]])
