"""RQ's worker as this house needs it: each call in a fresh process with the application around it; SIGTERM gives the work back."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import redis
from flask import Flask
from rq import Worker

from app.kernel import carrier, delivery
from app.kernel.db import db


class HouseWorker(Worker):
    """Takes wake-up calls. `app` is the application whose rows it works on; `told` is called when it is asked to stop."""

    app: Flask
    told: Callable[[], None] = staticmethod(lambda: None)

    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """Stop after the call under way, and have that one end soon: its rows are given back."""
        self.told()
        if self.horse_pid:
            _signal(self.horse_pid, signal.SIGUSR1)
        super().request_stop(signum, frame)  # type: ignore[no-untyped-call]

    def request_force_stop(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002 -- RQ's signature
        """A second signal is heard calmly: the call under way gets its time; what it leaves undone is taken up elsewhere."""
        if self.horse_pid:
            _signal(self.horse_pid, signal.SIGUSR1)

    def execute_job(self, job: Any, queue: Any) -> None:
        """Say that the call was taken before its process begins: were that killed first, the next call would wait for the mark to lapse."""
        with suppress(redis.RedisError):
            self.connection.delete(carrier.Call(job.args[0], queue.name).mark)
        super().execute_job(job, queue)

    def setup_work_horse_signals(self) -> None:
        """In the process of the call: a request to stop is noted, and heard at the next checkpoint."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for number in (signal.SIGTERM, signal.SIGUSR1):
            signal.signal(number, _note)

    def perform_job(self, job: Any, queue: Any) -> bool:
        """Run the call inside the application, with connections of its own."""
        with self.app.app_context():
            for engine in db.engines.values():
                engine.dispose(close=False)
            self.app.extensions.pop("redis", None)
            return bool(super().perform_job(job, queue))


def _note(_number: int, _frame: FrameType | None) -> None:
    delivery.stop()


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
