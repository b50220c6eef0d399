"""The loop: rounds that lead, carry and tick; what is away is waited for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import redis
from sqlalchemy.exc import OperationalError

from app.core.scheduler import Loop, Relay, ticks
from app.kernel import carrier, clock, outbox
from app.kernel.current import current
from app.kernel.manifest import Schedule
from tests.core.stand import Stand
from tests.infra.databases import Database

SEEN: list[tuple[str, str]] = []


def look() -> None:
    """Notes for whom it runs."""
    SEEN.append((current.organisation.slug, current.organisation.name))


@pytest.fixture
def copy(fresh_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Loop, Stand]]:
    """A loop over a database of its own, with one organisation and one short schedule."""
    SEEN.clear()
    ticks._served.clear()
    monkeypatch.setattr(ticks, "schedules", lambda: [Schedule("look", look, every=2)])
    monkeypatch.setattr("app.core.scheduler.loop.schedules", ticks.schedules)
    with fresh_database.app.app_context():
        loop = Loop(Relay(str(fresh_database.settings.database_relay_url)))
        yield loop, Stand()
        loop.relay.close()


def test_a_round_carries_what_is_due_and_runs_what_is_short(copy: tuple[Loop, Stand]) -> None:
    loop, stand = copy
    with stand.work():
        outbox.put("effect", "x", {})
    carrier.connection().flushdb()
    loop.round()
    assert loop.leads
    assert carrier.connection().llen("rq:queue:effects") == 1
    assert [(stand.organisation.slug, "Stand")] == SEEN, "with all that is known of the organisation"
    loop.round()
    assert carrier.connection().llen("rq:queue:effects") == 1, "one call waits, however often it is swept"
    assert len(SEEN) == 1, "its two seconds are not over"


def test_who_does_not_lead_does_nothing(copy: tuple[Loop, Stand]) -> None:
    loop, _ = copy
    loop.round()
    SEEN.clear()
    other = Loop(loop.relay)
    other.round()
    assert not other.leads
    assert SEEN == []


def test_redis_away_stops_no_tick(copy: tuple[Loop, Stand], monkeypatch: pytest.MonkeyPatch) -> None:
    loop, _ = copy

    def away(*_: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(loop.relay, "sweep", away)
    loop.round()
    assert len(SEEN) == 1


def test_the_database_away_is_waited_for(copy: tuple[Loop, Stand], monkeypatch: pytest.MonkeyPatch) -> None:
    loop, _ = copy
    tried: list[float] = []

    def away() -> bool:
        tried.append(clock.now().timestamp())
        if len(tried) == 2:
            loop.stop()
        raise OperationalError("", {}, Exception("away"))

    monkeypatch.setattr(loop.lead, "take", away)
    monkeypatch.setattr("app.core.scheduler.loop.PACE", 0.05)
    loop.run()
    assert len(tried) == 2


def test_stopping_gives_the_lead_up(copy: tuple[Loop, Stand], monkeypatch: pytest.MonkeyPatch) -> None:
    loop, _ = copy
    monkeypatch.setattr("app.core.scheduler.loop.PACE", 0.05)
    monkeypatch.setattr(loop.relay, "sweep", loop.stop)
    loop.run()
    assert Loop(loop.relay).lead.take()
