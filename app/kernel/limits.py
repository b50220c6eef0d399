"""How often something may be asked: counted per person or address in Redis, tighter in each process while Redis is away.

Tries to sign in are counted in PostgreSQL (core.auth.throttle): those must outlive Redis.
"""

from __future__ import annotations

import math
import time
from collections import Counter
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
    """At most so many in each span of seconds, by one member or from one address."""

    name: str
    most: int
    seconds: int = 60


API = Limit("api", 1_200)
SEARCH = Limit("search", 600)
UPLOAD = Limit("upload", 60)
EXPORT = Limit("export", 60)
ALONE = 4  # the share of a limit that a process grants by itself
LARGEST = 50_000

_here: Counter[str] = Counter()


def limited(limit: Limit) -> Callable[[V], V]:
    """Mark a view as one that a member may ask for only so often; the edge holds it to that."""

    def mark(view: V) -> V:
        view.limit = limit  # type: ignore[attr-defined]
        return view

    return mark


def take(limit: Limit, who: object) -> None:
    """Count one more. Raises `TooMany`, with the seconds until the next span, past the limit."""
    now = time.time()
    span = int(now // limit.seconds)
    key = f"opsflux:limit:{limit.name}:{who}:{span}"
    counted, most = _counted(key, limit)
    if counted > most:
        raise too_many(math.ceil((span + 1) * limit.seconds - now))


def too_many(wait: int) -> TooMany:
    """The refusal that says when to come back, `wait` being in seconds."""
    minutes = math.ceil(wait / 60)
    return TooMany(ngettext("Too many attempts. Try again in %(num)d minute.", "Too many attempts. Try again in %(num)d minutes.", minutes),
                   retry_after=max(1, wait))


def _counted(key: str, limit: Limit) -> tuple[int, int]:
    """How often it was asked in this span, and how often it may be."""
    if not carrier.is_resting():
        try:
            with carrier.connection().pipeline(transaction=False) as pipe:
                pipe.incr(key)
                pipe.expire(key, 2 * limit.seconds)
                return int(pipe.execute()[0]), limit.most
        except (redis.RedisError, OSError) as error:
            carrier.rest(error)
    if len(_here) > LARGEST:
        _here.clear()
    _here[key] += 1
    return _here[key], max(1, limit.most // ALONE)
