"""Puts the console into the application."""

from __future__ import annotations

from flask import Flask

from app.core.platform.views import screens


def install(app: Flask) -> None:
    """Serve it."""
    app.register_blueprint(screens)
