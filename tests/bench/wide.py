"""A wide import: 100,000 payments in 20 columns through the wizard and a worker, beside a bare COPY of all that it wrote.

`python -m tests.bench.wide 100000` measures it alone.
"""

from __future__ import annotations

import csv
import io
import random
import sys
import tempfile
import time
from pathlib import Path

from sqlalchemy import select

from app.demo.accounts import PASSWORD, address_in
from app.demo.arriving import bring_in
from app.demo.browser import Browser
from app.demo.cast import NORTHGATE
from app.demo.main_job import CLERK
from app.kernel import embedded
from app.kernel.current import acting
from app.kernel.db import session, unit_of_work
from app.modules.procurement.models import Supplier
from tests.bench.figures import Row, table
from tests.bench.house import House, copy, servers
from tests.bench.work import watched

ROWS, HEADS = 100_000, ("Payment day", "Supplier", "Amount", "Currency", "Category", "Purpose", "Transaction number", "Capital or revenue")
OTHERS = tuple(f"Ledger {n}" for n in range(1, 21 - len(HEADS)))  # twenty columns in all; these are left out, as most of a ledger's are
WRITTEN = ("procurement_payment", "audit_entry", "search_entry")


def rows(running: embedded.Servers, count: int) -> list[Row]:
    """Seconds and memory of the import, and of the floor."""
    with copy(running, "web", "worker") as house:
        taken, megabytes = _brought_in(house, count)
        bare = _copied(house, count)
    return [Row(f"floor: COPY of the {count:,} payments with their entries of audit and search", "", "", [bare], "s", floor=[bare]),
            Row(f"import of {count:,} rows in 20 columns", "< 150 s", "20 s", [taken], "s", floor=[bare], limit=150),
            Row("… RSS of the worker, wide", "< 300 MB", "", [megabytes], "MB", limit=300)]


def _brought_in(house: House, count: int) -> tuple[float, float]:
    clerk = Browser(house.server.url)
    clerk.sign_in(address_in(CLERK, NORTHGATE), PASSWORD)
    with house.database.app.app_context(), acting(house.organisation(NORTHGATE.slug), channel="demo"):
        with unit_of_work():
            names = list(session().scalars(select(Supplier.name).where(Supplier.archived_at.is_(None)).limit(200)))
        with tempfile.NamedTemporaryFile("w", suffix=".csv", encoding="utf-8") as file:
            file.write(_file(names, count))
            file.flush()
            with watched(house, "worker") as seen:
                begun = time.monotonic()
                arrived = bring_in(clerk, str(Path(file.name)), "guess", lambda line: print(line, file=sys.stderr, flush=True))
                taken = time.monotonic() - begun
    assert arrived.created == count, f"{arrived.created} of {count} came in; {arrived.refusals[:2]}"
    return taken, seen.largest


def _file(suppliers: list[str], count: int) -> str:
    chance, stream = random.Random(11), io.StringIO()
    writer = csv.writer(stream)
    writer.writerow((*HEADS, *OTHERS))
    for number in range(count):
        day, amount = f"2026-{number % 12 + 1:02}-{number % 28 + 1:02}", f"{chance.randint(1, 40000) / 100:.2f}"
        said = (day, chance.choice(suppliers), amount, "GBP", "Supplies and services", f"Delivery {number}", f"WIDE-{number}", "Revenue")
        writer.writerow((*said, *(f"{name} {number % 97}" for name in OTHERS)))
    return stream.getvalue()


def _copied(house: House, count: int) -> float:
    """Seconds to COPY the newest so many rows of each into tables with the same columns, checks and indexes."""
    taken = 0.0
    with house.database.connect("opsflux_owner", autocommit=True) as connection, tempfile.TemporaryFile() as file:
        for name in WRITTEN:
            connection.execute(f"ALTER TABLE {name} NO FORCE ROW LEVEL SECURITY")
            columns = ", ".join(row[0] for row in connection.execute(
                "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = '' "
                "AND attidentity = '' ORDER BY attnum", (name,)))
            connection.execute(f"CREATE TABLE bare_{name} (LIKE {name} INCLUDING ALL)")
            file.seek(0)
            file.truncate()
            with connection.cursor().copy(f"COPY (SELECT {columns} FROM {name} ORDER BY ctid DESC LIMIT {count}) TO STDOUT") as source:
                for block in source:
                    file.write(block)
            file.seek(0)
            begun = time.monotonic()
            with connection.cursor().copy(f"COPY bare_{name} ({columns}) FROM STDIN") as target:
                while block := file.read(1 << 20):
                    target.write(block)
            taken += time.monotonic() - begun
    return taken


if __name__ == "__main__":
    with servers(100_000) as alone:
        print(table(rows(alone, int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)))
