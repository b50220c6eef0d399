"""Puts the edge around every request, and the sign-in pages into the application."""

from __future__ import annotations

from flask import Flask, g, has_request_context

from app.core import access
from app.core.auth import account, address_views, app_api, recovery_views, session_views, token_views, views
from app.core.auth.edge import install_edge
from app.core.auth.factors import lost_pages, second_step, security, stepping
from app.core.auth.listening import install_listening
from app.core.auth.source import source_address
from app.kernel.frame import fill_slot


def _circumstance(name: str) -> object:
    """What the edge knows of the request at hand, for conditions: from where, and whether a second factor was shown."""
    if not has_request_context():
        return None
    return source_address() if name == "network" else bool(getattr(g.get("entry"), "factor", ""))


def install(app: Flask) -> None:
    """The edge, the pages before an organisation is known, and one's own settings."""
    install_edge(app)
    install_listening(app)
    access.circumstances_from(_circumstance)
    app.register_blueprint(views.screens)
    app.register_blueprint(account.screens)
    app.register_blueprint(app_api.screens)
    app.register_blueprint(token_views.screens)
    app.register_blueprint(recovery_views.screens)
    app.register_blueprint(session_views.screens)
    app.register_blueprint(address_views.screens)
    app.register_blueprint(second_step.screens)
    app.register_blueprint(security.screens)
    app.register_blueprint(lost_pages.screens)
    stepping.install(app)
    fill_slot(app, "enrol_by", security.enrol_by)
    fill_slot(app, "session", session_views.lasting)
