"""Any list as a file, just as it is filtered, sorted and columned: CSV, XLSX, ODS, JSON, JSON Lines, PDF, alone or in a ZIP.

Over five thousand rows it is a job; from fifty thousand on a ZIP, unless somebody says otherwise; a PDF ends at a limit.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from urllib.parse import urlencode

from flask import Response, current_app, flash, redirect, request, send_file
from flask_babel import gettext as _
from sqlalchemy import func, select, true
from werkzeug.datastructures import MultiDict

from app.core import access, audit, auth, exports, files, settings
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
from app.kernel.screens import screen
from app.resources.export_rows import described, exported_names, rows_of
from app.resources.querying import Wanted, narrowed, read
from app.resources.urls import list_url

AT_ONCE, ZIP_FROM = 5_000, 50_000
TYPES = {
    "csv": "text/csv; charset=utf-8", "json": "application/json", "jsonl": "application/jsonl", "pdf": "application/pdf",
    "ods": "application/vnd.oasis.opendocument.spreadsheet",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}  # fmt: skip
HANDED_OUT = {**TYPES, "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document"}
ZIP = "application/zip"
REASON = 300


@limited(EXPORT)
def export(resource: Resource) -> Any:
    """The list of the query string as a file: at once, or as a job whose result is announced."""
    access.require(current.user, resource.permission("export"))
    if audit.is_confidential(resource):
        auth.require_proof()
    args = asked()
    form, wanted = format_of(args), read(resource, args)
    if audit.is_confidential(resource) and not reason_of(args):
        return _ask_why(resource, args)
    if form == "pdf" and more_than(wanted, most_printed()):
        return screen("resource/export.html", status=422, resource=resource, why="", back=_back(resource, args), most=most_printed(),
                      others=[(each.upper(), _address(resource, args, each)) for each in TYPES if each != "pdf"], pairs=())
    if is_long(wanted):
        job = begin(resource, args)
        flash(_("The list is long: it is being written in the background and will be announced when it is ready."), "info")
        return redirect(f"/{current.organisation.slug}/jobs/{job.id}/", 303)
    return at_once(wanted, form, args)


def asked() -> MultiDict[str, str]:
    """What is asked for, in the address or by a form."""
    said = request.form if request.method == "POST" else request.args
    return MultiDict([(name, value) for name, value in said.items(multi=True) if name != "csrf_token"])


def begin(resource: Resource, args: MultiDict[str, str]) -> jobs.Job:
    """Ask for a long export as a job."""
    return jobs.enqueue(run, resource.key, list(args.items(multi=True)), title=_("Export %(plural)s", plural=in_sentence(resource.plural)))


def at_once(wanted: Wanted, form: str, args: MultiDict[str, str]) -> Response:
    """A list that is short enough, as a file."""
    with SpooledTemporaryFile(max_size=4 * 1024 * 1024) as target:
        _count, name = write(wanted, form, cast("IO[bytes]", target), args, packed=args.get("zip") == "1")
        target.seek(0)
        content = target.read()
    return download(content, name, form)


def download(content: bytes, name: str, form: str) -> Response:
    """A file as an attachment."""
    kind = type_of(name, form)
    response = send_file(io.BytesIO(content), mimetype=kind.partition(";")[0], as_attachment=True, download_name=name, etag=False)
    response.headers["Content-Type"] = kind
    return response


def type_of(name: str, form: str) -> str:
    """The type of a file by its name and format."""
    return ZIP if name.endswith(".zip") else HANDED_OUT[form]


def format_of(args: MultiDict[str, str]) -> str:
    """The format asked for; raises `Invalid` when it is not known."""
    form = args.get("format", "csv")
    if form not in TYPES:
        raise Invalid({"format": [_("Exports are written as: %(names)s.", names=", ".join(TYPES))]})
    return form


def reason_of(args: MultiDict[str, str]) -> str:
    """Why it is exported, as far as somebody said so."""
    return " ".join(args.get("export_reason", "").split())[:REASON]


def most_printed() -> int:
    """How many rows a PDF takes."""
    return int(settings.get("views.pdf_rows"))


def more_than(wanted: Wanted, rows: int) -> bool:
    """Whether a list has more rows than these."""
    cut = narrowed(wanted).with_only_columns(true()).limit(rows + 1).subquery()
    return (session().scalar(select(func.count()).select_from(cut)) or 0) > rows


def is_long(wanted: Wanted) -> bool:
    """Whether a list is written by a job."""
    return more_than(wanted, AT_ONCE)


def run(key: str, pairs: list[list[str]]) -> None:
    """The job: write the file, keep it, announce it."""
    resource, args = registry.resource(key), MultiDict((k, v) for k, v in pairs)
    job, form = jobs.current_job(), format_of(args)
    with unit_of_work():
        access.require(current.user, resource.permission("export"))
        wanted = read(resource, args)
        total = total_of(wanted)
        file, count = stored(wanted, form, args, packed=packs(args, total), told=lambda steps: job.tell(steps, total))
        job.finish(file_id=file.id, result={"rows": count, "name": file.name, "bytes": file.size, "sha256": file.sha256})


def total_of(wanted: Wanted) -> int:
    """How many rows a list has."""
    return session().scalar(select(func.count()).select_from(narrowed(wanted).with_only_columns(true()).subquery())) or 0


def packs(args: MultiDict[str, str], total: int) -> bool:
    """Whether a file comes in a ZIP: as somebody asks for it, or because it is long."""
    return args.get("zip") == "1" or (total >= ZIP_FROM and args.get("zip") != "0")


def stored(wanted: Wanted, form: str, args: MultiDict[str, str], *, packed: bool, told: Any = None) -> tuple[files.StoredFile, int]:
    """The list as a file that is kept for a week, for whoever is acting; gives the number of rows too."""
    with SpooledTemporaryFile(max_size=4 * 1024 * 1024) as target:
        count, name = write(wanted, form, cast("IO[bytes]", target), args, packed=packed, told=told)
        target.seek(0)
        kind = type_of(name, form).partition(";")[0]
        return files.store(cast("Any", target), name, kind, purpose="export"), count


def write(wanted: Wanted, form: str, target: IO[bytes], args: MultiDict[str, str], *, packed: bool = False,
          told: Any = None) -> tuple[int, str]:
    """Write the list into `target`; gives how many rows, and the file's name. The export is audited."""
    resource = wanted.resource
    fields = fields_of(resource.model)
    ordered = [fields[name] for name in _names(wanted, form) if fields[name].kind != "file"]
    sheet = exports.Sheet(
        str(resource.plural), [described(f, resource) for f in ordered], rows_of(wanted, ordered, form, told), _notes(wanted)
    )
    name = exports.file_name(resource.slug, form)
    if packed:
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as bundle, bundle.open(name, "w", force_zip64=True) as inner:
            count = _write(sheet, form, inner, args, resource)
        name = f"{name.rpartition('.')[0]}.zip"
    else:
        count = _write(sheet, form, cast("Any", target), args, resource)
    said = {"format": form, "rows": count, "filters": urlencode(list(wanted.parameters(view=None).items(multi=True)))}
    if why := reason_of(args):
        said["reason"] = why
    audit.note(resource.permission("export"), resource=resource.key, context=said | ({"zip": True} if packed else {}))
    return count, name


