"""Puts the profile and the look into the application."""

from __future__ import annotations

from flask import Flask

from app.core.branding.views import screens


def install(app: Flask) -> None:
    """Serve them."""
    app.register_blueprint(screens)
