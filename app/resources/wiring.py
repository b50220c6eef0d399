"""Fills the door's slot and mounts every resource; the last thing that `create_app` does."""

from __future__ import annotations

from flask import Flask

from app.core import menu, views
from app.core.forms import filling
from app.kernel import door
from app.resources import filling as form_steps
from app.resources import finding, form_designs
from app.resources.door import perform
from app.resources.features.kept import as_kept, kept_in_words
from app.resources.mount import mount
from app.resources.portal import views as portal


def install(app: Flask) -> None:
    """Put the engine under the declarations."""
    door.install(perform)
    filling.fills(form_steps)
    views.understands(as_kept, kept_in_words)
    mount(app)
    app.register_blueprint(finding.screens)
    app.register_blueprint(portal.screens)
    app.register_blueprint(form_designs.screens)
    menu.bind_keys(app)
    door.check()
