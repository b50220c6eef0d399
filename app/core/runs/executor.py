"""`run_executor`: a kind of run from its inputs to its end, or to where it waits for a decision, in one call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from app.core.runs.launching import launch
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import unit_of_work


def run_executor(kind: str, inputs: Mapping[str, Any] | None = None, *, title: str = "") -> UUID:
    """Launch a run and work it off here, unless a worker was quicker; gives its id. It commits: call it outside any piece of work."""
    with unit_of_work():
        run = launch(kind, inputs, title=title)
        run_id, job_id = run.id, run.job_id
    if job_id is not None:
        jobs.run(job_id, current.organisation.id)
    return run_id
