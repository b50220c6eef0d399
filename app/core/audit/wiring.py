"""Puts the trail into the application."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

from app.core.audit.feeds import install_feeds
from app.core.audit.views import screens
from app.core.audit.writer import note
from app.kernel.current import current
from app.kernel.errors import Forbidden


def install(app: Flask) -> None:
    """Listen to changes, keep refusals, and show the trail."""
    install_feeds()
    app.register_blueprint(screens)
    app.after_request(keep_refusal)


def keep_refusal(response: Response) -> Response:
    """Somebody known asked for what they may not do: kept apart, since the request's own work was undone."""
    if response.status_code == Forbidden.status and current.has_organisation and current.is_signed_in:
        note("access.permission.refuse", result="refused", apart=True,
             context={"method": request.method, "path": request.path[:300], "endpoint": request.endpoint or "", "needs": _needed()})
    return response


def _needed() -> str:
    """The permission that the page asks for: why it was refused."""
    return str(getattr(current_app.view_functions.get(request.endpoint or ""), "needs", ""))
