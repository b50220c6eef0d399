"""An import from its upload to its end: what each step of the wizard does."""

from __future__ import annotations

from typing import Any, BinaryIO

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, files, settings
from app.core.files.sniffing import SHEETS
from app.core.imports.guess import guess
from app.core.imports.mapping import Mapping
from app.core.imports.models import ImportMapping, ImportRow, ImportRun, State
from app.core.imports.parsing import RowParser
from app.core.imports.reader import look
from app.core.imports.rows import Shape
from app.core.imports.survey import Survey, survey
from app.core.imports.undoing import Stays, portions_done, staying
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.manifest import Resource
from app.kernel.references import assign

MEGABYTE = 1024 * 1024


def begin(resource: Resource, source: bytes | BinaryIO, name: str, *, mapping: Mapping | None = None, mapping_name: str = "") -> ImportRun:
    """Keep the file, look at it, and propose a mapping: the one given, the saved one that fits its heads, or a guess."""
    access.require(current.user, resource.permission("import"))
    file = files.store(source, name, purpose="import", only=SHEETS, limit=settings.get("imports.max_megabytes") * MEGABYTE)
    with files.open_file(file) as stream:
        shape = look(stream, file.name)
        seen = survey(stream, shape, settings.get("imports.max_rows"))
    headers = [column.header for column in seen.columns]
    if mapping is None:
        mapping, mapping_name = _proposed(resource, seen, headers)
    run = ImportRun(resource=resource.key, filename=file.name, file_id=file.id, shape=shape.__dict__.copy(), row_count=seen.count,
                    mapping=mapping.to_json(), mapping_name=mapping_name)
    assign([run])
    session().add(run)
    session().flush()
    return run


def _proposed(resource: Resource, seen: Survey, headers: list[str]) -> tuple[Mapping, str]:
    for saved in saved_mappings(resource):
        mapping = Mapping.from_json(saved.mapping)
        if mapping.fits(headers):
            return mapping, saved.name
    return guess(resource, seen), ""


def look_again(run: ImportRun) -> Survey:
    """What the columns of the run's file hold, read by its present shape."""
    with files.open_file(files.find(run.file_id)) as stream:
        return survey(stream, Shape(**run.shape), settings.get("imports.max_rows"))


def reshape(run: ImportRun, resource: Resource, **chosen: str) -> None:
    """Read the file by another encoding, separator or sheet; the mapping is guessed anew."""
    _expect(run, State.MAPPING, State.CHECKED)
    run.shape = Shape(**run.shape).with_(**chosen).__dict__.copy()
    seen = look_again(run)
    run.mapping, run.row_count, run.state = guess(resource, seen).to_json(), seen.count, State.MAPPING


def use_mapping(run: ImportRun, resource: Resource, mapping: Mapping, *, name: str = "") -> None:
    """Take a mapping for the run; with a name it is kept for the next file. Raises `Invalid`."""
    _expect(run, State.MAPPING, State.CHECKED)
    headers = [c.header for c in look_again(run).columns]
    RowParser(resource, headers, mapping.checked(resource))
    run.mapping, run.mapping_name, run.state = mapping.to_json(), name, State.MAPPING
    if name:
        save_mapping(resource, name, mapping)


def save_mapping(resource: Resource, name: str, mapping: Mapping) -> ImportMapping:
    """Keep a mapping under a name, in place of an earlier one of that name."""
    name = " ".join(name.split())[:100]
    if not name:
        raise Invalid({"name": [_("This is needed.")]})
    found = session().scalar(select(ImportMapping).where(ImportMapping.organisation_id == current.organisation.id,
                                                         ImportMapping.resource == resource.key, ImportMapping.name == name))
    if found is None:
        found = ImportMapping(resource=resource.key, name=name, mapping=mapping.to_json())
        session().add(found)
    else:
        found.mapping = mapping.to_json()
    session().flush()
    return found


def saved_mappings(resource: Resource) -> list[ImportMapping]:
    """The kept mappings of a resource, by name."""
    return list(session().scalars(select(ImportMapping).where(
        ImportMapping.organisation_id == current.organisation.id, ImportMapping.resource == resource.key).order_by(ImportMapping.name)))


