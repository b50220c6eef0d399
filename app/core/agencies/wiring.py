"""Puts agencies into the application."""

from __future__ import annotations

from flask import Flask

from app.core.agencies.views import screens


def install(app: Flask) -> None:
    """Serve their pages."""
    app.register_blueprint(screens)
