"""Writing what was staged, a job: chunk by chunk through the door, each chunk with its marks in one commit; let go together at the end."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from app.core.imports.keys import fingerprint
from app.core.imports.links import MAKE, Known, natural_fields
from app.core.imports.mapping import importable
from app.core.imports.models import ImportRelated, ImportRow, ImportRun, State
from app.core.imports.staging import run_of
from app.core.imports.undoing import take_back
from app.kernel import clock, door, jobs, outbox
from app.kernel.current import current, within_change_set
from app.kernel.db import session, unit_of_work
from app.kernel.door import Outcome
from app.kernel.errors import Invalid, Refusal
from app.kernel.fields import Field
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.registry import registry

log = logging.getLogger("opsflux.imports")
CHUNK = 2_000
CHANNEL = "import"


def apply(run_id: str) -> None:
    """The job: write all rows that are ready. Resumed after a crash it goes on behind the last chunk that was committed."""
    job, run_uuid = jobs.current_job(), UUID(run_id)
    try:
        while write_chunk(run_uuid):
            job.checkpoint()
        let_go(run_uuid)
    except jobs.Cancelled:
        take_back(run_uuid, "")
        raise
    except DBAPIError as error:
        if error.connection_invalidated:
            raise  # the database went away: the job is tried again, and goes on where it was
        _fail(run_uuid, error)
    except Exception as error:  # noqa: BLE001 -- whatever it was, nothing of the set may remain
        _fail(run_uuid, error)


def _fail(run_id: UUID, error: Exception) -> None:
    log.error("Import %s is taken back", run_id, exc_info=None if isinstance(error, Refusal) else error)
    take_back(run_id, str(error) if isinstance(error, Refusal) else type(error).__name__)
    raise outbox.GiveUp(str(error) if isinstance(error, Refusal) else f"{type(error).__name__}: {error}") from error


@contextmanager
def as_change_set(run_id: UUID) -> Iterator[None]:
    """Within the block everything written belongs to the run, and nothing that follows from it leaves before the end."""
    with within_change_set(run_id), outbox.holding(run_id):
        yield


def write_chunk(run_id: UUID) -> int:
    """Write the next rows in one transaction with their marks and the job's progress; gives how many, 0 at the end."""
    with unit_of_work() as work, as_change_set(run_id):
        run = run_of(run_id)
        rows = list(work.scalars(select(ImportRow).where(
            ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id, ImportRow.state == "ready",
        ).order_by(ImportRow.number).limit(CHUNK)))
        if not rows:
            return 0
        work.expunge_all()
        resource = registry.resource(run.resource)
        Writer(run_id, resource).write(rows)
        jobs.current_job().advance(len(rows), cursor=rows[-1].number)
    return len(rows)


class Writer:
    """Writes staged rows of one run through the door."""

    def __init__(self, run_id: UUID, resource: Resource) -> None:
        self.run_id, self.resource = run_id, resource
        self.fields = [f for f in importable(resource).values() if f.name != "reference"]

    def write(self, rows: Sequence[ImportRow]) -> None:
        """Create and change records; a row that the door refuses says why, and the others go on."""
        made = self.make_related(rows)
        data = {row.number: self._linked(row, made) for row in rows}
        good = [row for row in rows if row.number in data and data[row.number] is not None]
        results: dict[int, Outcome] = {}
        results.update(self._perform("create", [r for r in good if r.way == "create"], data))
        results.update(self._perform("edit", [r for r in good if r.way == "update"], data))
        self._mark(rows, results)

    def _perform(self, action: str, rows: Sequence[ImportRow], data: Mapping[int, Any]) -> dict[int, Outcome]:
        """The outcomes by row number; what fails as a whole is halved until the row at fault is found."""
        if not rows:
            return {}
        targets = [] if action == "create" else [row.record_id for row in rows]
        try:
            with session().begin_nested():
                outcomes = door.perform(self.resource, action, targets, [data[r.number] for r in rows], each=True, channel=CHANNEL)
        except (Refusal, DBAPIError) as error:
            if isinstance(error, Refusal) and error.status in (403, 503):
                raise
            if len(rows) == 1:
                return {rows[0].number: Outcome("refused", error=error if isinstance(error, Refusal) else Refusal(type(error).__name__))}
            half = len(rows) // 2
            return {**self._perform(action, rows[:half], data), **self._perform(action, rows[half:], data)}
        return {row.number: outcome for row, outcome in zip(rows, outcomes, strict=True)}

    def _linked(self, row: ImportRow, made: Mapping[tuple[str, str], UUID | str]) -> dict[str, Any] | None:
        values = dict(row.parsed)
        for name, value in row.parsed.items():
            if isinstance(value, dict) and MAKE in value:
                found = made[name, value[MAKE]]
                if isinstance(found, str):
                    row.errors = [[name, value[MAKE], found]]
                    return None
                values[name] = str(found)
        return values

    def make_related(self, rows: Sequence[ImportRow]) -> dict[tuple[str, str], UUID | str]:
        """The ids of linked records that nobody knew yet, made now; a sentence where one could not be made."""
        wanted: dict[str, list[str]] = {}
        for row in rows:
            for name, value in row.parsed.items():
                if isinstance(value, dict) and MAKE in value:
                    wanted.setdefault(name, []).append(value[MAKE])
        found: dict[tuple[str, str], UUID | str] = {}
        fields = {f.name: f for f in self.fields}
        for name, words in wanted.items():
            found.update({(name, word): what for word, what in self._make(fields[name], words).items()})
        return found

    def _make(self, field: Field, words: Sequence[str]) -> dict[str, UUID | str]:
        resource = registry.of_table(field.reference)
        assert resource is not None  # noqa: S101 -- a start with an unknown table is refused
        known, named = Known([resource]), natural_fields(resource)
        distinct = list(dict.fromkeys(words))
        known.find(distinct)
        first = {}
        for word in distinct:
            if not known.get(word):
                first.setdefault(fold(named[0].behaviour.parse(named[0], word)), word)
        refused: dict[str, str] = {}
        if new := list(first.values()):
            for word, outcome in zip(new, self._make_records(resource, named[0], new), strict=True):
                if outcome.state == "refused":
                    refused[word] = str(outcome.error)
                else:
                    known.add(word, outcome.record.id)
                    session().add(ImportRelated(run_id=self.run_id, resource=resource.key, record_id=outcome.record.id,
                                                mark=fingerprint(resource, outcome.record, list(importable(resource).values()))))
        return {word: next(iter(known.get(word)), refused.get(word, "")) for word in distinct}

    def _make_records(self, resource: Resource, title: Field, words: Sequence[str]) -> list[Outcome]:
        return door.perform(resource, "create", data=[{title.name: word} for word in words], each=True, channel=CHANNEL)

    def _mark(self, rows: Sequence[ImportRow], results: Mapping[int, Outcome]) -> None:
        endings = [self._ending(row, results.get(row.number)) for row in rows]
        names = ("id", "state", "record", "mark", "errors")
        session().execute(_MARK, {"organisation": current.organisation.id, **{n: [e[n] for e in endings] for n in names}})

    def _ending(self, row: ImportRow, outcome: Outcome | None) -> dict[str, Any]:
        ending: dict[str, Any] = {"id": row.id, "state": "done", "record": row.record_id, "mark": "", "errors": "[]"}
        if outcome is not None and outcome.state != "refused":
            ending |= {"record": outcome.record.id, "mark": fingerprint(self.resource, outcome.record, self.fields)}
        elif row.way != "same":
            ending |= {"state": "refused", "errors": _dumped(row.errors or self._sentences(outcome))}
        return ending

    def _sentences(self, outcome: Outcome | None) -> list[list[str]]:
        error = outcome.error if outcome else None
        if not isinstance(error, Invalid):
            return [["", "", str(error)]]
        labels = {f.name: str(f.label) for f in self.fields}
        return [[labels.get(name, name), "", str(said)] for name, sentences in error.errors.items() for said in sentences]


