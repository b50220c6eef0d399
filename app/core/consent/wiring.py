"""Puts the page of consent into the application."""

from __future__ import annotations

from flask import Flask

from app.core.consent.services import is_owed
from app.core.consent.views import screens
from app.core.menu import ask_first


def install(app: Flask) -> None:
    """Serve it, and ask before the first page."""
    ask_first("consent.page", is_owed)
    app.register_blueprint(screens)
