"""Puts impersonation into the application: its pages, the banner of every page, and what is kept of each request."""

from __future__ import annotations

from flask import Flask, Response, g, request

from app.core.impersonation import services, views
from app.kernel.current import acting, current
from app.kernel.db import unit_of_work
from app.kernel.frame import fill_slot

UNKEPT = ("menu.badges", "menu.live")  # asked by the page itself, over and over


def install(app: Flask) -> None:
    """The pages; the banner; each request of an impersonator is kept, whatever its answer."""
    app.register_blueprint(views.screens)
    fill_slot(app, "impersonated", views.banner)
    app.after_request(_keep)


def _keep(response: Response) -> Response:
    user = current.context.user
    if user is None or user.impersonator is None or request.endpoint in UNKEPT or g.get("slug") is None:
        return response
    with acting(current.organisation, user), unit_of_work():
        services.keep_step(user.impersonator.case_id, request.method, request.full_path.rstrip("?"), response.status_code)
    return response
