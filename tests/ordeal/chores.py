"""Work that real workers do in ordeals: slow enough to be killed in the middle."""

from __future__ import annotations

import time
from typing import Any

from app.kernel import jobs, outbox
from app.kernel.db import session, unit_of_work
from app.kernel.outbox import OutboxRow


def slow_rows(count: int, chunk: int, pause: float) -> dict[str, int]:
    """Write `count` rows in chunks, each with its place to resume from."""
    job = jobs.current_job()
    for first in range(job.cursor or 0, count, chunk):
        with unit_of_work() as work:
            work.add_all(OutboxRow(kind="mark", name="ordeal.mark", payload={"n": n}, state="done") for n in range(first, first + chunk))
            job.advance(chunk, cursor=first + chunk)
        job.checkpoint()
        time.sleep(pause)
    return {"rows": count}


@outbox.handler("ordeal.effect")
def effect(payload: dict[str, Any], _row: OutboxRow) -> None:
    """An effect inside the database."""
    session().add(OutboxRow(kind="mark", name="ordeal.mark", payload={"n": payload["n"]}, state="done"))


def numbered_rows(first: int, count: int, pause: float) -> None:
    """Write rows with the numbers from `first`, one at a time, each with its place to resume from."""
    job = jobs.current_job()
    for n in range(job.cursor or first, first + count):
        with unit_of_work() as work:
            work.add(OutboxRow(kind="mark", name="ordeal.mark", payload={"n": n}, state="done"))
            job.advance(1, cursor=n + 1)
        job.checkpoint()
        time.sleep(pause)
