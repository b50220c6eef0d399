"""Puts the page of ownership into the application."""

from __future__ import annotations

from flask import Flask

from app.core.ownership.views import screens


def install(app: Flask) -> None:
    """Serve it."""
    app.register_blueprint(screens)
