"""Puts the file service into the application."""

from __future__ import annotations

from flask import Flask

from app.core.files.views import screens


def install(app: Flask) -> None:
    """The download address."""
    app.register_blueprint(screens)
