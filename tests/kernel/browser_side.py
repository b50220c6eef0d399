"""A small application with the screens installed and no database, for the tests of the browser side."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from uuid import UUID

import pytest
from flask import Flask
from flask_babel import Babel
from jinja2 import ChoiceLoader, DictLoader

from app import ROOT
from app.kernel.current import Actor, Organisation, acting
from app.kernel.frame import Choice, Frame, Item, Section, provide_frame
from app.kernel.screens import install_screens

ORGANISATION = Organisation(UUID(int=1), "northgate", "Northgate Council", "GBP", "Europe/London")
PERSON = Actor(UUID(int=2), "Mara Keller", "mara@northgate.example")


def application(templates: dict[str, str] | None = None, *, local: bool = True) -> Flask:
    """Screens, error pages and static files; the given templates come before the product's."""
    app = Flask("screens", template_folder=str(ROOT / "templates"), static_folder=None)
    app.config.update(SECRET_KEY="x" * 40)
    app.extensions["settings"] = SimpleNamespace(local=local, cors_origins=(), cookie=lambda name: name if local else f"__Host-{name}")
    Babel(app, locale_selector=lambda: "en", default_translation_directories=str(ROOT / "translations"))
    install_screens(app)
    app.jinja_env.loader = ChoiceLoader([DictLoader(templates or {}), app.jinja_env.loader])  # type: ignore[list-item]
    return app


@pytest.fixture
def framed() -> Iterator[None]:
    """Somebody signed in to an organisation, with a menu."""
    from app.kernel import frame as slot

    before = list(slot._provider)
    provide_frame(lambda: Frame(
        sections=(Section("Work", (Item("Inbox", "/northgate/inbox/", "inbox", 12, "inbox", current=True),)),),
        organisations=(Choice("Northgate Council", "/northgate/", current=True), Choice("Rowan Offshore", "/rowan/")),
        unread=2, notifications="/northgate/notifications/", root="/northgate/", role="Approver",
        tabs=(Item("Inbox", "/northgate/inbox/", "inbox", 12),)))
    with acting(ORGANISATION, PERSON, request_id="req-1"):
        yield
    slot._provider[:] = before


def bound(**changes: object) -> SimpleNamespace:
    """A field as the engine binds it."""
    field = {"name": "title", "kind": "text", "widget": "", "label": "Title",
             "help": "", "required": True, "value": "", "text": "", "errors": [],
             "options": None, "suggest": "", "max_length": 0, "minimum": None, "maximum": None, "scale": 0, "affix": "",
             "validate": "", "redraw": "", "wide": False,
             "accept": ""}
    return SimpleNamespace(**field | changes)
