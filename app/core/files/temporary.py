"""Temporary files: what an export wrote can be written again, and what an upload broke off at is nobody's."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select, update

from app.core.files.models import EXPORT, RecordFile, StoredFile
from app.core.files.storage import storage
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import unit_of_work
from app.kernel.jobs import Job

KEEP, KEEP_PARTS, CHUNK = timedelta(days=7), timedelta(days=1), 200


def clear_away() -> dict[str, int]:
    """Forget exports that are older than seven days and hang on no record, and parts of uploads that broke off a day ago; gives how many.

    The bytes go first: were the work cut off between, the row is found again the next night.
    """
    gone = 0
    while count := _some():
        gone += count
    parts = storage().remove_parts(str(current.organisation.id), clock.now() - KEEP_PARTS)
    return {"exports": gone, "parts": parts}


def _some() -> int:
    hangs = select(RecordFile.id).where(RecordFile.organisation_id == StoredFile.organisation_id, RecordFile.file_id == StoredFile.id)
    old = select(StoredFile).where(StoredFile.purpose == EXPORT, StoredFile.created_at < clock.now() - KEEP, ~hangs.exists())
    with unit_of_work() as work:
        files = list(work.scalars(old.order_by(StoredFile.id).limit(CHUNK).with_for_update(skip_locked=True)))
        work.execute(update(Job).where(Job.file_id.in_([file.id for file in files])).values(file_id=None)
                     .execution_options(synchronize_session=False))
        for file in files:
            storage().remove(file.place)
            work.delete(file)
    return len(files)
