"""The relay: finds, across organisations, what is due and calls the workers. It reads ids, organisations and due times only."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import Connection, create_engine, text
from sqlalchemy.pool import NullPool, StaticPool

from app.kernel import carrier, clock
from app.kernel.current import PLATFORM_ID, Organisation

_OUTBOX = text("""SELECT DISTINCT organisation_id FROM outbox
    WHERE state = 'waiting' AND due_at <= :now AND (lease_until IS NULL OR lease_until <= :now)""")
_JOBS = text("""SELECT id FROM (SELECT id FROM organisation UNION ALL SELECT :platform) AS place
    WHERE EXISTS (SELECT FROM job WHERE organisation_id = place.id AND state IN ('waiting', 'running') AND due_at <= :now
        AND (lease_until IS NULL OR lease_until <= :now))""")
_SCHEDULES = text("""SELECT organisation_id, id FROM schedule
    WHERE status = 'active' AND archived_at IS NULL AND next_at <= :now AND organisation_id = ANY (:places)
    ORDER BY next_at LIMIT 500""")
_ORGANISATIONS = text("SELECT id, slug, timezone FROM organisation ORDER BY slug")


class Relay:
    """The relay role's connection to the database."""

    def __init__(self, url: str, *, keep: bool = True) -> None:
        engine_url = url.replace("postgresql://", "postgresql+psycopg://", 1)
        self._engine = create_engine(engine_url, poolclass=StaticPool if keep else NullPool, pool_pre_ping=keep,
                                     connect_args={"connect_timeout": 5, "options": "-c statement_timeout=10000"})

    def due(self) -> list[carrier.Call]:
        """The calls for all that is due now and in nobody's hands."""
        with self._engine.begin() as connection:
            return _calls(connection)

    def sweep(self) -> int:
        """Call the workers for all that is due; gives how many calls left. Raises `redis.RedisError` when Redis is away."""
        due = self.due()
        return carrier.push(due) if due else 0

    def schedules(self, organisations: Iterable[Organisation]) -> list[tuple[UUID, UUID]]:
        """The organisations' own schedules that are due, the longest first: organisation and id."""
        with self._engine.begin() as connection:
            found = connection.execute(_SCHEDULES, {"now": clock.now(), "places": [each.id for each in organisations]})
            return [(row.organisation_id, row.id) for row in found]

    def organisations(self) -> list[Organisation]:
        """Every organisation, as far as a schedule needs it."""
        with self._engine.begin() as connection:
            found = connection.execute(_ORGANISATIONS)
            return [Organisation(id=row.id, slug=row.slug, name=row.slug, timezone=row.timezone) for row in found]

    def close(self) -> None:
        """Let the connection go."""
        self._engine.dispose()


def _calls(connection: Connection) -> list[carrier.Call]:
    now = {"now": clock.now()}
    organisations: list[UUID] = list(connection.execute(_OUTBOX, now).scalars())
    with_jobs: list[UUID] = list(connection.execute(_JOBS, now | {"platform": PLATFORM_ID}).scalars())
    return [carrier.Call(each) for each in organisations] + [carrier.Call(each, "jobs") for each in with_jobs]
