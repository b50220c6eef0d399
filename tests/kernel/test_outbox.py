"""The outbox: owed with its cause, delivered once, held, cancelled, retried."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from flask import Flask
from sqlalchemy import func, select

from app.kernel import carrier, clock, delivery, outbox
from app.kernel.db import session
from app.kernel.errors import Conflict
from app.kernel.outbox import CANCELLED, DONE, FAILED, HELD, WAITING, GiveUp, OutboxRow, Retry
from app.kernel.records import new_id
from tests.core.stand import Stand
from tests.infra.databases import Database

CALLS: list[tuple[str, int]] = []


@outbox.handler("test.note")
def _note(payload: dict[str, Any], row: OutboxRow) -> None:
    """Writes a row: what an effect inside the database does."""
    CALLS.append((payload["word"], row.attempts))
    session().add(OutboxRow(kind="mark", name="test.mark", payload={"word": payload["word"]}, state=DONE))
    session().flush()
    if "raise" in payload:
        raise {"error": RuntimeError, "conflict": Conflict, "give up": GiveUp}[payload["raise"]]("no")


@outbox.handler("test.call", outside=True, lane="test")
def _call(payload: dict[str, Any], row: OutboxRow) -> Any:
    """Calls somebody outside, with no transaction open."""
    assert not session().in_transaction()
    CALLS.append((payload["word"], row.attempts))
    if payload.get("away"):
        raise Retry("away", after=0)
    return lambda: session().add(OutboxRow(kind="mark", name="test.mark", payload={"word": payload["word"]}, state=DONE))


@pytest.fixture(autouse=True)
def _fresh() -> None:
    CALLS.clear()


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation that is gone after the test."""
    found = Stand()
    outbox.drain(found.organisation.id)
    return found


def put(stand: Stand, word: str, name: str = "test.note", **said: Any) -> UUID:
    """Owe one delivery, in a piece of work of its own."""
    options = {key: said.pop(key) for key in ("due_at", "key", "risk") if key in said}
    with stand.work() as work:
        row = outbox.put("effect", name, {"word": word, **said}, **options)
        work.flush()
        return row.id


def row_of(stand: Stand, row_id: UUID) -> OutboxRow:
    """The row as it is now."""
    with stand.work() as work:
        row = work.get_one(OutboxRow, (stand.organisation.id, row_id))
        work.expunge(row)
    return row


def marks(stand: Stand) -> int:
    """How many effects happened."""
    with stand.work() as work:
        return work.scalar(select(func.count()).select_from(OutboxRow).where(OutboxRow.name == "test.mark")) or 0


def drain(stand: Stand) -> int:
    """What a worker does with a wake-up call."""
    return outbox.drain(stand.organisation.id)


def test_an_effect_happens_once_after_the_commit(stand: Stand) -> None:
    row_id = put(stand, "one")
    assert marks(stand) == 0
    assert drain(stand) == 1
    assert drain(stand) == 0
    assert not outbox.deliver(row_id, stand.organisation.id)
    assert marks(stand) == 1
    assert row_of(stand, row_id).state == DONE


def test_what_is_rolled_back_owes_nothing(stand: Stand) -> None:
    with pytest.raises(ZeroDivisionError), stand.work():
        outbox.put("effect", "test.note", {"word": "never"})
        raise ZeroDivisionError
    assert drain(stand) == 0


def test_nothing_is_called_before_the_commit(stand: Stand) -> None:
    client = carrier.connection()
    client.flushdb()
    with stand.work() as work:
        outbox.put("effect", "test.note", {"word": "one"})
        work.flush()
        assert client.llen("rq:queue:effects") == 0
    assert client.llen("rq:queue:effects") == 1


def test_many_rows_make_one_call(stand: Stand) -> None:
    client = carrier.connection()
    client.flushdb()
    with stand.work():
        ids = outbox.put_many("effect", "test.note", [{"word": str(n)} for n in range(40)])
    assert len(set(ids)) == 40
    assert client.llen("rq:queue:effects") == 1
    assert drain(stand) == 40
    assert marks(stand) == 40


def test_a_key_is_owed_once(stand: Stand) -> None:
    first, again = put(stand, "one", key="k"), put(stand, "two", key="k")
    assert first == again
    assert drain(stand) == 1
    assert [word for word, _ in CALLS] == ["one"]


def test_a_failed_attempt_leaves_no_effect_and_comes_back_later(stand: Stand) -> None:
    row_id = put(stand, "bad", **{"raise": "error"})
    assert drain(stand) == 0
    row = row_of(stand, row_id)
    assert (row.state, row.attempts, marks(stand)) == (WAITING, 1, 0)
    assert "RuntimeError: no" in row.last_error
    assert row.due_at > clock.now()
    with clock.at(row.due_at + timedelta(seconds=1)):
        drain(stand)
    assert row_of(stand, row_id).attempts == 2


@pytest.mark.parametrize("reason", ["conflict", "give up"])
def test_what_can_never_work_fails_at_once_and_can_be_retried(stand: Stand, reason: str) -> None:
    row_id = put(stand, "bad", **{"raise": reason})
    drain(stand)
    assert row_of(stand, row_id).state == FAILED
    with stand.work():
        assert outbox.retry(row_id)
    assert row_of(stand, row_id).state == WAITING


