"""Puts notifications into the application."""

from __future__ import annotations

from flask import Flask

from app.core import menu
from app.core.notifications.listening import job_ended
from app.core.notifications.telling import unread_count
from app.core.notifications.views import screens
from app.kernel.attempt import when_ended


def install(app: Flask) -> None:
    """Hear of jobs that end, and show the bell."""
    when_ended(job_ended)
    menu.provide_notices(unread_count, "notifications.listing")
    app.register_blueprint(screens)
