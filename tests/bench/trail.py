"""The audit trail with very many entries: filtered pages, an export of 50,000, and verifying all of it.

`python -m tests.bench.trail 100000` measures it alone, on servers of its own.
"""

from __future__ import annotations

import io
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg

from app.core import audit
from app.core.audit.asking import Filters
from app.core.audit.canonical import ALL
from app.core.audit.history import listed
from app.core.audit.models import AuditEntry
from app.core.audit.outgoing import write
from app.core.audit.writer import Entry, _row
from app.kernel import clock, embedded
from app.kernel.bulk import copy_rows
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from tests.bench.figures import Row
from tests.core.stand import Stand
from tests.infra import home
from tests.infra.databases import Database, database_of_its_own

PORTION, EXPORTED = 20_000, 50_000
VERBS = ("create", "edit", "view", "archive", "export", "close")
KINDS = ("hse.incident", "procurement.payment", "organisation.site", "people.member")


def fill(stand: Stand, count: int) -> None:
    """So many entries over a year, of fifty people, with believable values; sealed."""
    people = [new_id() for _ in range(50)]
    began = clock.now() - timedelta(days=365)
    step = timedelta(days=364) / count
    for first in range(0, count, PORTION):
        with stand.work():
            rows = [_row(_entry(number, people, began + step * number)) for number in range(first, min(first + PORTION, count))]
            copy_rows(AuditEntry.__table__, (*ALL, "digest"), ([row[name] for name in (*ALL, "digest")] for row in rows))  # type: ignore[arg-type]
        audit.seal(stand.organisation.id)


def _entry(number: int, people: list[Any], moment: Any) -> Entry:
    kind, verb = KINDS[number % 4], VERBS[number % 6]
    return Entry(action=f"{kind}.{verb}", resource=kind, record_id=people[number % 50], record_reference=f"REC-2026-{number % 100_000:05d}",
                 changes={"title": [f"before {number}", f"after {number}"]}, context={"reason": f"word{number % 5000} checked"},
                 result="refused" if number % 200 == 0 else "ok", actor_id=people[number % 50],
                 channel=("page", "api", "import")[number % 3],
                 request_id=f"request-{number // 3}", ip=f"81.2.{number % 200}.{number % 250}", agent="Firefox", at=moment)


def questions() -> dict[str, Filters]:
    """The documented frequent questions."""
    day = clock.today()
    plain = Filters()
    return {"newest": plain, "oldest": replace(plain, sort="at"), "by person": replace(plain, sort="actor"),
            "a month": replace(plain, since=day - timedelta(days=200), until=day - timedelta(days=170)),
            "an action": replace(plain, action="hse.incident.close"), "a kind": replace(plain, resource="people.member"),
            "a record": replace(plain, record="REC-2026-00042"), "refused": replace(plain, result="refused"),
            "by API": replace(plain, channel="api"), "an address": replace(plain, ip="81.2.42.42"),
            "a request": replace(plain, request="request-777"), "a word": replace(plain, words="word1234"),
            "a word and refused": replace(plain, words="checked", result="refused")}


def pages(stand: Stand, runs: int = 3) -> dict[str, list[float]]:
    """Milliseconds of each question, words included."""
    return {name: [_timed(lambda filters=filters: _page(stand, filters)) * 1000 for _ in range(runs)]  # type: ignore[misc]
            for name, filters in questions().items()}


def _page(stand: Stand, filters: Filters) -> None:
    with stand.work("auditor"):
        listed(filters)


def rows(stand: Stand, count: int, runs: int = 3) -> list[Row]:
    """The figures of a trail of so many entries."""
    taken = pages(stand, runs)
    slowest = max(taken, key=lambda name: statistics.median(taken[name]))
    export = [_timed(lambda: _export(stand, count)) for _ in range(runs)]
    verified = [_timed(lambda: _whole(stand)) for _ in range(runs)]
    size = f"{count:,} entries"
    return [
        Row(f"audit trail, filtered page ({size}), the slowest question", "< 300 ms", "", taken[slowest], limit=300,
            details=[f"{name} {statistics.median(spent):.0f} ms" for name, spent in taken.items()]),
        Row(f"audit trail, export of {min(EXPORTED, count):,} entries", "< 60 s", "", export, "s", limit=60),
        Row(f"audit trail, verify ({size})", "< 60 s per 1M", "", [each * 1_000_000 / count for each in verified], "s per 1M", limit=60)]


def _export(stand: Stand, count: int) -> None:
    share = Filters(until=clock.today() - timedelta(days=365 - 365 * min(EXPORTED, count) // count))
    with stand.work("auditor"):
        write("csv", share, {}, io.BytesIO())


def _whole(stand: Stand) -> None:
    (chain,) = audit.verify([stand.organisation.id], patience=0)
    assert chain.problem == "", chain.problem


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


@contextmanager
def filled(running: embedded.Servers, count: int) -> Iterator[tuple[Database, Stand]]:
    """A database of its own with an organisation whose trail has so many entries."""
    with contextmanager(database_of_its_own)(running, home.TEMPLATE) as database, database.app.app_context():
        stand = Stand()
        fill(stand, count)
        with psycopg.connect(running.place.url("opsflux_owner", database.name), autocommit=True) as owner:
            owner.execute("VACUUM ANALYZE audit_entry")
            owner.execute("VACUUM ANALYZE audit_link")
        with acting(stand.organisation, SYSTEM), unit_of_work():
            pass
        yield database, stand


def main(count: int) -> None:
    """Print the figures."""
    try:
        with embedded.acquire(home.home()) as running:
            home.make_template(running.place)
            began = time.perf_counter()
            with filled(running, count) as (_database, stand):
                sys.stdout.write(f"filled in {time.perf_counter() - began:.0f} s\n")
                for row in rows(stand, count):
                    sys.stdout.write(" | ".join((*row.cells(), *row.details)) + "\n")
    finally:
        home.remove_home()


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
