"""Puts runs into the application: pages, what can be scheduled, and the ear for jobs that end."""

from __future__ import annotations

from flask import Flask

from app.core import scheduler
from app.core.runs import executing, launching, planning, views
from app.kernel.attempt import when_ended


def install(app: Flask) -> None:
    """Offer runs to the scheduler, hear of jobs that end, register the pages."""
    scheduler.offer(launching.tasks)
    when_ended(executing.job_ended)
    app.register_blueprint(views.screens)
    app.register_blueprint(planning.screens)
