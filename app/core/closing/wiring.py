"""Puts the deletion of an organisation into the application."""

from __future__ import annotations

from flask import Flask

from app.core.closing.views import screens


def install(app: Flask) -> None:
    """Serve its page."""
    app.register_blueprint(screens)
