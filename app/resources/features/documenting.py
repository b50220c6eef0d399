"""A record or a list as a document of the organisation's own: a template is chosen, filled, and handed out; long lists as a job."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from tempfile import SpooledTemporaryFile
from typing import IO, Any, cast
from urllib.parse import urlencode

from flask import flash, redirect, request
from flask_babel import gettext as _
from sqlalchemy import func, select, true
from werkzeug.datastructures import MultiDict

from app.core import access, audit, auth, exports, files
from app.core.documents import filling, services
from app.core.documents.models import DocumentTemplate, Kind, Scope
from app.core.templating import variables
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid
from app.kernel.i18n import in_sentence
from app.kernel.limits import DOCUMENT, limited
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.resources.export_rows import PORTION
from app.resources.features.detail import fetch
from app.resources.features.exporting import AT_ONCE, download, is_long
from app.resources.querying import Wanted, narrowed, read, sortable
from app.resources.urls import list_url, record_url

MOST_IN_WORD, SPOOLED = 5_000, 4 * 1024 * 1024


@limited(DOCUMENT)
def of_record(resource: Resource, reference: str) -> Any:
    """One record by the template of the query string; without one, the templates to choose from."""
    record = fetch(resource, reference)
    access.require(current.user, resource.permission("export"), record)
    if not request.args.get("template"):
        return _choose(resource, Scope.RECORD, record_url(resource, record), record.reference)
    if audit.is_confidential(resource, record):
        auth.require_proof()
    template = services.found(resource, Scope.RECORD, request.args["template"])
    with SpooledTemporaryFile(max_size=SPOOLED) as target:
        services.fill_record(template, record, cast("Any", target))
        _note(resource, template, record=record)
        return _handed(template, cast("IO[bytes]", target), f"{record.reference}.{template.kind.value}")


@limited(DOCUMENT)
def of_list(resource: Resource) -> Any:
    """The list of the query string by a template; over five thousand rows as a job whose result is announced."""
    access.require(current.user, resource.permission("export"))
    args = MultiDict(request.args)
    reference = args.pop("template", "")
    wanted = read(resource, args)
    if not reference:
        return _choose(resource, Scope.LIST, list_url(resource), str(resource.plural), wanted)
    if audit.is_confidential(resource):
        auth.require_proof()
    template = services.found(resource, Scope.LIST, reference)
    if is_long(wanted):
        _fits(template)
        job = jobs.enqueue(run, resource.key, reference, list(args.items(multi=True)),
                           title=_("%(name)s of %(plural)s", name=template.name, plural=in_sentence(resource.plural)))
        flash(_("The list is long: it is being written in the background and will be announced when it is ready."), "info")
        return redirect(f"/{current.organisation.slug}/jobs/{job.id}/", 303)
    with SpooledTemporaryFile(max_size=SPOOLED) as target:
        write(wanted, template, cast("IO[bytes]", target))
        return _handed(template, cast("IO[bytes]", target), exports.file_name(resource.slug, template.kind.value))


def run(key: str, reference: str, pairs: list[list[str]]) -> None:
    """The job: fill the template with a long list, keep the file, announce it."""
    resource = registry.resource(key)
    job = jobs.current_job()
    with unit_of_work(), SpooledTemporaryFile(max_size=SPOOLED) as target:
        access.require(current.user, resource.permission("export"))
        template = services.found(resource, Scope.LIST, reference)
        _fits(template)
        wanted = read(resource, MultiDict((k, v) for k, v in pairs))
        total = _count(wanted)
        write(wanted, template, cast("IO[bytes]", target), told=lambda steps: job.tell(steps, total))
        target.seek(0)
        kind = template.kind.value
        name = exports.file_name(resource.slug, kind)
        file = files.store(cast("Any", target), name, filling.TYPES[kind], purpose="export")
        job.finish(file_id=file.id, result={"rows": total, "name": name, "bytes": file.size, "sha256": file.sha256})


def write(wanted: Wanted, template: DocumentTemplate, target: IO[bytes], told: Callable[[int], None] | None = None) -> int:
    """Fill the template with the rows of a list, and note it as the export that it is; gives how many."""
    count = _count(wanted)
    mark = services.mark_of(template)
    said = urlencode(list(wanted.parameters().items(multi=True)))
    services.fill_list(template, lambda: _rows(wanted, mark, told), count, said, cast("Any", target))
    _note(wanted.resource, template, rows=count, filters=said)
    return count


def _rows(wanted: Wanted, mark: Any, told: Callable[[int], None] | None) -> Iterator[Mapping[str, Any]]:
    """Every row of the list in its order as templates know it, numbered; memory does not grow with their number."""
    model: Any = wanted.resource.model
    column, key = getattr(model, sortable(wanted.resource)[wanted.sort.removeprefix("-")]), model.id
    order = (column.desc(), key.desc()) if wanted.sort.startswith("-") else (column, key)
    number = 0
    for records in session().scalars(narrowed(wanted).order_by(*order).execution_options(yield_per=PORTION)).partitions(PORTION):
        for row in variables.records_as_values(wanted.resource, records, mark):
            number += 1
            yield {**row, "number": number}
        if told:
            told(len(records))


def _count(wanted: Wanted) -> int:
    return session().scalar(select(func.count()).select_from(narrowed(wanted).with_only_columns(true()).subquery())) or 0


def _fits(template: DocumentTemplate) -> None:
    """Nobody reads a Word file of so many rows, and few programs open it."""
    if template.kind == Kind.DOCX:
        raise Invalid({"template": [_("A Word document takes at most %(most)s rows: narrow the list, or choose an Excel template.",
                                      most=f"{MOST_IN_WORD:,}")]})


def _note(resource: Resource, template: DocumentTemplate, *, record: Any = None, **said: Any) -> None:
    audit.note(resource.permission("export"), resource=resource.key, record=record, context={
        "format": template.kind.value, "template": template.reference, "template_version": template.edition, **said})


def _handed(template: DocumentTemplate, target: IO[bytes], name: str) -> Any:
    target.seek(0)
    return download(target.read(), name, template.kind.value)


def _choose(resource: Resource, scope: Scope, back: str, heading: str, wanted: Wanted | None = None) -> Any:
    pairs = list(wanted.parameters().items(multi=True)) if wanted else []
    found = [{"name": each.name, "kind": each.kind, "version": each.edition, "reference": each.reference,
              "url": f"{back}documents?{urlencode([*pairs, ('template', each.reference)])}"} for each in services.offered(resource, scope)]
    may = access.can(current.user, "documents.template.create").allowed
    return screen("documents/choose.html", block="content", resource=resource, templates=found, heading=heading, back_url=back,
                  list_url=list_url(resource), at_once=AT_ONCE, is_list=scope == Scope.LIST,
                  back_list=f"{back}?{urlencode(pairs)}".rstrip("?"),
                  new_url=f"/{current.organisation.slug}/documents/templates/new?subject={resource.key}&scope={scope.value}" if may else "")


__all__ = ["of_list", "of_record", "run", "write"]
