"""What a process does before it uses the database: attach to the embedded servers, or start them, and migrate."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from app.kernel import embedded, migrations, roles
from app.kernel.config import ConfigError, Settings


@contextmanager
def attached(settings: Settings, *, migrate: bool = True) -> Iterator[Settings]:
    """Within the block the servers of these settings run; those that this call started are stopped after it."""
    servers = None
    if settings.embedded_database or settings.embedded_redis:
        servers = embedded.acquire(settings.home, database=settings.embedded_database, redis=settings.embedded_redis)
    try:
        if migrate:
            migrations.make_current(settings)
        yield settings
    finally:
        if servers:
            servers.release()


def refuse_wide_rights(settings: Settings) -> None:
    """Raise `ConfigError` when a role may do more than its part; a server that is away is asked again later."""
    urls = {"DATABASE_URL": settings.database_url, "DATABASE_RELAY_URL": settings.database_relay_url}
    for variable, url in urls.items():
        if not url:
            continue
        try:
            problem = roles.refusal(variable, url)
        except psycopg.OperationalError:
            return
        if problem:
            raise ConfigError(problem)
