"""Puts the menu around every page."""

from __future__ import annotations

from flask import Flask

from app.core.menu.framing import frame
from app.core.menu.views import screens
from app.kernel.frame import provide_frame


def install(app: Flask) -> None:
    """Fill the frame's slot; add the start page, the keys, the counts and the stream."""
    provide_frame(frame)
    app.register_blueprint(screens)
