"""Puts the edge around every request, and the sign-in pages into the application."""

from __future__ import annotations

from flask import Flask

from app.core.auth import account, views
from app.core.auth.edge import install_edge
from app.core.auth.factors import lost_pages, second_step, security, stepping


def install(app: Flask) -> None:
    """The edge, the pages before an organisation is known, and one's own settings."""
    install_edge(app)
    app.register_blueprint(views.screens)
    app.register_blueprint(account.screens)
    app.register_blueprint(second_step.screens)
    app.register_blueprint(security.screens)
    app.register_blueprint(lost_pages.screens)
    stepping.install(app)
    app.jinja_env.globals["enrol_by"] = security.enrol_by
