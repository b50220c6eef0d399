"""What holds for the whole installation, as those who keep it said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text

from app.kernel.current import Actor
from app.kernel.db import session
from app.kernel.errors import NotFound

OWN = "organisations.own"  # whether anybody signed in may make an organisation
HOLDING = "organisations.holding_days"  # how long a deletion waits
HOLDING_DAYS, SHORTEST, LONGEST = 30, 7, 365


def allows_own() -> bool:
    """Whether anybody signed in may make an organisation of their own; not, unless the platform says so."""
    return bool(_said().get(OWN, False))


def holding_days() -> int:
    """How many days an organisation waits before it is deleted."""
    return int(_said().get(HOLDING, HOLDING_DAYS))


def put(who: Actor, key: str, value: bool | int) -> None:
    """Say it. Raises `NotFound` for whoever does not keep the platform."""
    kind = "boolean" if isinstance(value, bool) else "integer"
    change = text(f"SELECT platform_set(:who, :key, to_jsonb(CAST(:said AS {kind})))")
    if not session().execute(change, {"who": who.id, "key": key, "said": value}).scalar():
        raise NotFound


def _said() -> dict[str, Any]:
    return session().execute(text("SELECT platform_settings()")).scalar() or {}
