"""Puts the pages of workflows into the application."""

from __future__ import annotations

from flask import Flask

from app.core.workflow.views import screens


def install(app: Flask) -> None:
    """Register them."""
    app.register_blueprint(screens)
