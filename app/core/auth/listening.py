"""Who still listens by right: open streams are held against their sessions, so that no page left open hears on."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from app.kernel import clock
from app.kernel.db import apart
from app.kernel.stream import Pair

_LIVING = text("""SELECT place, living, shadow
  FROM auth_living(CAST(:places AS uuid[]), CAST(:sessions AS uuid[]), CAST(:cases AS uuid[]), :now)""")
NONE = UUID(int=0)


def proof_of(session_id: UUID | None, case_id: UUID | None) -> str:
    """What a stream is held against: the session, and the impersonation under which it was opened."""
    return f"{session_id}/{case_id or NONE}" if session_id else ""


def install_listening(app: Flask) -> None:
    """Give the streams the question to ask."""

    def living(pairs: Collection[Pair]) -> Collection[Pair]:
        asked = sorted((place, *proof.split("/")) for place, proof in pairs)
        with app.app_context(), apart() as connection:
            rows = connection.execute(_LIVING, {"places": [place for place, _session, _case in asked],
                                                "sessions": [session for _place, session, _case in asked],
                                                "cases": [case for _place, _session, case in asked], "now": clock.now()}).all()
        return {(str(row.place), proof_of(row.living, row.shadow)) for row in rows}

    app.extensions["living"] = living
