"""Redis carries wake-up calls to the workers; the truth stays in the database, so that losing all of them costs seconds.

A call says “effects of yours are due” or “jobs of yours are due” to one organisation. One call of a kind waits at a time, whatever the
organisation has to do: so they take turns. A key beside the queue says that it waits, and lapses by itself in case the worker that took
the call died.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import redis
from flask import current_app
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer
from sqlalchemy import event
from sqlalchemy.orm import Session

from app.kernel.db import session

QUEUES = ("effects", "jobs")
_CALL_LASTS, _REST_AFTER_FAILURE, _TIMEOUT = 15, 3.0, 1.5
_MOST_SECONDS = 6 * 3600

log = logging.getLogger("opsflux.carrier")


@dataclass(frozen=True)
class Call:
    """One wake-up call to an organisation: about its due outbox rows (`effects`), or about its due `jobs`."""

    organisation_id: UUID
    queue: str = "effects"

    @property
    def mark(self) -> str:
        """The key that says that this call is already waiting in the queue."""
        return f"opsflux:called:{self.queue}:{self.organisation_id}"


def connection(*, blocking: bool = False) -> redis.Redis:
    """The Redis client of this application; only workers wait on it without a limit."""
    name = "redis.blocking" if blocking else "redis"
    known: redis.Redis | None = current_app.extensions.get(name)
    if known is None:
        limits: dict[str, Any] = {} if blocking else {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT}
        known = redis.Redis.from_url(current_app.extensions["settings"].redis_url, **limits)
        current_app.extensions[name] = known
    return known


def call(organisation_id: UUID, queue: str = "effects") -> None:
    """Wake a worker once this transaction is committed; nothing leaves when it is undone."""
    session().info.setdefault("calls", {})[Call(organisation_id, queue)] = True


def say(channel: str, text: str) -> None:
    """Publish on a live channel once this transaction is committed."""
    session().info.setdefault("said", {})[channel, text] = True


def push(calls: Iterable[Call]) -> int:
    """Put calls into the queues now, each at most once; gives how many. Raises `redis.RedisError` when Redis is away."""
    client = connection()
    wanted = list(calls)
    with client.pipeline(transaction=False) as pipe:
        for each in wanted:
            pipe.set(each.mark, "1", nx=True, ex=_CALL_LASTS)
        fresh = [each for each, new in zip(wanted, pipe.execute(), strict=True) if new]
    for name in QUEUES:
        _enqueue(client, name, [each for each in fresh if each.queue == name])
    return len(fresh)


def answered(organisation_id: UUID, queue: str = "effects") -> None:
    """Say that a call was taken, so that the next one may queue."""
    try:
        connection().delete(Call(organisation_id, queue).mark)
    except redis.RedisError:
        log.debug("Redis is away; the mark lapses by itself.")


def forget(organisation_id: UUID, ids: Iterable[UUID]) -> int:
    """Take out of Redis all that is about an organisation, or about what has one of these ids; gives how many entries.

    Raises `redis.RedisError` when Redis is away.
    """
    client, gone = connection(), {str(organisation_id), *map(str, ids)}
    marks = [key for key in client.scan_iter(match="opsflux:*", count=1000) if gone & set(key.decode().split(":"))]
    calls = [job for name in QUEUES for job in _waiting(client, name) if str(organisation_id) in job.args]
    for job in calls:
        job.delete()
    return len(calls) + (int(client.delete(*marks)) if marks else 0)


def _waiting(client: redis.Redis, name: str) -> Iterator[Job]:
    """The calls that a queue knows of, whatever became of them."""
    queue = Queue(name, connection=client, serializer=JSONSerializer)
    registries = (queue.started_job_registry, queue.failed_job_registry, queue.deferred_job_registry, queue.scheduled_job_registry,
                  queue.finished_job_registry, queue.canceled_job_registry)
    ids = {*queue.job_ids, *(job_id for each in registries for job_id in each.get_job_ids())}
    return (job for job in Job.fetch_many(sorted(ids), connection=client, serializer=JSONSerializer) if job is not None)


def try_push(calls: Iterable[Call]) -> None:
    """Like `push`; when Redis is away the sweep does it later, and nobody waits for a dead server twice within seconds."""
    if not is_resting():
        try:
            push(calls)
        except (redis.RedisError, OSError) as error:
            rest(error)


def _enqueue(client: redis.Redis, name: str, calls: list[Call]) -> None:
    if not calls:
        return
    queue = Queue(name, connection=client, serializer=JSONSerializer)
    functions = {"jobs": "app.kernel.jobs.turn", "effects": "app.kernel.outbox.drain"}
    queue.enqueue_many([Queue.prepare_data(functions[name], args=[str(each.organisation_id)], timeout=_MOST_SECONDS, result_ttl=0,
                                           failure_ttl=3600) for each in calls])


def others_wait(organisation_id: UUID, client: redis.Redis) -> bool:
    """Whether jobs of another organisation wait for a worker now."""
    try:
        waiting = int(client.llen(f"{Queue.redis_queue_namespace_prefix}jobs"))
        return waiting > 1 or (waiting == 1 and not client.exists(Call(organisation_id, "jobs").mark))
    except (redis.RedisError, OSError):
        return False


def is_resting() -> bool:
    """Whether Redis was away a moment ago, so that nobody should wait for it again yet."""
    return time.monotonic() < float(current_app.extensions.get("redis.rest", 0.0))


def rest(error: Exception) -> None:
    """Note that Redis is away, and leave it alone for some seconds."""
    current_app.extensions["redis.rest"] = time.monotonic() + _REST_AFTER_FAILURE
    log.warning("Redis is away (%s); the scheduler's sweep will carry what waits.", type(error).__name__)


@event.listens_for(Session, "after_commit")
def _carry(work: Session) -> None:
    if work.in_nested_transaction():
        return
    calls, said = work.info.pop("calls", {}), work.info.pop("said", {})
    if calls:
        try_push(calls)
    if said and not is_resting():
        try:
            with connection().pipeline(transaction=False) as pipe:
                for channel, text in said:
                    pipe.publish(channel, text)
                pipe.execute()
        except (redis.RedisError, OSError) as error:
            rest(error)


@event.listens_for(Session, "after_rollback")
def _forget(work: Session) -> None:
    if not work.in_nested_transaction():
        work.info.pop("calls", None)
        work.info.pop("said", None)
