"""Child processes of the supervisor: each in a session of its own, so that a terminal's Ctrl-C reaches only the supervisor."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable

from app.kernel.config import PROJECT, ConfigError

DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)
TOO_SOON = 15.0  # seconds: a child that dies before them has not started at all
MOST_FALSE_STARTS = 5

_libc = ctypes.CDLL(None, use_errno=True)


class Child:
    """One child, started again when it dies."""

    def __init__(self, name: str, command: list[str], *, limit: float) -> None:
        self.name, self._command, self._limit = name, command, limit
        self._process: subprocess.Popen[bytes] | None = None
        self._began = 0.0
        self._false_starts = 0
        self._again_at = 0.0

    def start(self) -> None:
        """Start the process."""
        self._began = time.monotonic()
        self._process = subprocess.Popen(self._command, cwd=PROJECT, start_new_session=True, preexec_fn=_end_with_parent)  # noqa: PLW1509 - starts before any thread

    def check(self) -> bool:
        """Start it again if it died, later and later; says whether it did. Raises `ConfigError` when it does not stay up."""
        if self._process is None or self._process.poll() is None:
            return False
        now = time.monotonic()
        if self._again_at == 0.0:
            soon = now - self._began < TOO_SOON
            self._false_starts = self._false_starts + 1 if soon else 0
            self._again_at = now + min(8.0, 0.5 * 2**self._false_starts)
        if self._false_starts >= MOST_FALSE_STARTS:
            raise ConfigError(f"{self.name}: ended with code {self._process.returncode} at every start; see its lines above")
        if now < self._again_at:
            return False
        self._again_at = 0.0
        self.start()
        return True

    def run(self, *, until: Callable[[], bool]) -> bool:
        """Run it to its end, or until told to stop; says whether it ended well."""
        self.start()
        while self._process and self._process.poll() is None:
            if until():
                self.stop()
            time.sleep(0.05)
        return self._process is not None and self._process.returncode == 0

    def stop(self) -> None:
        """Ask it to stop, ask again after two thirds of its time, and end its whole session when time is up."""
        if self._process is None:
            return
        for number, limit in ((signal.SIGTERM, self._limit * 2 / 3), (signal.SIGTERM, self._limit / 3), (signal.SIGKILL, 5.0)):
            if self._process.poll() is None:
                self._signal(number)
            try:
                self._process.wait(limit)
                break
            except subprocess.TimeoutExpired:
                continue
        self._signal(signal.SIGKILL, whole_session=True)

    def _signal(self, number: signal.Signals, *, whole_session: bool = False) -> None:
        assert self._process is not None  # noqa: S101 - only called after start
        try:
            if whole_session or number == signal.SIGKILL:
                os.killpg(self._process.pid, number)
            else:
                self._process.send_signal(number)
        except ProcessLookupError:
            return


def _end_with_parent() -> None:
    """Runs in the child: have the system send SIGTERM when the supervisor is gone, even by kill -9."""
    _libc.prctl(DIE_WITH_PARENT, signal.SIGTERM)
