"""The one throttle of passwords: every try is counted before anything is looked at, per account and source, and stays counted."""

from __future__ import annotations

import math

from flask_babel import ngettext
from sqlalchemy import text

from app.core.auth.secrets import keyed
from app.kernel import clock
from app.kernel.db import apart
from app.kernel.errors import TooMany


def count(email: str, source: str) -> None:
    """Count a try. Raises `TooMany` after five wrong ones in 15 minutes from one source."""
    with apart() as connection:
        tried = {**_whose(email, source), "now": clock.now()}
        wait = connection.execute(text("SELECT auth_attempt(:account, :place, :now)"), tried).scalar_one()
    if wait:
        minutes = math.ceil(wait / 60)
        sentence = ngettext("Too many attempts. Try again in %(num)d minute.", "Too many attempts. Try again in %(num)d minutes.", minutes)
        raise TooMany(sentence, retry_after=wait)


def forget(email: str, source: str) -> None:
    """The password was right: what was tried before counts no more."""
    with apart() as connection:
        connection.execute(text("SELECT auth_forget(:account, :place)"), _whose(email, source))


def _whose(email: str, source: str) -> dict[str, str]:
    return {"account": keyed("account", email.strip().lower()), "place": keyed("source", source)}
