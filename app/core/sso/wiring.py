"""Puts the pages of single sign-on into the application."""

from __future__ import annotations

from flask import Flask

from app.core import auth
from app.core.sso import arriving, own, views


def install(app: Flask) -> None:
    """The ways to providers and back."""
    auth.ends_too(arriving.unlink)
    app.register_blueprint(views.screens)
    app.register_blueprint(own.screens)
