"""The import wizard of a resource: upload, map, check, import, result, rollback; each step a page that works without JavaScript."""

from __future__ import annotations

import io
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import Any, cast
from uuid import uuid4

from flask import Response, flash, redirect, request
from flask_babel import gettext as _

from app.core import access, exports, imports, settings
from app.core.imports import ImportRun, State
from app.kernel.current import current
from app.kernel.errors import Invalid, TooLarge
from app.kernel.kinds import show_moment
from app.kernel.limits import UPLOAD, limited
from app.kernel.manifest import Resource
from app.kernel.screens import screen
from app.resources.export_rows import described
from app.resources.features.exporting import download
from app.resources.features.import_pages import check_page, map_page, result_page, rollback_page
from app.resources.import_forms import chosen_shape, constants_of, mapping_of
from app.resources.urls import list_url

Add = Callable[..., None]


def add_routes(add: Add) -> None:
    """Mount the wizard below a resource."""
    add("import", "import", show_upload, needs="import")
    add("import", "upload", upload, ("POST",), "import")
    add("import/template.<ending>", "import_template", template, needs="import")
    add("import/<run>/", "import_run", show_run, needs="import")
    add("import/<run>/map", "import_map", show_map, needs="import")
    add("import/<run>/map", "import_mapped", take_mapping, ("POST",), "import")
    add("import/<run>/apply", "import_apply", apply, ("POST",), "import")
    add("import/<run>/errors.csv", "import_errors", errors, needs="import")
    add("import/<run>/refused.csv", "import_refused", refused, needs="import")
    add("import/<run>/rollback", "import_rollback", show_rollback, needs="import")
    add("import/<run>/rollback", "import_roll_back", roll_back, ("POST",), "import")


def run_url(resource: Resource, run: ImportRun) -> str:
    """The page of a run: whatever step it is at."""
    return f"{list_url(resource)}import/{run.reference}/"


def show_upload(resource: Resource, problems: Any = None, status: int = 200) -> Response:
    """The first step, with the mappings that were kept and the last imports."""
    access.require(current.user, resource.permission("import"))
    recent = [
        {"name": r.filename, "when": show_moment(r.created_at), "state": r.state.label, "tone": r.state.tone, "url": run_url(resource, r)}
        for r in imports.recent(resource)
    ]
    url = f"{list_url(resource)}import"
    return screen(
        "imports/upload.html",
        status=status,
        resource=resource,
        list_url=list_url(resource),
        action=url,
        template_url=f"{url}/template.csv",
        template_xlsx_url=f"{url}/template.xlsx",
        errors=problems or {},
        key=str(uuid4()),
        templates=[(str(m.id), m.name) for m in imports.saved_mappings(resource)],
        maximum=_("%(size)d MB", size=settings.get("imports.max_megabytes")),
        recent=recent,
    )


@limited(UPLOAD)
def upload(resource: Resource) -> Any:
    """Take the file in and go on to the mapping."""
    file = request.files.get("file")
    if file is None or not file.filename:
        return show_upload(resource, {"file": [_("Choose a file.")]}, 422)
    saved = request.form.get("mapping", "")
    try:
        mapping = imports.saved_mapping(resource, saved) if saved else None
        run = imports.begin(resource, cast("Any", file.stream), file.filename, mapping=mapping)
    except Invalid as error:
        return show_upload(resource, {"file": [said for sentences in error.errors.values() for said in sentences]}, 422)
    except TooLarge as error:
        return show_upload(resource, {"file": [str(error)]}, 413)
    return redirect(run_url(resource, run), 303)


def show_run(resource: Resource, run: str) -> Response:
    """The step at which a run stands."""
    found = imports.find_run(resource, run)
    if found.state == State.MAPPING:
        return map_page(resource, found, problem=found.problem)
    if found.state == State.CHECKED:
        return check_page(resource, found)
    return result_page(resource, found)


def show_map(resource: Resource, run: str) -> Response:
    """The mapping again, after the check."""
    return map_page(resource, imports.find_run(resource, run))


def take_mapping(resource: Resource, run: str) -> Any:
    """Keep what goes where and check all rows; another encoding, separator or sheet shows the columns anew first."""
    found = imports.find_run(resource, run)
    try:
        if shape := chosen_shape(found, request.form):
            imports.reshape(found, resource, constants_of(resource, request.form), **shape)
            return redirect(f"{run_url(resource, found)}map", 303)
        mapping = mapping_of(resource, found, request.form)
        imports.use_mapping(found, resource, mapping, name=request.form.get("name", "").strip())
    except Invalid as error:
        return map_page(resource, found, problem=" ".join(str(s) for said in error.errors.values() for s in said), status=422,
                        errors=error.errors)
    imports.start_check(found, resource)
    return redirect(run_url(resource, found), 303)


def apply(resource: Resource, run: str) -> Any:
    """Write the rows that are ready."""
    found = imports.find_run(resource, run)
    if found.state == State.CHECKED:
        imports.start_apply(found, resource)
    return redirect(run_url(resource, found), 303)


def errors(resource: Resource, run: str) -> Response:
    """All errors of the check: row, column, value, reason."""
    found = imports.find_run(resource, run)
    rows = [(row.number, *fault) for row in imports.refused(found) for fault in row.errors]
    content = exports.csv_of([_("Row"), _("Column"), _("Value"), _("What is wrong")], rows)
    return download(content, f"{found.reference}-errors.csv", "csv")


def refused(resource: Resource, run: str) -> Response:
    """The refused rows as they stood in the file, each with its reasons, ready to be mended and sent again."""
    found = imports.find_run(resource, run)
    headers = [column.header for column in imports.look_again(found).columns]
    rows = [
        (*([*row.raw, *[""] * len(headers)][: len(headers)]), row.number, " ".join(f"{c}: {s}" if c else s for c, _v, s in row.errors))
        for row in imports.refused(found)
    ]
    return download(exports.csv_of([*headers, _("Row"), _("What is wrong")], rows), f"{found.reference}-refused.csv", "csv")


def show_rollback(resource: Resource, run: str) -> Response:
    """What would go and what would stay."""
    return rollback_page(resource, imports.find_run(resource, run))


def roll_back(resource: Resource, run: str) -> Any:
    """Take it back."""
    found = imports.find_run(resource, run)
    if found.state == State.DONE:
        imports.start_rollback(found, resource)
        flash(_("The import is being rolled back."), "info")
    return redirect(run_url(resource, found), 303)


def template(resource: Resource, ending: str) -> Response:
    """An empty file with the right columns; the XLSX one describes them on its second sheet."""
    access.require(current.user, resource.permission("import"))
    columns = [described(field, resource) for field in imports.importable(resource).values()]
    sheet = exports.Sheet(str(resource.plural), columns, ())
    form = "xlsx" if ending == "xlsx" else "csv"
    with SpooledTemporaryFile(max_size=1024 * 1024) as target:
        if form == "xlsx":
            exports.write_workbook(sheet, cast("Any", target))
        else:
            exports.write_delimited(sheet, cast("Any", target))
        target.seek(0)
        content = io.BytesIO(target.read()).getvalue()
    return download(content, f"{resource.slug}-template.{form}", form)
