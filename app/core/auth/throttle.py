"""The one throttle of passwords: every try is counted before anything is looked at, per account and source, and stays counted."""

from __future__ import annotations

from sqlalchemy import text

from app.core.auth.secrets import keyed
from app.kernel import clock
from app.kernel.db import apart
from app.kernel.limits import too_many


def count(email: str, source: str) -> None:
    """Count a try. Raises `TooMany` after five wrong ones in 15 minutes from one source."""
    with apart() as connection:
        tried = {**_whose(email, source), "now": clock.now()}
        wait = connection.execute(text("SELECT auth_attempt(:account, :place, :now)"), tried).scalar_one()
    if wait:
        raise too_many(wait)


def forget(email: str, source: str) -> None:
    """The password was right: what was tried before counts no more."""
    with apart() as connection:
        connection.execute(text("SELECT auth_forget(:account, :place)"), _whose(email, source))


def _whose(email: str, source: str) -> dict[str, str]:
    return {"account": keyed("account", email.strip().lower()), "place": keyed("source", source)}
