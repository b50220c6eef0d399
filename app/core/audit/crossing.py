"""Crossing the organisations' walls on purpose: for people's platform work, with a reason, audited in the platform's own chain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from app.core.audit.writer import note
from app.kernel.db import _across


@contextmanager
def across_organisations(reason: str) -> Iterator[None]:
    """Within the block the session's own wall is open; what row security shows still follows from the role that asks.

    Never for timers: they go organisation by organisation. Raises ValueError without a reason.
    """
    if not reason.strip():
        raise ValueError("Crossing organisations needs a reason.")
    note("platform.organisation.cross", platform=True, context={"reason": reason})
    token = _across.set(reason)
    try:
        yield
    finally:
        _across.reset(token)
