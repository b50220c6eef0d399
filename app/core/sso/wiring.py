"""Puts the pages of single sign-on into the application."""

from __future__ import annotations

from flask import Flask

from app.core.sso import own, views


def install(app: Flask) -> None:
    """The ways to providers and back."""
    app.register_blueprint(views.screens)
    app.register_blueprint(own.screens)
