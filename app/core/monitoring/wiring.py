"""Puts the questions of machines into the application."""

from __future__ import annotations

from flask import Flask

from app.core.monitoring.views import screens


def install(app: Flask) -> None:
    """The health addresses."""
    app.register_blueprint(screens)
