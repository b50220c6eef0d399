"""Puts autonomy into the application: its pages and its address for machines."""

from __future__ import annotations

from flask import Flask

from app.core.autonomy import views


def install(app: Flask) -> None:
    """Register the pages."""
    app.register_blueprint(views.screens)
