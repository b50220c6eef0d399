"""Puts the import service into the application."""

from __future__ import annotations

from flask import Flask

from app.core.imports.undoing import job_ended
from app.kernel.attempt import when_ended


def install(app: Flask) -> None:  # noqa: ARG001 -- every service is installed in the same way
    """Hear how the jobs of imports end."""
    when_ended(job_ended)
