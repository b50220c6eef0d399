"""The dry run, a job: every row read, understood and checked, and staged with all that is wrong with it. Nothing else is written."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any
from uuid import UUID

from sqlalchemy import delete

from app.core import files
from app.core.imports.keys import Keys
from app.core.imports.links import Links
from app.core.imports.mapping import Mapping
from app.core.imports.models import ImportRow, ImportRun, State
from app.core.imports.parsing import RowParser, Understood
from app.core.imports.reader import read
from app.core.imports.rows import Row, Shape, storable
from app.kernel import jobs
from app.kernel.bulk import copy_rows
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.records import new_id
from app.kernel.registry import registry

CHUNK = 2_000
COLUMNS = ("organisation_id", "id", "run_id", "number", "state", "way", "raw", "parsed", "errors", "record_id", "before", "mark")


def check(run_id: str) -> None:
    """The job: stage all rows of a run. Begun again after a crash it begins at the first row; nothing of it is seen before its end."""
    job, tally = jobs.current_job(), Tally()
    with unit_of_work() as work:
        run = run_of(run_id)
        work.execute(delete(ImportRow).where(ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id))
        resource, mapping, shape = registry.resource(run.resource), Mapping.from_json(run.mapping), Shape(**run.shape)
        stream, wanted = files.open_file(files.find(run.file_id)), run.row_count
    with stream:
        table = read(stream, shape)
        parser = RowParser(resource, table.headers, mapping)
        links, keys = Links(parser), Keys(parser)
        for rows in portions(table.rows):
            with unit_of_work():
                staged = understand(parser, links, keys, rows)
                stage(UUID(run_id), staged)
                tally.take(staged)
                job.advance(len(rows), total=wanted)
    with unit_of_work():
        run = run_of(run_id)
        tally.write(run, sum(len(words) for words in links.to_make.values()))
        job.finish(result={"run": run.reference, **tally.counts})


def understand(parser: RowParser, links: Links, keys: Keys, rows: Sequence[Row]) -> list[Understood]:
    """Rows with everything known of them: values, linked ids, whether they exist, and every fault."""
    staged = [parser.parse(row) for row in rows]
    links.resolve(staged)
    keys.recognise(staged)
    return staged


def stage(run_id: UUID, staged: Sequence[Understood]) -> None:
    """Write rows of a run by COPY."""
    organisation_id = current.organisation.id
    copy_rows(ImportRow.__table__, COLUMNS, (  # type: ignore[arg-type]
        (organisation_id, new_id(), run_id, row.row.number, "refused" if row.faults else "ready", row.way,
         [storable(c) for c in row.row.cells], row.values, [f.to_json() for f in row.faults], row.record_id, row.before, "")
        for row in staged))


def portions(rows: Iterator[Row]) -> Iterator[list[Row]]:
    """Rows, so many at a time."""
    while portion := list(islice(rows, CHUNK)):
        yield portion


def run_of(run_id: str | UUID) -> ImportRun:
    """The run, locked until the end of the transaction."""
    return session().get_one(ImportRun, (current.organisation.id, UUID(str(run_id))), with_for_update=True, populate_existing=True)


class Tally:
    """What the check counts."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {"rows": 0, "create": 0, "update": 0, "same": 0, "refused": 0}

    def take(self, staged: Sequence[Understood]) -> None:
        """Count rows."""
        for row in staged:
            self.counts["rows"] += 1
            self.counts["refused" if row.faults else row.way] += 1

    def write(self, run: ImportRun, related: int) -> None:
        """Put the counts on the run."""
        counts: dict[str, Any] = self.counts
        run.row_count, run.created_count, run.updated_count = counts["rows"], counts["create"], counts["update"]
        run.same_count, run.refused_count, run.related_count = counts["same"], counts["refused"], related
        run.state = State.CHECKED
