"""Counts each call of the API in Redis, minute by minute; a job keeps what is counted. Where Redis is away, calls go uncounted."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

import redis
from flask import Flask, Response, g, request

from app.kernel import carrier, clock
from app.kernel.current import current

BOUNDS = (10, 25, 50, 100, 250, 500, 1_000, 2_500)  # milliseconds
START, ROOT, LASTS = "/api/v1/<org>/", "/api/v1/<org>", 2 * 86_400
TOKEN, SESSION, BEGUN = "t", "s", "opsflux.begun"
_APART, _TOOK = "\x1f", "ms"


@dataclass(frozen=True)
class Calls:
    """Calls of one minute to one endpoint, by one caller, with one status."""

    minute: datetime
    endpoint: str
    consumer_id: UUID
    by_token: bool
    status: int
    calls: int
    milliseconds: int
    spread: Sequence[int]


def install(app: Flask) -> None:
    """Count every call below an organisation."""
    app.url_value_preprocessor(_begin)
    app.after_request(_end)


def _begin(_endpoint: str | None, _values: object) -> None:
    request.environ[BEGUN] = time.perf_counter()


def _end(response: Response) -> Response:
    rule = request.url_rule.rule if request.url_rule else ""
    if rule.startswith(START) and current.has_organisation and current.is_signed_in:
        took = round((time.perf_counter() - request.environ[BEGUN]) * 1_000)
        _count(f"{request.method} {rule.removeprefix(ROOT)}", response.status_code, took)
    return response


def _count(endpoint: str, status: int, took: int) -> None:
    if carrier.is_resting():
        return
    token = g.entry.token_id if "entry" in g else None
    field = _APART.join((endpoint, str(token or current.user.id), TOKEN if token else SESSION, str(status)))
    minute = str(int(clock.now().timestamp()) // 60)
    index, counted = _names(minute)
    try:
        with carrier.connection().pipeline(transaction=False) as pipe:
            pipe.hincrby(counted, f"{field}{_APART}{bisect_left(BOUNDS, took)}", 1)
            pipe.hincrby(counted, f"{field}{_APART}{_TOOK}", took)
            pipe.sadd(index, minute)
            pipe.expire(counted, LASTS)
            pipe.expire(index, LASTS)
            pipe.execute()
    except (redis.RedisError, OSError) as error:
        carrier.rest(error)


def _names(minute: str) -> tuple[str, str]:
    return f"opsflux:usage:{current.organisation.id}:minutes", f"opsflux:usage:{current.organisation.id}:{minute}"


def minutes() -> list[int]:
    """The minutes of which something is counted and not kept yet, oldest first; nothing while Redis is away."""
    try:
        return sorted(int(each) for each in carrier.connection().smembers(_names("")[0]))
    except (redis.RedisError, OSError) as error:
        carrier.rest(error)
        return []


def counted(minute: int) -> list[Calls]:
    """What was counted in a minute."""
    try:
        found = carrier.connection().hgetall(_names(str(minute))[1])
    except (redis.RedisError, OSError) as error:
        carrier.rest(error)
        return []
    by_field: dict[str, dict[str, int]] = {}
    for name, amount in found.items():
        field, _apart, what = name.decode().rpartition(_APART)
        by_field.setdefault(field, {})[what] = int(amount)
    return [_calls(minute, field, amounts) for field, amounts in by_field.items()]


def _calls(minute: int, field: str, amounts: dict[str, int]) -> Calls:
    endpoint, consumer, kind, status = field.split(_APART)
    spread = [amounts.get(str(place), 0) for place in range(len(BOUNDS) + 1)]
    return Calls(moment(minute), endpoint, UUID(consumer), kind == TOKEN, int(status), sum(spread), amounts.get(_TOOK, 0), spread)


def forget(minute: int) -> None:
    """Let go of a minute that is kept."""
    index, counted_here = _names(str(minute))
    with carrier.connection().pipeline(transaction=True) as pipe:
        pipe.delete(counted_here)
        pipe.srem(index, str(minute))
        pipe.execute()


def over() -> int:
    """The last minute in which nothing is counted any more."""
    return int((clock.now() - timedelta(minutes=2)).timestamp()) // 60


def moment(minute: int) -> datetime:
    """When a minute began."""
    return datetime.fromtimestamp(minute * 60, UTC)
