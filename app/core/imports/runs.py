"""An import from its upload to its end: what each step of the wizard does."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, BinaryIO
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, files, settings
from app.core.files.sniffing import SHEETS
from app.core.imports.guess import guess
from app.core.imports.links import MAKE
from app.core.imports.mapping import Mapping
from app.core.imports.models import ImportMapping, ImportRow, ImportRun, State
from app.core.imports.parsing import RowParser
from app.core.imports.reader import look
from app.core.imports.rows import Shape, Unusable
from app.core.imports.survey import Survey, survey
from app.core.imports.undoing import Stays, portions_done, staying
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.references import assign

MEGABYTE = 1024 * 1024


def begin(resource: Resource, source: bytes | BinaryIO, name: str, *, mapping: Mapping | None = None, mapping_name: str = "") -> ImportRun:
    """Keep the file, look at it, and propose a mapping: the one given, the saved one that fits its heads, or a guess."""
    access.require(current.user, resource.permission("import"))
    file = files.store(source, name, purpose="import", only=SHEETS, limit=settings.get("imports.max_megabytes") * MEGABYTE)
    with files.open_file(file) as stream:
        shape, seen, mapping, mapping_name = _proposal(resource, stream, file.name, mapping, mapping_name)
    run = ImportRun(resource=resource.key, filename=file.name, file_id=file.id, shape=shape.__dict__.copy(), row_count=seen.count,
                    mapping=mapping.to_json(), mapping_name=mapping_name)
    assign([run])
    session().add(run)
    session().flush()
    return run


def _proposal(resource: Resource, stream: BinaryIO, name: str, mapping: Mapping | None, called: str) -> tuple[Shape, Survey, Mapping, str]:
    """How to read a new file, what is in it, and what goes where."""
    shape = look(stream, name)
    if mapping is not None:
        return *_first_table(stream, shape, [mapping.sheet, *shape.sheets]), mapping, called
    saved = [(Mapping.from_json(kept.mapping), kept.name) for kept in saved_mappings(resource)]
    for sheet in dict.fromkeys(kept.sheet for kept, _name in saved if kept.sheet in shape.sheets):
        with suppress(Unusable):
            here, seen = _first_table(stream, shape, [sheet])
            fitting = next(((kept, called) for kept, called in saved if kept.sheet == sheet and kept.fits(seen.headers)), None)
            if fitting:
                return here, seen, *fitting
    here, seen = _first_table(stream, shape, shape.sheets)
    fitting = next(((kept, called) for kept, called in saved if kept.fits(seen.headers)), None)
    return here, seen, *(fitting or (guess(resource, seen), ""))


def _first_table(stream: BinaryIO, shape: Shape, sheets: Sequence[str]) -> tuple[Shape, Survey]:
    """The first of these sheets that holds a table: a workbook may begin with a page of words. Raises `Unusable`."""
    problem: Unusable | None = None
    for sheet in [name for name in dict.fromkeys(sheets) if name in shape.sheets] or [shape.sheet]:
        try:
            return shape.with_(sheet=sheet), survey(stream, shape.with_(sheet=sheet), settings.get("imports.max_rows"))
        except Unusable as error:
            problem = problem or error
    raise problem or Unusable(_("The file is empty."))


def look_again(run: ImportRun) -> Survey:
    """What the columns of the run's file hold, read by its present shape."""
    with files.open_file(files.find(run.file_id)) as stream:
        return survey(stream, Shape(**run.shape), settings.get("imports.max_rows"))


def reshape(run: ImportRun, resource: Resource, constants: MappingType[str, str], **chosen: str) -> None:
    """Read the file by another encoding, separator or sheet; the columns are guessed anew, what was given for every row stays.
    Raises `Unusable`."""
    _expect(run, State.MAPPING, State.CHECKED)
    shape = Shape(**run.shape).with_(**chosen)
    with files.open_file(files.find(run.file_id)) as stream:
        seen = survey(stream, shape, settings.get("imports.max_rows"))
    guessed = guess(resource, seen)
    columns = {header: place for header, place in guessed.columns.items() if place.field not in constants}
    run.mapping = replace(guessed, columns=columns, constants=constants, sheet=shape.sheet if len(shape.sheets) > 1 else "").to_json()
    run.shape, run.row_count, run.state = shape.__dict__.copy(), seen.count, State.MAPPING


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


def to_be_made(run: ImportRun, names: Sequence[str]) -> dict[str, int]:
    """By field: how many records would be made because rows that are ready name them."""
    ready = (ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id, ImportRow.state == "ready")
    found = {}
    for name in names:
        word = ImportRow.parsed[name][MAKE].astext
        found[name] = len({fold(said) for said in session().scalars(select(word).where(*ready, word.is_not(None)).distinct())})
    return found


def came_in(resource: Resource, reference: str) -> list[UUID | None]:
    """The ids of the records that a run made or changed, whatever happened to them since; of those rolled back nothing is left. They
    are named one by one: right after an import the planner knows nothing yet of its rows, and would join them one with another."""
    run_id = session().scalar(select(ImportRun.id).where(ImportRun.organisation_id == current.organisation.id,
                                                         ImportRun.reference == reference, ImportRun.resource == resource.key))
    return list(session().scalars(select(ImportRow.record_id).where(
        ImportRow.organisation_id == current.organisation.id, ImportRow.run_id == run_id, ImportRow.state == "done",
        ImportRow.way.in_(("create", "update")))))


def changes(run: ImportRun, *, after: int = 0, limit: int = 0) -> list[ImportRow]:
    """The rows of a run that change a record that is there already, in the order of the file."""
    query = select(ImportRow).where(ImportRow.organisation_id == run.organisation_id, ImportRow.run_id == run.id,
                                    ImportRow.state.in_(("ready", "done")), ImportRow.way == "update",
                                    ImportRow.number > after).order_by(ImportRow.number)
    return list(session().scalars(query.limit(limit) if limit else query))


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


__all__ = ["begin", "came_in", "changes", "find_run", "give_up", "look_again", "preview", "recent", "refused", "reshape",
           "save_mapping", "saved_mapping", "saved_mappings", "start_apply", "start_check", "start_rollback", "to_be_made",
           "use_mapping", "what_would_stay"]
