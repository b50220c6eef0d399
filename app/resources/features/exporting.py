"""Any list as a file: CSV, XLSX, JSON, PDF, just as it is filtered and sorted; over five thousand rows as a job."""

from __future__ import annotations

import io
from collections.abc import Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from urllib.parse import urlencode

from flask import Response, current_app, flash, redirect, request, send_file
from flask_babel import gettext as _
from sqlalchemy import func, select, true
from werkzeug.datastructures import MultiDict

from app.core import access, audit, auth, exports, files
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.i18n import in_sentence
from app.kernel.kinds import show_moment
from app.kernel.limits import EXPORT, limited
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.export_rows import described, exported_names, rows_of
from app.resources.querying import Wanted, narrowed, read
from app.resources.urls import list_url

AT_ONCE = 5_000
TYPES = {
    "csv": "text/csv; charset=utf-8", "json": "application/json", "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
HANDED_OUT = {**TYPES, "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}  # fmt: skip


@limited(EXPORT)
def export(resource: Resource) -> Any:
    """The list of the query string as a file: at once, or as a job whose result is announced."""
    access.require(current.user, resource.permission("export"))
    if audit.is_confidential(resource):
        auth.require_proof()
    args = MultiDict(request.args)
    form, wanted = format_of(args), read(resource, args)
    if is_long(wanted):
        job = jobs.enqueue(
            run, resource.key, list(args.items(multi=True)), title=_("Export %(plural)s", plural=in_sentence(resource.plural))
        )
        flash(_("The list is long: it is being written in the background and will be announced when it is ready."), "info")
        return redirect(f"/{current.organisation.slug}/jobs/{job.id}/", 303)
    with SpooledTemporaryFile(max_size=4 * 1024 * 1024) as target:
        _count, name = write(wanted, form, cast("IO[bytes]", target), args)
        target.seek(0)
        content = target.read()
    return download(content, name, form)


def download(content: bytes, name: str, form: str) -> Response:
    """A file as an attachment."""
    kind = HANDED_OUT[form].partition(";")[0]
    response = send_file(io.BytesIO(content), mimetype=kind, as_attachment=True, download_name=name, etag=False)
    response.headers["Content-Type"] = HANDED_OUT[form]
    return response


def format_of(args: MultiDict[str, str]) -> str:
    """The format asked for; raises `Invalid` when it is not known."""
    form = args.get("format", "csv")
    if form not in TYPES:
        raise Invalid({"format": [_("Exports are written as: %(names)s.", names=", ".join(TYPES))]})
    return form


def run(key: str, pairs: list[list[str]]) -> None:
    """The job: write the file, keep it, announce it."""
    resource, args = registry.resource(key), MultiDict((k, v) for k, v in pairs)
    job, form = jobs.current_job(), format_of(args)
    with unit_of_work(), SpooledTemporaryFile(max_size=4 * 1024 * 1024) as target:
        access.require(current.user, resource.permission("export"))
        wanted = read(resource, args)
        total = session().scalar(select(func.count()).select_from(narrowed(wanted).with_only_columns(true()).subquery())) or 0
        count, name = write(wanted, form, cast("IO[bytes]", target), args, told=lambda steps: job.tell(steps, total))
        target.seek(0)
        file = files.store(cast("IO[bytes]", target), name, TYPES[form].partition(";")[0], purpose="export")  # type: ignore[arg-type]
        job.finish(file_id=file.id, result={"rows": count, "name": name, "bytes": file.size, "sha256": file.sha256})


def write(wanted: Wanted, form: str, target: IO[bytes], args: MultiDict[str, str], told: Any = None) -> tuple[int, str]:
    """Write the list into `target`; gives how many rows, and the file's name. The export is audited."""
    resource = wanted.resource
    names = exported_names(resource) if form != "pdf" else tuple(dict.fromkeys(("reference", *resource.columns)))
    fields = {name: field for name, field in fields_of(resource.model).items() if name in names}
    ordered = [fields[name] for name in names]
    sheet = exports.Sheet(
        str(resource.plural), [described(f, resource) for f in ordered], rows_of(wanted, ordered, form, told), _notes(wanted)
    )
    count = _write(sheet, form, cast("Any", target), args, resource)
    audit.note(
        resource.permission("export"),
        resource=resource.key,
        context={"format": form, "rows": count, "filters": urlencode(list(wanted.parameters().items(multi=True)))},
    )
    return count, exports.file_name(resource.slug, form)


def _write(sheet: exports.Sheet, form: str, target: Any, args: MultiDict[str, str], resource: Resource) -> int:
    zone = current.organisation.timezone if current.user.is_system else current.user.timezone
    if form == "csv":
        separator = ";" if args.get("separator") in (";", "semicolon") else ","
        return exports.write_delimited(sheet, target, separator=separator, bom=args.get("bom", "1") != "0", zone=zone)
    if form == "xlsx":
        return exports.write_workbook(sheet, target, zone=zone)
    if form == "json":
        return exports.write_objects(sheet, target)
    return exports.write_printed(sheet, target, imprint(sheet.title, list_url(resource)))


def imprint(title: str, path: str, *, reference: str = "", version: str = "") -> exports.Imprint:
    """What stands on every page of a PDF, in the organisation's zone."""
    printed = _("Printed by %(who)s, %(when)s", who=current.user.name, when=_organisation_time())
    return exports.Imprint(
        title, current.organisation.name, printed, f"{current_app.extensions['settings'].base_url}{path}", reference, version
    )


def _organisation_time() -> str:
    from zoneinfo import ZoneInfo

    here = clock.now().astimezone(ZoneInfo(current.organisation.timezone))
    return f"{show_moment(clock.now())} ({here.isoformat(timespec='minutes')} {current.organisation.timezone})"


def _notes(wanted: Wanted) -> Sequence[str]:
    said = ", ".join(f"{key} = {value}" for key, value in wanted.parameters().items(multi=True))
    return (_("Filtered: %(filters)s", filters=said),) if said else ()


def is_long(wanted: Wanted) -> bool:
    """Whether a list is written by a job."""
    limited = narrowed(wanted).with_only_columns(true()).limit(AT_ONCE + 1).subquery()
    return (session().scalar(select(func.count()).select_from(limited)) or 0) > AT_ONCE


__all__ = ["download", "export", "format_of", "imprint", "is_long", "run", "write"]