def test_it_fails_for_good_after_its_attempts(stand: Stand) -> None:
    row_id = put(stand, "bad", **{"raise": "error"})
    moment = clock.now()
    for _ in range(outbox.ATTEMPTS):
        moment += timedelta(hours=2)
        with clock.at(moment):
            drain(stand)
    assert row_of(stand, row_id).state == FAILED
    assert len(CALLS) == outbox.ATTEMPTS


def test_the_hold_window_is_kept_and_can_be_undone(stand: Stand) -> None:
    row_id = put(stand, "held", due_at=clock.now() + timedelta(seconds=30))
    assert drain(stand) == 0
    with stand.work():
        assert outbox.cancel(row_id)
    with stand.work():
        assert not outbox.cancel(row_id)
    with clock.at(clock.now() + timedelta(minutes=1)):
        assert drain(stand) == 0
    assert row_of(stand, row_id).state == CANCELLED
    assert CALLS == []


def test_what_is_done_cannot_be_cancelled(stand: Stand) -> None:
    row_id = put(stand, "one")
    drain(stand)
    with stand.work():
        assert not outbox.cancel(row_id)


def test_a_change_set_is_let_go_together(stand: Stand) -> None:
    change_set = new_id()
    with stand.work(), outbox.holding(change_set):
        row = outbox.put("effect", "test.note", {"word": "one"})
        outbox.put_many("effect", "test.note", [{"word": "two"}, {"word": "three"}])
        assert row.state == HELD
    assert drain(stand) == 0
    with stand.work():
        assert outbox.let_go(change_set) == 3
    assert drain(stand) == 3


def test_a_change_set_can_be_dropped(stand: Stand) -> None:
    change_set = new_id()
    with stand.work(), outbox.holding(change_set):
        outbox.put_many("effect", "test.note", [{"word": "one"}, {"word": "two"}])
    with stand.work():
        assert outbox.drop(change_set) == 2
        assert outbox.let_go(change_set) == 0
    assert drain(stand) == 0


def test_a_call_to_the_outside_runs_in_no_transaction(stand: Stand) -> None:
    row_id = put(stand, "out", "test.call")
    assert drain(stand) == 1
    assert marks(stand) == 1
    assert row_of(stand, row_id).state == DONE


def test_an_attempt_that_was_cut_off_cannot_be_cancelled_and_is_made_again(stand: Stand) -> None:
    row_id = put(stand, "out", "test.call")
    claims = delivery._claim(stand.organisation.id, row_id)
    assert [(row.id, row.attempts) for row in claims] == [(row_id, 1)]
    with stand.work():
        assert not outbox.cancel(row_id), "it is leased"
    later = clock.now() + delivery.LEASE + timedelta(seconds=1)
    with clock.at(later):
        with stand.work():
            assert not outbox.cancel(row_id), "it may have left"
        assert drain(stand) == 1
    assert CALLS == [("out", 2)]


def test_a_lease_that_was_lost_writes_nothing(stand: Stand) -> None:
    row_id = put(stand, "one")
    stale = delivery._claim(stand.organisation.id, row_id)[0]
    with clock.at(clock.now() + delivery.LEASE + timedelta(seconds=1)):
        assert drain(stand) == 1
        assert not delivery._deliver(stale)
    assert marks(stand) == 1


def test_a_lane_is_in_one_hand_and_in_order(stand: Stand) -> None:
    ids = [put(stand, str(n), "test.call") for n in range(5)]
    first = delivery._claim(stand.organisation.id, ids[0])
    assert drain(stand) == 0, "somebody has the lane"
    delivery._give_back(stand.organisation.id, first)
    assert drain(stand) == 5
    assert [word for word, _ in CALLS] == ["0", "1", "2", "3", "4"]


def test_what_is_owed_is_delivered_though_whoever_caused_it_left(stand: Stand) -> None:
    from app.core.people import Member

    with stand.work("member") as work:
        row = outbox.put("effect", "test.note", {"word": "left"})
        work.flush()
        row_id = row.id
    with stand.work() as work:
        work.get_one(Member, (stand.organisation.id, stand.actors["member"].id)).status = "inactive"
    drain(stand)
    assert row_of(stand, row_id).state == DONE


def test_redis_away_is_no_error(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: Any, **__: Any) -> None:
        raise redis.ConnectionError

    monkeypatch.setattr(carrier, "push", away)
    row_id = put(stand, "one")
    assert row_of(stand, row_id).state == WAITING


def test_another_organisation_sees_and_cancels_nothing(stand: Stand) -> None:
    row_id, other = put(stand, "one"), Stand("other")
    with other.work() as work:
        assert not outbox.cancel(row_id)
        assert work.scalars(select(OutboxRow.id).where(OutboxRow.id == row_id)).first() is None


def test_twenty_workers_at_once_make_one_effect(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        stand = Stand()
        outbox.drain(stand.organisation.id)
        CALLS.clear()
        put(stand, "one")

        def work(_: int) -> int:
            with fresh_database.app.app_context():
                return outbox.drain(stand.organisation.id)

        with ThreadPoolExecutor(8) as pool:
            assert sum(pool.map(work, range(20))) == 1
        assert marks(stand) == 1


@pytest.mark.parametrize("attempts", [1, 5, 40])
def test_pauses_grow_and_end(attempts: int) -> None:
    pause = delivery.back_off(attempts, 600)
    assert 0.7 * min(2**attempts, 600) <= pause <= 1.3 * min(2**attempts, 600)
