"""Puts mail into the application."""

from __future__ import annotations

from flask import Flask

from app.core.mail.addresses import addresses
from app.core.mail.delivery import install_delivery
from app.core.mail.incoming import screens


def install(app: Flask) -> None:
    """Deliver what is queued, and show the log."""
    install_delivery()
    app.register_blueprint(screens)
    app.register_blueprint(addresses)
