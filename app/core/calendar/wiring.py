"""Puts absences into the application: managers see those of their people, and calendar files are read."""

from __future__ import annotations

from flask import Flask

from app.core import access
from app.core.calendar import absences, views


def install(app: Flask) -> None:
    """Register the sight that managing gives, and the page for calendar files."""
    access.also_visible(absences.seen_by_managers)
    app.register_blueprint(views.screens)
