"""Work that real workers do in ordeals: slow enough to be killed in the middle."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from app.core.runs import Context
from app.kernel import jobs, outbox
from app.kernel.db import session, unit_of_work
from app.kernel.outbox import OutboxRow
from app.kernel.run_types import RunEffect, RunStep, RunType


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


STEPS = 6


def begun(home: Path, step: int) -> int:
    """How often a step of the run was begun."""
    path = home / "begun"
    return path.read_text().split().count(str(step)) if path.exists() else 0


def _step(number: int, context: Context) -> Mapping[str, Any]:
    """Say that it was begun, where no roll-back reaches; write a row and propose something; take its time."""
    with open(Path(os.environ["OPSFLUX_HOME"]) / "begun", "a") as file:
        file.write(f"{number}\n")
    session().add(OutboxRow(kind="mark", name="ordeal.mark", payload={"n": number}, state="done"))
    context.propose("call", f"Call number {number}", {"n": number}, sources=(context.source("All", "all", number, "hse/incidents/"),))
    session().flush()
    time.sleep(2)
    return {"number": number}


def _called(_payload: Mapping[str, Any]) -> None:
    """What would be done if somebody agreed."""


RUN = RunType("test.steps", "Steps", tuple(RunStep(f"step_{n}", f"Step {n}", partial(_step, n)) for n in range(STEPS)),
              effects=(RunEffect("call", "Call somebody", _called, "ORANGE"),))
