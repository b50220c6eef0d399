"""How often something may be asked: counted per person or address in Redis, tighter in each process while Redis is away.

Tries to sign in are counted in PostgreSQL (core.auth.throttle): those must outlive Redis.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import redis
from flask_babel import ngettext

from app.kernel import carrier
from app.kernel.errors import TooMany

V = TypeVar("V", bound=Callable[..., Any])


@dataclass(frozen=True)
class Limit:
    """At most so many in each span of seconds, by one member, one token or from one address. A span begins with the first."""

    name: str
    most: int
    seconds: int = 60


@dataclass(frozen=True)
class Usage:
    """What is used of a limit: `left` of `most`, until it begins anew in so many seconds; below nothing when it was one too many."""

    most: int
    left: int
    seconds: int


API = Limit("api", 1_000, 3_600)  # of one token
STRANGER = Limit("stranger", 1_200)  # of tokens that are none, from one address
SEARCH = Limit("search", 600)
UPLOAD = Limit("upload", 60)
EXPORT = Limit("export", 60)
DOCUMENT = Limit("document", 120)
ALONE = 4  # the share of a limit that a process grants by itself
LARGEST = 50_000

_here: dict[str, tuple[int, float]] = {}


def limited(limit: Limit) -> Callable[[V], V]:
    """Mark a view as one that a member may ask for only so often; the edge holds it to that."""

    def mark(view: V) -> V:
        view.limit = limit  # type: ignore[attr-defined]
        return view

    return mark


def take(limit: Limit, who: object) -> None:
    """Count one more. Raises `TooMany`, with the seconds until the next span, past the limit."""
    usage = count(limit, who)
    if usage.left < 0:
        raise too_many(usage.seconds)


def too_many(wait: int) -> TooMany:
    """The refusal that says when to come back, `wait` being in seconds."""
    minutes = math.ceil(wait / 60)
    said = ngettext("Too many attempts. Try again in %(num)d minute.", "Too many attempts. Try again in %(num)d minutes.", minutes)
    return TooMany(said, retry_after=max(1, wait))


def count(limit: Limit, who: object) -> Usage:
    """Count one more, and say how many are left."""
    key = f"opsflux:limit:{limit.name}:{who}"
    if not carrier.is_resting():
        try:
            return _counted(key, limit)
        except (redis.RedisError, OSError) as error:
            carrier.rest(error)
    return _counted_here(key, limit)


def _counted(key: str, limit: Limit) -> Usage:
    with carrier.connection().pipeline(transaction=True) as pipe:
        pipe.set(key, 0, ex=limit.seconds, nx=True)
        pipe.incr(key)
        pipe.ttl(key)
        _begun, counted, seconds = pipe.execute()
    return Usage(limit.most, limit.most - int(counted), max(1, int(seconds)))


def _counted_here(key: str, limit: Limit) -> Usage:
    if len(_here) > LARGEST:
        _here.clear()
    now, most = time.monotonic(), max(1, limit.most // ALONE)
    counted, ends = _here.get(key, (0, 0.0))
    if ends <= now:
        counted, ends = 0, now + limit.seconds
    _here[key] = (counted + 1, ends)
    return Usage(most, most - counted - 1, math.ceil(ends - now))
