"""What works once: a challenge, an assertion. Committed at once, whatever becomes of the request."""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import text

from app.kernel import clock
from app.kernel.db import apart


def spend(proof: str, until: datetime) -> bool:
    """Whether this is used now for the first time; remembered until it could work no more."""
    with apart() as connection:
        told = {"proof": hashlib.sha256(proof.encode()).hexdigest(), "until": until, "now": clock.now()}
        return bool(connection.execute(text("SELECT auth_spend(:proof, :until, :now)"), told).scalar_one())
