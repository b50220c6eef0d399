"""The one source of the present moment, so that tests can set it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment in UTC."""
    return _frozen.get() or datetime.now(UTC)


def midnight(day: date, zone: str = "UTC") -> datetime:
    """The moment at which a day begins in a time zone (IANA name)."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def today(zone: str = "UTC") -> date:
    """The present day in a time zone (IANA name)."""
    return now().astimezone(ZoneInfo(zone)).date()


def week_of(day: date, first: int = 1) -> tuple[date, date]:
    """The first and the last day of the week of a day; weeks begin with `first`, 1 (Monday) to 7."""
    begins = day - timedelta(days=(day.isoweekday() - first) % 7)
    return begins, begins + timedelta(days=6)


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Within the block it is `moment` (which carries a time zone)."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
