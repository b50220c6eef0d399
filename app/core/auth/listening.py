"""Who still listens by right: open streams are held against their sessions, so that no page left open hears on."""

from __future__ import annotations

from collections.abc import Collection

from flask import Flask
from sqlalchemy import text

from app.kernel import clock
from app.kernel.db import apart
from app.kernel.stream import Pair

_LIVING = text("SELECT place, living FROM auth_living(CAST(:places AS uuid[]), CAST(:sessions AS uuid[]), :now)")


def install_listening(app: Flask) -> None:
    """Give the streams the question to ask."""

    def living(pairs: Collection[Pair]) -> Collection[Pair]:
        asked = sorted(pairs)
        with app.app_context(), apart() as connection:
            rows = connection.execute(_LIVING, {"places": [place for place, _session in asked],
                                                "sessions": [session for _place, session in asked], "now": clock.now()}).all()
        return {(str(row.place), str(row.living)) for row in rows}

    app.extensions["living"] = living
