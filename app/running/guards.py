"""What keeps the demo on one's own machine, and a start from serving with too many rights."""

from __future__ import annotations

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError

from app.kernel.attach import refuse_wide_rights
from app.kernel.config import ConfigError, Settings


def offer_demo(app: Flask) -> None:
    """Let the sign-in page of one's own machine show the demo's accounts while they exist."""
    if not app.extensions["settings"].local:
        return

    def offer() -> tuple[list[object], str]:
        from app.demo.accounts import PASSWORD, named

        return list(named()), PASSWORD

    app.extensions["demo_accounts"] = offer


def refuse_to_serve(app: Flask) -> None:
    """Raise `ConfigError` when a start is not safe; a database that is away is asked again by the next start."""
    settings: Settings = app.extensions["settings"]
    refuse_wide_rights(settings)
    if settings.local:
        return
    try:
        found = _demo_account(app)
    except SQLAlchemyError:
        return
    if found:
        raise ConfigError(f"BASE_URL: the demo account {found} exists and its password is public; use a database without the demo")


def _demo_account(app: Flask) -> str | None:
    """A demo account that exists in this database, if any."""
    from app.core.auth import identity_of
    from app.demo.accounts import named
    from app.kernel.db import db

    with app.app_context():
        try:
            return next((each.email for each in named() if identity_of(each.email)), None)
        finally:
            db.session.remove()
            db.engine.dispose()
