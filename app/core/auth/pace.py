"""How long a refusal takes at least, so that the time does not tell who is known and whose organisations heard of it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from app.kernel.errors import Refusal

LOCKED, REFUSED = 0.05, 0.25  # seconds


@contextmanager
def refusing_takes(seconds: float) -> Iterator[None]:
    """Wait before what refuses in the block goes on, until that many seconds have passed since it began."""
    begun = time.monotonic()
    try:
        yield
    except Refusal:
        time.sleep(max(0.0, seconds - (time.monotonic() - begun)))
        raise
