"""A worker: takes job numbers from Redis and runs them from their rows. `python worker.py` runs one until SIGTERM.

`python worker.py effects` takes effects only: beside another worker, it keeps them from waiting behind long jobs.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import sys
import time
from collections.abc import Sequence

import redis
from flask import Flask
from rq import Queue
from rq.exceptions import StopRequested
from rq.serializers import JSONSerializer

from app import create_app
from app.kernel.carrier import QUEUES
from app.kernel.config import ConfigError, Settings
from app.kernel.horses import HouseWorker
from app.kernel.tracing import FORMAT
from app.running.guards import refuse_to_serve

LEASE = 30  # seconds after which a silent worker counts as dead
MAINTENANCE = 10  # seconds between looks for what dead workers left behind

log = logging.getLogger("opsflux.worker")


def main() -> int:
    """Run jobs until told to stop; the job under way is finished or given back."""
    try:
        names = _names(sys.argv[1:])
        app = create_app()
        settings: Settings = app.extensions["settings"]
        refuse_to_serve(app)
    except ConfigError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - before logging is set up
        return 1
    logging.basicConfig(level=settings.log_level, format=FORMAT)
    stopping = _Stopping()
    while not stopping.asked:
        stopping.listen()
        with contextlib.suppress(redis.RedisError, StopRequested):
            _work(app, names, stopping)
            return 0
        if stopping.asked:
            break
        log.warning("Redis is away; trying again")
        time.sleep(1)
    return 0


def _names(given: Sequence[str]) -> tuple[str, ...]:
    """The queues to take from: those of the command line, or all."""
    if unknown := set(given) - set(QUEUES):
        raise ConfigError(f"worker.py: unknown queue {min(unknown)}; known are {', '.join(QUEUES)}")
    return tuple(given) or QUEUES


def make_worker(app: Flask, connection: redis.Redis, names: Sequence[str] = QUEUES) -> HouseWorker:
    """A worker with short leases whose messages are JSON: a pickle in Redis would be code execution."""
    queues = [Queue(name, connection=connection, serializer=JSONSerializer) for name in names]
    worker = HouseWorker(
        queues, connection=connection, serializer=JSONSerializer, worker_ttl=LEASE,
        maintenance_interval=MAINTENANCE, job_monitoring_interval=5, default_result_ttl=0,
    )  # fmt: skip
    worker.app = app
    return worker


def _work(app: Flask, names: Sequence[str], stopping: _Stopping) -> None:
    connection = redis.Redis.from_url(app.extensions["settings"].redis_url, socket_connect_timeout=5, health_check_interval=15)
    connection.ping()
    worker = make_worker(app, connection, names)
    worker.told = stopping.note
    worker.work(logging_level="WARNING")


class _Stopping:
    """Notes a SIGTERM or SIGINT: itself while Redis is away, told by the worker while that works (its farewell may fail without Redis)."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take the signals, which a worker that has broken off held."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda _number, _frame: self.note())

    def note(self) -> None:
        """Somebody asked for the end."""
        self.asked = True


if __name__ == "__main__":
    sys.exit(main())
