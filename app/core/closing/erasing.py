"""The deletion itself: every row, file, key and queue entry of an organisation, and nothing else.

The job belongs to the platform, since it outlives the organisation. It goes portion by portion; each is a commit together with what was
counted so far, so that a job that was killed goes on where it stopped. Which tables there are is read from what is mapped, and before
the organisation itself goes the database is asked whether any table still holds a row of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from uuid import UUID

from sqlalchemy import Table, delete, text

from app.core import audit, files
from app.core.closing.people import forget_people
from app.kernel import carrier, clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.db import Base, session, unit_of_work
from app.kernel.delivery import bare
from app.kernel.errors import Unavailable
from app.kernel.jobs import Job
from app.kernel.outbox import Retry

PORTION, LONGEST = 5_000, "10min"
HELD = 24 * 3600  # seconds until it is looked whether a legal hold was lifted
LAST = ("organisation_slug", "organisation")  # what says that there is something left to do
_OPEN = text("SELECT slug FROM organisation WHERE id = :here AND erase_after <= now()")
_BUSY = text("SELECT count(*) FROM job WHERE organisation_id = :here AND state = 'running' AND lease_until > :now")
_STOP = text("UPDATE job SET cancel_asked = true WHERE organisation_id = :here AND state IN ('waiting', 'running')")
_IDS = text("""SELECT id FROM member WHERE organisation_id = :here UNION ALL SELECT id FROM api_token WHERE organisation_id = :here
  UNION ALL SELECT id FROM job WHERE organisation_id = :here AND state IN ('waiting', 'running')""")
_HOLDING = text("""SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'organisation_id' AND NOT a.attisdropped
  WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND has_table_privilege(c.oid, 'SELECT')
  ORDER BY c.relname""")
Counts = dict[str, int]


def erase(organisation_id: str) -> None:
    """The job. Once begun it cannot be taken back; called again it goes on, and when all is gone it finds nothing to do."""
    here, running = UUID(organisation_id), jobs.current_job()
    counts: Counts = dict(running.cursor or {})
    slug = _begin(here, begun=bool(counts))
    if slug is None:
        return
    _count(counts, "redis", _forget_in_redis(here))
    _count(counts, "people", forget_people(here))
    _loosen(here)
    for table in tables():
        _empty(table, here, counts)
    _count(counts, "files", files.remove_all(here))
    _count(counts, "redis", _forget_in_redis(here))
    _end(here, slug, counts)


def tables() -> list[Table]:
    """Every table that holds rows of organisations: whoever refers comes before what is referred to, and the trail comes last."""
    held = [table for table in reversed(Base.metadata.sorted_tables)
            if (table.info.get("tenanted") or table.info.get("between")) and table.name not in LAST]
    return sorted(held, key=lambda table: table.name.startswith("audit_") and not table.foreign_keys)


def left(here: UUID) -> list[str]:
    """The tables of the database, mapped or not, in which an organisation still has rows."""
    with acting(bare(here), SYSTEM):
        names = session().execute(_HOLDING).scalars().all()
        return [name for name in names if name not in LAST and session().execute(
            text(f'SELECT EXISTS (SELECT FROM "{name}" WHERE organisation_id = :here)'), {"here": here}).scalar()]


def _begin(here: UUID, *, begun: bool) -> str | None:
    """Whether its moment has come, and nothing of it is under way; gives its address."""
    with unit_of_work(), acting(bare(here), SYSTEM):
        slug: str | None = session().execute(_OPEN, {"here": here}).scalar()
        if slug is not None and not begun and audit.held():  # set since it was asked; what has begun to go is no longer whole
            raise Retry("A legal hold stands here.", after=HELD)
        if slug is not None:
            session().execute(_STOP, {"here": here})
            busy = session().execute(_BUSY, {"here": here, "now": clock.now()}).scalar()
            session().commit()
            if busy:
                raise Retry("A job of the organisation is still under way.", after=30)
    return slug


def _empty(table: Table, here: UUID, counts: Counts) -> None:
    """Take every row of a table, a portion and a commit at a time."""
    while True:
        with unit_of_work():
            with acting(bare(here), SYSTEM):
                taken = _portion(table, here)
            if taken:
                counts[table.name] = counts.get(table.name, 0) + taken
                jobs.current_job().advance(taken, cursor=counts)
        jobs.current_job().checkpoint()
        if taken < PORTION:
            return


def _loosen(here: UUID) -> None:
    """Rows that refer to others of their own table, or in a circle, let go first, so that portions can leave in any order."""
    for table in tables():
        for key in table.foreign_key_constraints:
            names = [column.name for column in key.columns if column.nullable]
            if names and (key.referred_table is table or key.use_alter):
                with unit_of_work(), acting(bare(here), SYSTEM):
                    session().execute(text(f"SET LOCAL statement_timeout = '{LONGEST}'"))
                    session().execute(text(f'UPDATE "{table.name}" SET "{names[0]}" = NULL '
                                           f'WHERE organisation_id = :here AND "{names[0]}" IS NOT NULL'), {"here": here})


def _portion(table: Table, here: UUID) -> int:
    session().execute(text(f"SET LOCAL statement_timeout = '{LONGEST}'"))
    if table.info.get("append_only") or table.name == "audit_entry":
        wanted = {"name": table.name, "most": PORTION}
        return int(session().execute(text("SELECT organisation_erase(:name, :most)"), wanted).scalar_one())
    sides = table.info.get("between") or ("organisation_id",)
    mine = " OR ".join(f"{side} = :here" for side in sides)
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    done = session().execute(text(f'DELETE FROM "{table.name}" WHERE ({keys}) IN '
                                  f'(SELECT {keys} FROM "{table.name}" WHERE {mine} LIMIT :most)'), {"here": here, "most": PORTION})
    return int(done.rowcount)  # type: ignore[attr-defined]


def _forget_in_redis(here: UUID) -> int:
    with unit_of_work(), acting(bare(here), SYSTEM):
        ids = list(session().execute(_IDS, {"here": here}).scalars())
    return carrier.forget(here, ids)


def _count(counts: Counts, what: str, number: int) -> None:
    counts[what] = counts.get(what, 0) + number
    jobs.current_job().advance(0, cursor=counts)


def _end(here: UUID, slug: str, counts: Counts) -> None:
    """The organisation itself goes in one commit with the entry of the platform's trail that says how much went, and with this job."""
    with unit_of_work() as work:
        if found := left(here):
            raise Unavailable(f"There are still rows in {', '.join(found)}.")
        with acting(bare(here), SYSTEM):
            for name, column in zip(LAST, ("organisation_id", "id"), strict=True):
                work.execute(text(f"DELETE FROM {name} WHERE {column} = :here"), {"here": here})
        audit.note("platform.organisation.erase", platform=True, resource="platform.organisation", record_id=here, record_reference=slug,
                   context={"counts": counts, "rows": sum(_rows(counts))})
        work.execute(delete(Job).where(Job.id == jobs.current_job().id))


def _rows(counts: Counts) -> Iterator[int]:
    return (number for name, number in counts.items() if name in Base.metadata.tables)


