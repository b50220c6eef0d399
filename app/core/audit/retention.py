"""How long entries are kept: by the organisation's setting, seven years unless it says otherwise, and never less than one.

A purge takes what is older, but for what a legal hold covers. It leaves the digest of each entry in its place in the chain, and one
entry of its own that says how many went, up to which day, with a hash over all of them: the chain verifies as before.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import text

from app.core.audit.purges import PURGE, mark
from app.core.audit.sealing import seal
from app.core.audit.writer import Entry, write
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.records import new_id

YEARS, FLOOR, MOST = 7, 1, 30
PORTION = 5_000
_TAKE = text("SELECT place, entry, said FROM audit_purge(:before, :event, :most)")


def years() -> int:
    """For how many years this organisation keeps its trail."""
    from app.core import settings  # settings stand on the trail

    return max(FLOOR, int(settings.get("audit.retention_years")))


def limit() -> datetime:
    """What was written before this moment is no longer kept."""
    now = clock.now()
    day = 28 if (now.month, now.day) == (2, 29) else now.day
    return now.replace(year=now.year - years(), day=day)


def purge() -> dict[str, int]:
    """Take away what is no longer kept, a portion at a time; the job of each night. Gives how many entries went."""
    seal(current.organisation.id)
    taken = 0
    while True:
        with unit_of_work():
            count = _take_portion()
        taken += count
        if count < PORTION:
            return {"entries": taken}


def _take_portion() -> int:
    event, before = new_id(), limit()
    rows = session().execute(_TAKE, {"before": before, "event": event, "most": PORTION}).all()
    if rows:
        found = hashlib.sha256()
        for row in rows:
            found.update(mark(row.place, row.entry, bytes(row.said)))
        said = {"entries": len(rows), "before": before, "first": rows[0].place, "last": rows[-1].place, "sha256": found.hexdigest()}
        write([Entry(action=PURGE, resource="audit.entry", context=said, id=event)])
    return len(rows)
