"""Puts the settings page into the application."""

from __future__ import annotations

from flask import Flask

from app.core.settings.views import screens


def install(app: Flask) -> None:
    """The settings page."""
    app.register_blueprint(screens)
