"""Keeps what was counted of the API, and forgets it after thirty days."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app.core.api import counting
from app.core.api.models import ApiUsage
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import unit_of_work

KEEP = timedelta(days=30)


def keep() -> None:
    """Write down the minutes that are over, each once, and let go of them; the job of every ten minutes."""
    for minute in counting.minutes():
        if minute > counting.over():
            return
        rows = [asdict(each) | {"organisation_id": current.organisation.id} for each in counting.counted(minute)]
        with unit_of_work() as work:
            if rows:
                work.execute(insert(ApiUsage).values(rows).on_conflict_do_nothing())
        counting.forget(minute)


def forget() -> None:
    """Remove what is older than thirty days; the job of each night."""
    with unit_of_work() as work:
        work.execute(delete(ApiUsage).where(ApiUsage.organisation_id == current.organisation.id, ApiUsage.minute < clock.now() - KEEP))
