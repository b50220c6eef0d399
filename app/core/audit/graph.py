"""The time line of the trail: how much happened on each day, drawn on the server, with its table."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_date
from flask_babel import get_locale

from app.core.audit.asking import Filters, per_day
from app.kernel import clock
from app.kernel.current import current

DAYS, WIDTH, HEIGHT, GAP = 30, 720, 96, 4


@dataclass(frozen=True)
class Bar:
    """One day: its name, how many entries, how many of them refused, and where its bars stand."""

    day: date
    label: str
    count: int
    refused: int
    x: float
    width: float
    y: float
    height: float
    bad_y: float
    bad_height: float


@dataclass(frozen=True)
class Graph:
    """The days with the highest among them."""

    bars: Sequence[Bar]
    width: int
    height: int
    highest: int
    total: int


def graph_of(filters: Filters) -> Graph:
    """The thirty days up to the last one asked for."""
    last = filters.until or clock.today(current.organisation.timezone)
    days = [last - timedelta(days=back) for back in range(DAYS - 1, -1, -1)]
    if filters.since:
        days = [day for day in days if day >= filters.since] or [filters.since]
    counted = per_day(filters, days)
    highest = max(count for _day, count, _refused in counted) or 1
    step = WIDTH / len(counted)
    locale: Any = get_locale() or "en"
    bars = [_bar(day, count, refused, place * step, step - GAP, highest, format_date(day, "d MMM", locale=locale))
            for place, (day, count, refused) in enumerate(counted)]
    return Graph(bars, WIDTH, HEIGHT, highest, sum(bar.count for bar in bars))


def _bar(day: date, count: int, refused: int, x: float, width: float, highest: int, label: str) -> Bar:
    height = max(2.0, HEIGHT * count / highest) if count else 0.0
    bad = max(2.0, HEIGHT * refused / highest) if refused else 0.0
    return Bar(day, label, count, refused, round(x, 1), round(width, 1), round(HEIGHT - height, 1), round(height, 1),
               round(HEIGHT - bad, 1), round(bad, 1))
