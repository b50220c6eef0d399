"""Puts the counting of calls around the application, and the page that shows it."""

from __future__ import annotations

from flask import Flask

from app.core.api import counting
from app.core.api.views import screens


def install(app: Flask) -> None:
    """Count the calls of the API."""
    counting.install(app)
    app.register_blueprint(screens)
