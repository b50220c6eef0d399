"""Puts the pages of jobs into the application."""

from __future__ import annotations

from flask import Flask

from app.core.jobs.views import screens


def install(app: Flask) -> None:
    """Show jobs."""
    app.register_blueprint(screens)
