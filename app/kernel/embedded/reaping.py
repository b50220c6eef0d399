"""Servers are children of whoever started them, and are taken leave of by the same."""

from __future__ import annotations

import os
import time
from contextlib import suppress

LIMIT = 5.0


def reap(pid: int) -> None:
    """Wait a moment for a server that was told to end, so that no zombie is left; one that somebody else started is theirs."""
    deadline = time.monotonic() + LIMIT
    with suppress(ChildProcessError):
        while os.waitpid(pid, os.WNOHANG) == (0, 0) and time.monotonic() < deadline:
            time.sleep(0.01)
