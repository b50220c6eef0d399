"""What the installation needs, asked with short patience."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import redis
from flask import current_app

from app.kernel import migrations

PATIENCE = 2


def readiness() -> dict[str, str]:
    """Each part with `ok` or why not. Only the database must be there; without Redis work goes on, later."""
    return {"database": _asked(_database), "schema": _asked(_schema), "redis": _asked(_redis)}


def is_ready(parts: dict[str, str]) -> bool:
    """Whether requests can be served: Redis may be away."""
    return parts["database"] == parts["schema"] == "ok"


def _asked(question: Callable[[], str]) -> str:
    try:
        return question()
    except (psycopg.Error, redis.RedisError, OSError):
        return "away"


def _database() -> str:
    with psycopg.connect(current_app.extensions["settings"].database_url, connect_timeout=PATIENCE) as connection:
        connection.execute("SELECT 1")
    return "ok"


def _schema() -> str:
    return "behind" if migrations.behind(current_app.extensions["settings"].database_url) else "ok"


def _redis() -> str:
    url = current_app.extensions["settings"].redis_url
    with redis.Redis.from_url(url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE) as client:
        client.ping()
    return "ok"
