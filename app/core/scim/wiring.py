"""Puts SCIM into the application."""

from __future__ import annotations

from flask import Flask
from sqlalchemy import event

from app.core.people import Member
from app.core.scim import page, refusals, views
from app.core.scim.keeping import renamed
from app.kernel import faults


def install(app: Flask) -> None:
    """The addresses for directories, their refusals in their own words, and the page that says how to set one up."""
    app.register_blueprint(views.screens)
    app.register_blueprint(page.screens)
    faults.speaks("/scim/", refusals.said)
    if not event.contains(Member, "before_update", renamed):
        event.listen(Member, "before_update", renamed)
