"""The one throttle of passwords: every try is counted before anything is looked at, per account and source, and stays counted.

A browser that is known to belong to the person is a source of its own, so that nobody else can lock them out there; what is tried in it
counts for the address it comes from too, so that throwing the cookie away wins nothing.
"""

from __future__ import annotations

from sqlalchemy import Connection, text

from app.core.auth import devices
from app.core.auth.secrets import keyed
from app.kernel import clock
from app.kernel.db import apart
from app.kernel.limits import too_many


def count(email: str, source: str, kind: str = "account") -> None:
    """Count a try; tries of another `kind` (a link by mail) are counted apart.

    Raises `TooMany` after five wrong ones in 15 minutes from one source.
    """
    account = keyed(kind, email.strip().lower())
    with apart() as connection:
        waits = [connection.execute(text("SELECT auth_attempt(:account, :place, :now)"), {"account": account, "place": place,
                                                                                          "now": clock.now()}).scalar_one()
                 for place in _places(connection, email, source)]
    if waits[0]:
        raise too_many(waits[0])


def forget(email: str, source: str, kind: str = "account") -> None:
    """The password was right: what was tried before counts no more."""
    account = keyed(kind, email.strip().lower())
    with apart() as connection:
        for place in _places(connection, email, source):
            connection.execute(text("SELECT auth_forget(:account, :place)"), {"account": account, "place": place})


def _places(connection: Connection, email: str, source: str) -> list[str]:
    """What a try is counted for; the first decides."""
    device = devices.here(connection, email)
    return [*([keyed("device", device)] if device else []), keyed("source", source)]