_MARK = text("UPDATE import_row SET state = e.state, record_id = e.record, mark = e.mark, errors = CAST(e.errors AS jsonb) "
             "FROM unnest(CAST(:id AS uuid[]), CAST(:state AS text[]), CAST(:record AS uuid[]), CAST(:mark AS text[]), "
             "CAST(:errors AS text[])) AS e(id, state, record, mark, errors) "
             "WHERE import_row.organisation_id = :organisation AND import_row.id = e.id")


def _dumped(value: Any) -> str:
    import orjson

    return orjson.dumps(value).decode()


def let_go(run_id: UUID) -> None:
    """The last commit: what follows from a new record is asked for, and everything that was held leaves, all of it together."""
    with unit_of_work() as work:
        run = run_of(run_id)
        if run.state != State.APPLYING:
            return
        resource = registry.resource(run.resource)
        mine = (ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id)
        ending = ImportRow.state + "/" + ImportRow.way
        counts = dict(work.execute(select(ending, func.count()).where(*mine).group_by(ending)).all())
        made = list(work.scalars(select(ImportRow.record_id).where(
            *mine, ImportRow.state == "done", ImportRow.way == "create").order_by(ImportRow.number)))
        with within_change_set(run_id):
            asked = ask(resource, made)
        outbox.let_go(run_id)
        run = run_of(run_id)
        run.request_count = asked
        settle(run, counts)
        jobs.current_job().finish(result=summary(run))


def ask(resource: Resource, ids: Sequence[Any]) -> int:
    """Begin what a new record begins (its release, say), in one transaction; gives how many wait for an approval."""
    parked = 0
    for action in (a for a in resource.actions if a.on_create):
        for start in range(0, len(ids), CHUNK):
            outcomes = door.perform(resource, action.name, ids[start:start + CHUNK], channel=CHANNEL)
            parked += sum(outcome.state == "parked" for outcome in outcomes)
            session().flush()
            session().expunge_all()  # memory does not grow with the number of rows
    return parked


def settle(run: ImportRun, counts: Mapping[str, int]) -> None:
    """Write what came of it on the run."""
    run.created_count, run.updated_count = counts.get("done/create", 0), counts.get("done/update", 0)
    run.same_count = counts.get("done/same", 0)
    run.refused_count = sum(number for key, number in counts.items() if key.startswith("refused/"))
    run.related_count = session().scalar(select(func.count()).select_from(ImportRelated).where(
        ImportRelated.organisation_id == current.organisation.id, ImportRelated.run_id == run.id)) or 0
    run.state, run.finished_at = State.DONE, clock.now()


def summary(run: ImportRun) -> dict[str, Any]:
    """The figures of a run; rows = created + updated + unchanged + refused."""
    return {"run": run.reference, "rows": run.row_count, "created": run.created_count, "updated": run.updated_count,
            "unchanged": run.same_count, "refused": run.refused_count, "related": run.related_count, "requests": run.request_count}
