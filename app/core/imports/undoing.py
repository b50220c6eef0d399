"""Taking an import back: at once and in full when it did not end well, later as far as nothing has followed from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select, update

from app.core import audit
from app.core.imports.keys import fingerprint
from app.core.imports.mapping import importable
from app.core.imports.models import ImportRelated, ImportRow, ImportRun, State
from app.core.imports.staging import run_of
from app.kernel import clock, door, jobs, outbox
from app.kernel.current import current, within_change_set
from app.kernel.db import session, unit_of_work
from app.kernel.manifest import Resource
from app.kernel.registry import registry

CHUNK = 1_000
CHANNEL = "import"


@dataclass(frozen=True)
class Stays:
    """A record that cannot be taken back, and why."""

    record_id: UUID
    reference: str
    reason: str


def take_back(run_id: UUID, problem: str) -> None:
    """Undo all of an import that was not let go: nothing has followed from it, so nothing stays."""
    with unit_of_work():
        put_back(run_id, problem)


def job_ended(job: jobs.Job) -> None:
    """Bring a run in step with its job: one that failed or was cancelled while nobody ran it leaves no half of an import behind."""
    if not job.key.startswith("import:") or job.state == jobs.DONE:
        return
    run = run_of(job.key.removeprefix("import:"))
    if run.state == State.CHECKING:
        run.state, run.problem = State.MAPPING, job.error[:2000]
    elif run.state == State.ROLLING_BACK:
        run.state, run.problem = State.DONE, job.error[:2000]
    else:
        put_back(run.id, job.error)


def put_back(run_id: UUID, problem: str) -> None:
    """Undo all that an unfinished import has written, in the transaction under way."""
    run = run_of(run_id)
    if run.state == State.APPLYING:
        with within_change_set(run_id):
            outbox.drop(run_id)
            run.gone_count, run.stayed = undo(run)
        run.state, run.problem, run.finished_at = State.UNDONE, problem[:2000], clock.now()
        run.created_count = run.updated_count = run.request_count = 0
        audit.note("imports.import_run.take_back", resource="imports.import_run", record=run, context={"problem": problem[:200]})


def roll_back(run_id: str) -> None:
    """The job: take a finished import back as one change set; what was edited since, or has had its effect, stays and is listed."""
    with unit_of_work():
        run = run_of(run_id)
        if run.state != State.ROLLING_BACK:
            return
        with within_change_set(run.id):
            run.gone_count, run.stayed = undo(run)
        run.state = State.ROLLED_BACK
        audit.note("imports.import_run.roll_back", resource="imports.import_run", record=run,
                   context={"gone": run.gone_count, "stayed": len(run.stayed)})
        jobs.current_job().finish(result={"run": run.reference, "gone": run.gone_count, "stayed": len(run.stayed)})


def undo(run: ImportRun) -> tuple[int, list[Any]]:
    """Remove what the run made and restore what it changed; gives how many went, and what stays with its reason."""
    resource = registry.resource(run.resource)
    gone, stayed = 0, []
    for rows in portions_done(run):
        kept = {s.record_id: s for s in staying(resource, rows, hold=True)}
        stayed += kept.values()
        free = [row for row in rows if row.record_id not in kept]
        removed = [row.record_id for row in free if row.way == "create" and row.record_id]
        if removed:
            door.perform(resource, "delete", removed, channel=CHANNEL)
        changed = [row for row in free if row.way == "update"]
        if changed:
            door.perform(resource, "edit", [r.record_id for r in changed], [r.before or {} for r in changed], channel=CHANNEL)
        gone += len(removed) + len(changed)
        _mark_gone([row.id for row in free])
    stayed += _undo_related(run)
    return gone, [[str(s.record_id), s.reference, s.reason] for s in stayed]


def portions_done(run: ImportRun) -> Iterator[list[ImportRow]]:
    """The rows of a run that became or changed a record, so many at a time."""
    last = 0
    while rows := list(session().scalars(select(ImportRow).where(
            ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id, ImportRow.state == "done",
            ImportRow.way.in_(("create", "update")), ImportRow.number > last).order_by(ImportRow.number).limit(CHUNK))):
        last = rows[-1].number
        yield rows


def _mark_gone(ids: Sequence[UUID]) -> None:
    session().execute(update(ImportRow).where(ImportRow.organisation_id == current.organisation.id, ImportRow.id.in_(ids)).values(
        state="gone").execution_options(synchronize_session=False))


def staying(resource: Resource, rows: Sequence[Any], *, hold: bool = False) -> list[Stays]:
    """Which of the records that rows made or changed must stay, and why; with `hold` nobody can edit them until this transaction ends."""
    model: Any = resource.model
    ids = [row.record_id for row in rows]
    query = select(model).where(model.organisation_id == current.organisation.id, model.id.in_(ids)).order_by(model.id)
    if hold:
        query = query.with_for_update().execution_options(populate_existing=True)
    found = {r.id: r for r in session().scalars(query)}
    fields = [f for f in importable(resource).values() if f.name != "reference"]
    made = [row.record_id for row in rows if getattr(row, "way", "create") == "create"]
    effected, referred = _effected(resource, ids), _referred(resource, made)
    stays = []
    for row in rows:
        record = found.get(row.record_id)
        reason = _reason(resource, record, row, fields, effected, referred)
        if reason:
            stays.append(Stays(row.record_id, getattr(record, "reference", ""), reason))
    return stays


def _reason(resource: Resource, record: Any, row: Any, fields: Sequence[Any], effected: set[UUID], referred: set[UUID]) -> str:
    if record is None:
        return str(_("It is no longer there."))
    if record.id in effected:
        return str(_("Its effect has run."))
    lock = resource.lock(record) if resource.lock else True
    if lock is not True:
        return str(lock or _("It can no longer be changed."))
    if fingerprint(resource, record, fields) != row.mark:
        return str(_("It was edited since."))
    if record.is_archived:
        return str(_("It was archived since."))
    return str(_("Other records refer to it.")) if record.id in referred else ""


def _effected(resource: Resource, ids: Sequence[UUID]) -> set[UUID]:
    """The records of which an approved effect has run."""
    from app.core.approvals import ApprovalRequest
    from app.core.approvals import State as Stage

    if not any(action.approval for action in resource.actions):
        return set()
    return set(session().scalars(select(ApprovalRequest.record_id).where(
        ApprovalRequest.organisation_id == current.organisation.id, ApprovalRequest.resource == resource.key,
        ApprovalRequest.record_id.in_(ids), ApprovalRequest.state == Stage.EFFECTED)))


def _referred(resource: Resource, ids: Sequence[UUID]) -> set[UUID]:
    """The records to which rows of other tables refer; lines that belong to them do not count."""
    table = resource.model.__table__  # type: ignore[attr-defined]
    own = resource.lines.model.__table__ if resource.lines else None  # type: ignore[attr-defined]
    found: set[UUID] = set()
    for other in table.metadata.sorted_tables:
        if other is own:
            continue
        columns = [column for column in other.columns if (said := column.info.get("field")) and said.groups and table.name in said.tables]
        for constraint in other.foreign_key_constraints:
            column = next((e.parent for e in constraint.elements if e.column.table is table and e.column.name == "id"), None)
            columns += [column] if column is not None else []
        for column in columns if ids else ():
            query = select(column).where(other.c.organisation_id == current.organisation.id, column.in_(ids)).distinct()
            found.update(session().scalars(query))
    return found


def _undo_related(run: ImportRun) -> list[Stays]:
    """Remove the linked records that were made on the way, unless something else refers to them by now; these are not listed."""
    rows = session().scalars(select(ImportRelated).where(
        ImportRelated.organisation_id == run.organisation_id, ImportRelated.run_id == run.id)).all()
    by_resource: dict[str, list[ImportRelated]] = {}
    for row in rows:
        by_resource.setdefault(row.resource, []).append(row)
    stayed: list[Stays] = []
    for key, related in by_resource.items():
        resource = registry.resource(key)
        kept = staying(resource, related, hold=True)
        keep = {s.record_id for s in kept}
        free = [row for row in related if row.record_id not in keep]
        if free:
            door.perform(resource, "delete", [row.record_id for row in free], channel=CHANNEL)
            for row in free:
                session().delete(row)
        referred = str(_("Other records refer to it."))
        stayed += [s for s in kept if s.reference and s.reason != referred]
    return stayed
