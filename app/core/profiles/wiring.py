"""Puts photos and activity into the application."""

from __future__ import annotations

from flask import Flask

from app.core.profiles.views import profile, screens


def install(app: Flask) -> None:
    """Serve them; `profile(member)` in Jinja is what the page of a member shows."""
    app.jinja_env.globals["profile"] = profile
    app.register_blueprint(screens)
