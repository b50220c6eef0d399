"""What was delivered and done long ago is removed each night; what failed stays until somebody looked at it."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, or_

from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import unit_of_work
from app.kernel.idempotency import LIFE, UsedKey
from app.kernel.jobs import CANCELLED, DONE, FAILED, Job
from app.kernel.outbox import CANCELLED as ROW_CANCELLED
from app.kernel.outbox import DONE as ROW_DONE
from app.kernel.outbox import OutboxRow

KEEP, KEEP_QUIET = timedelta(days=30), timedelta(days=1)


def clear_away() -> dict[str, int]:
    """Remove finished rows that are older than 30 days, routine jobs after one; gives how many."""
    now = clock.now()
    with unit_of_work() as work:
        rows = work.execute(delete(OutboxRow).where(OutboxRow.state.in_((ROW_DONE, ROW_CANCELLED)), OutboxRow.done_at < now - KEEP))
        jobs = work.execute(delete(Job).where(Job.state.in_((DONE, CANCELLED, FAILED)), or_(
            Job.finished_at < now - KEEP, Job.quiet & (Job.state == DONE) & (Job.finished_at < now - KEEP_QUIET))))
        keys = work.execute(delete(UsedKey).where(UsedKey.organisation_id == current.organisation.id, or_(
            UsedKey.used_at < now - KEEP, (UsedKey.content != "") & (UsedKey.used_at < now - LIFE))))
        return {"outbox": rows.rowcount, "jobs": jobs.rowcount, "keys": keys.rowcount}
