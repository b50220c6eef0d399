"""Puts the trail into the application."""

from __future__ import annotations

from flask import Flask

from app.core.audit.feeds import install_feeds
from app.core.audit.views import screens


def install(app: Flask) -> None:
    """Listen to changes, and show the trail."""
    install_feeds()
    app.register_blueprint(screens)
