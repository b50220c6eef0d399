"""Puts invitations into the application."""

from __future__ import annotations

from flask import Flask

from app.core.joining.sending import send_out
from app.core.joining.views import screens
from app.kernel.events import subscribe


def install(app: Flask) -> None:
    """Send what is asked for, and serve the page behind the link."""
    for fact in ("people.invitation.created", "people.invitation.resent"):
        subscribe(fact, send_out)
    app.register_blueprint(screens)
