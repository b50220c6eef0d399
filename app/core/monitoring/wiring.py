"""Puts the questions of machines into the application."""

from __future__ import annotations

from flask import Flask

from app.core.monitoring import deliveries
from app.core.monitoring.views import screens


def install(app: Flask) -> None:
    """The health addresses, and the page of what could not be delivered."""
    app.register_blueprint(screens)
    app.register_blueprint(deliveries.screens)
