"""What a template may use, to be copied from; and files to begin with."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, send_file
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access
from app.core.documents import services, starters
from app.core.documents.filling import TYPES
from app.core.documents.models import DocumentTemplate, Kind, Scope
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import NotFound
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen

screens = Blueprint("document_variables", __name__)
VIEW = "documents.template.view"


@screens.get("/<org>/documents/templates/<reference>/variables")
def variables(reference: str) -> Response:
    """Every name that the template may use, with what it stands for."""
    template = _found(reference)
    resource = registry.resource(template.subject)
    base = f"/{current.organisation.slug}/documents/templates/{template.reference}/"
    return screen("documents/variables.html", document=template, resource=resource, groups=list(_groups(template, resource)),
                  back_url=base, list_url=f"/{current.organisation.slug}/documents/templates/", starter_url=f"{base}starter",
                  loops=_loops(template, resource), filter_sample="{{ user.name|upper }}")


@screens.get("/<org>/documents/templates/<reference>/starter")
def starter(reference: str) -> Response:
    """A file with every field in its place, to be made one's own."""
    template = _found(reference)
    resource, many = registry.resource(template.subject), template.scope == Scope.LIST
    with services.speaking(template):
        made = (starters.word_starter if template.kind == Kind.DOCX else starters.sheet_starter)(resource, many=many)
    kind = template.kind.value
    name = f"{resource.slug}-template.{kind}"
    return send_file(io.BytesIO(made), mimetype=TYPES[kind], as_attachment=True, download_name=name, etag=False)


for _view in (variables, starter):
    _view.needs = VIEW  # type: ignore[attr-defined]


def _found(reference: str) -> DocumentTemplate:
    access.require(current.user, VIEW)
    template = session().scalar(select(DocumentTemplate).where(
        DocumentTemplate.organisation_id == current.organisation.id, DocumentTemplate.reference == reference))
    if template is None:
        raise NotFound
    return template


def _groups(template: DocumentTemplate, resource: Resource) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    known = services.example(template)
    shared = {name: known[name] for name in ("user", "now", "today", "app", "company", "template", "count", "filters") if name in known}
    yield _("Everywhere"), list(_named("", shared))
    if template.scope == Scope.LIST:
        yield _("In a loop over items"), list(_named("item", known["items"][0]))
        return
    record = known["record"]
    yield str(resource.label), list(_named("record", {key: held for key, held in record.items() if not isinstance(held, list)}))
    for name, rows in record.items():
        if isinstance(rows, list):
            yield _("In a loop over record.%(name)s", name=name), list(_named("item", rows[0]))


def _named(path: str, held: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in held.items():
        full = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from _named(full, value)
        else:
            yield full, str(value)


def _loops(template: DocumentTemplate, resource: Resource) -> list[str]:
    if template.scope == Scope.LIST:
        return ["items"]
    return [f"record.{name}" for name, held in services.example_of(resource, Scope.RECORD)["record"].items() if isinstance(held, list)]