def _names(wanted: Wanted, form: str) -> Sequence[str]:
    """The columns that were chosen; without a choice all that can be imported again, or on paper what the list shows."""
    if wanted.columns:
        return wanted.columns
    resource = wanted.resource
    return exported_names(resource) if form != "pdf" else tuple(dict.fromkeys(("reference", *resource.columns)))


def _write(sheet: exports.Sheet, form: str, target: Any, args: MultiDict[str, str], resource: Resource) -> int:
    zone = current.organisation.timezone if current.user.is_system else current.user.timezone
    if form == "csv":
        separator = ";" if args.get("separator") in (";", "semicolon") else ","
        return exports.write_delimited(sheet, target, separator=separator, bom=args.get("bom", "1") != "0", zone=zone)
    if form == "xlsx":
        return exports.write_workbook(sheet, target, zone=zone)
    if form == "ods":
        return exports.write_opendocument(sheet, target, zone=zone)
    if form in ("json", "jsonl"):
        return (exports.write_objects if form == "json" else exports.write_lines)(sheet, target)
    watermark = _("Confidential: %(name)s", name=current.user.name) if audit.is_confidential(resource) else ""
    return exports.write_printed(sheet, target, imprint(sheet.title, list_url(resource), watermark=watermark))


def imprint(title: str, path: str, *, reference: str = "", version: str = "", watermark: str = "") -> exports.Imprint:
    """What stands on every page of a PDF, in the organisation's zone."""
    printed = _("Printed by %(who)s, %(when)s", who=current.user.name, when=_organisation_time())
    return exports.Imprint(
        title, current.organisation.name, printed, f"{current_app.extensions['settings'].base_url}{path}", reference, version, watermark
    )


def _organisation_time() -> str:
    from zoneinfo import ZoneInfo

    here = clock.now().astimezone(ZoneInfo(current.organisation.timezone))
    return f"{show_moment(clock.now())} ({here.isoformat(timespec='minutes')} {current.organisation.timezone})"


def _notes(wanted: Wanted) -> Sequence[str]:
    said = ", ".join(f"{key} = {value}" for key, value in wanted.parameters(view=None, columns=None).items(multi=True))
    return (_("Filtered: %(filters)s", filters=said),) if said else ()


def _ask_why(resource: Resource, args: MultiDict[str, str]) -> Response:
    """The page that asks for the reason, before anything of what is confidential leaves."""
    missing = _("These records are confidential: say why they are exported.") if request.method == "POST" else ""
    pairs = [(name, value) for name, value in args.items(multi=True) if name != "export_reason"]
    return screen("resource/export.html", status=422 if missing else 200, resource=resource, why=missing, back=_back(resource, args),
                  most=0, others=(), pairs=pairs)


def _back(resource: Resource, args: MultiDict[str, str]) -> str:
    said = urlencode([(name, value) for name, value in args.items(multi=True) if name not in ("format", "zip", "export_reason")])
    return f"{list_url(resource)}?{said}".rstrip("?")


def _address(resource: Resource, args: MultiDict[str, str], form: str) -> str:
    said = [(name, value) for name, value in args.items(multi=True) if name not in ("format", "export_reason")]
    return f"{list_url(resource)}export?{urlencode([*said, ('format', form)])}"


__all__ = ["asked", "at_once", "begin", "download", "export", "format_of", "imprint", "is_long", "run", "stored", "write"]
