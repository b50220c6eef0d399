"""Puts the page behind the link of an invitation into the application."""

from __future__ import annotations

from flask import Flask

from app.core.joining.views import screens


def install(app: Flask) -> None:
    """Serve it."""
    app.register_blueprint(screens)
