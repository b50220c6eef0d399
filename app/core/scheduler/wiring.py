"""Has the scheduler hear how its jobs ended."""

from __future__ import annotations

from flask import Flask

from app.core.scheduler.outcomes import job_ended
from app.kernel.attempt import when_ended


def install(app: Flask) -> None:  # noqa: ARG001 -- every wiring gets the application
    """Hear of jobs that end."""
    when_ended(job_ended)