def saved_mapping(resource: Resource, name: str) -> Mapping:
    """The kept mapping of that name. Raises `NotFound`."""
    found = next((m for m in saved_mappings(resource) if m.name == name or str(m.id) == name), None)
    if found is None:
        raise NotFound(_("There is no mapping called “%(name)s”.", name=name[:80]))
    return Mapping.from_json(found.mapping)


def start_check(run: ImportRun, resource: Resource) -> jobs.Job:
    """Ask for the dry run."""
    from app.core.imports.staging import check

    access.require(current.user, resource.permission("import"))
    _expect(run, State.MAPPING, State.CHECKED, State.CHECKING)
    run.state = State.CHECKING
    return _job(run, check, _("Check %(file)s", file=run.filename))


def start_apply(run: ImportRun, resource: Resource) -> jobs.Job:
    """Ask for the rows that are ready to be written."""
    from app.core.imports.applying import apply

    access.require(current.user, resource.permission("import"))
    _expect(run, State.CHECKED)
    if not run.created_count + run.updated_count:
        raise Conflict(_("There is nothing to import: no row is ready."))
    run.state = State.APPLYING
    ready = run.created_count + run.updated_count + run.same_count
    return _job(run, apply, _("Import %(file)s", file=run.filename), total=ready)


def start_rollback(run: ImportRun, resource: Resource) -> jobs.Job:
    """Ask for the whole import to be taken back."""
    from app.core.imports.undoing import roll_back

    access.require(current.user, resource.permission("import"))
    _expect(run, State.DONE)
    run.state = State.ROLLING_BACK
    return _job(run, roll_back, _("Roll back %(file)s", file=run.filename))


def _job(run: ImportRun, function: Any, title: str, **options: Any) -> jobs.Job:
    session().flush()
    job = jobs.enqueue(function, str(run.id), title=title, key=f"import:{run.id}", **options)
    run.job_id = job.id
    return job


def give_up(run: ImportRun) -> None:
    """Stop an import that was not applied yet."""
    _expect(run, State.MAPPING, State.CHECKING, State.CHECKED)
    run.state, run.finished_at = State.UNDONE, clock.now()


def find_run(resource: Resource, reference: str) -> ImportRun:
    """A run of this resource by its reference; whoever may not import learns nothing of it."""
    access.require(current.user, resource.permission("import"))
    found = session().scalar(select(ImportRun).where(ImportRun.organisation_id == current.organisation.id,
                                                     ImportRun.reference == reference, ImportRun.resource == resource.key))
    if found is None:
        raise NotFound(_("This import was not found."))
    return found


def recent(resource: Resource, limit: int = 10) -> list[ImportRun]:
    """The last imports of a resource."""
    query = select(ImportRun).where(ImportRun.organisation_id == current.organisation.id, ImportRun.resource == resource.key)
    return list(session().scalars(query.order_by(ImportRun.id.desc()).limit(limit)))


def refused(run: ImportRun, *, after: int = 0, limit: int = 0) -> list[ImportRow]:
    """The refused rows of a run, with all that is wrong with each, in the order of the file."""
    query = select(ImportRow).where(ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id,
                                    ImportRow.state == "refused", ImportRow.number > after).order_by(ImportRow.number)
    return list(session().scalars(query.limit(limit) if limit else query))


def preview(run: ImportRun, count: int = 10) -> list[ImportRow]:
    """The first rows as they were understood."""
    return list(session().scalars(select(ImportRow).where(
        ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id).order_by(ImportRow.number).limit(count)))


def what_would_stay(run: ImportRun, resource: Resource) -> tuple[int, list[Stays]]:
    """What a rollback would leave: how many would go, and what stays with its reason."""
    count, stays = 0, []
    for rows in portions_done(run):
        stays += staying(resource, rows)
        count += len(rows)
    return count - len(stays), stays


def _expect(run: ImportRun, *states: State) -> None:
    if run.state not in states:
        raise Conflict(_("This import is “%(state)s”; the step is no longer possible.", state=run.state.label))


__all__ = ["begin", "find_run", "give_up", "look_again", "preview", "recent", "refused", "reshape", "save_mapping",
           "saved_mapping", "saved_mappings", "start_apply", "start_check", "start_rollback", "use_mapping", "what_would_stay"]
