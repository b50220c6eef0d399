"""Taking a template's files, saying what they may use, and filling them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, BinaryIO
from uuid import UUID

from flask_babel import force_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import inspect, select

from app.core import access, files
from app.core.documents import filling
from app.core.documents.models import DocumentTemplate, DocumentVersion, Kind, Scope, subjects
from app.core.documents.tags import Items
from app.core.templating import variables
from app.kernel.current import acting, current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.fields import Form, attachment, text
from app.kernel.i18n import written_in
from app.kernel.manifest import Resource
from app.kernel.preferences import LANGUAGES
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from app.kernel.registry import registry

LARGEST = 10 * 1024 * 1024
Values = dict[str, Any]


class Upload(Form):
    """Asked when a template gets a file."""

    file_id = attachment(
        _l("File"), required=True, extra={"endings": ("docx", "xlsx"), "limit": LARGEST},
        help=_l("Word (DOCX) or Excel (XLSX), without macros. Everything in braces is checked, and all mistakes are named."))
    note = text(_l("What changed"), max_length=200, required=False)


def before_save(template: DocumentTemplate) -> None:
    """Refuse what means nothing, and a change with which the file could no longer be filled. Raises `Invalid`."""
    if template.subject not in subjects():
        raise Invalid({"subject": [_("Choose one of the list.")]})
    if template.language not in LANGUAGES:
        raise Invalid({"language": [_("Choose one of the list.")]})
    access.require(current.user, registry.resource(template.subject).permission("view"))
    changed = {name for name in ("subject", "scope", "kind") if inspect(template).attrs[name].history.has_changes()}
    if template.file_id is None or not changed:
        return
    if "kind" in changed:
        raise Invalid({"kind": [_("The template has a file of another kind already: make a new template.")]})
    try:
        with files.open_file(files.find(template.file_id)) as stream:
            filling.check(stream, template.kind.value, example(template))
    except Invalid as error:
        raise Invalid({min(changed): [said for several in error.errors.values() for said in several]}) from error


def upload(template: DocumentTemplate, *, file_id: UUID, note: str | None = None) -> DocumentTemplate:
    """Take a file as the template's next version, once everything in it is right. Raises `Invalid` with all that is wrong."""
    file = files.find(file_id)
    if file.size > LARGEST:
        raise Invalid({"file": [_("At most %(most)d MB are possible here.", most=LARGEST // 1024 // 1024)]})
    if file.content_type != filling.TYPES[template.kind.value]:
        raise Invalid({"file": [_("This template is %(kind)s: choose such a file.", kind=template.kind.label)]})
    with files.open_file(file) as stream:
        filling.check(_seekable(stream), template.kind.value, example(template))
    template.edition += 1
    template.file_id = file.id
    version = DocumentVersion(template_id=template.id, edition=template.edition, file_name=file.name, note=note or None, file_id=file.id)
    assign([version])
    refresh_keys(version)
    session().add(version)
    session().flush()
    return template


def _seekable(stream: BinaryIO) -> BinaryIO:
    import io

    return io.BytesIO(stream.read())


def can_be_filled(template: DocumentTemplate) -> bool:
    """Whether it has a file and is in use."""
    return template.active and not template.is_archived and template.file_id is not None


def offered(resource: Resource, scope: Scope, kind: Kind | None = None) -> Sequence[DocumentTemplate]:
    """The templates that can be filled with a record, or with a list, of this resource."""
    wanted = select(DocumentTemplate).where(
        DocumentTemplate.organisation_id == current.organisation.id, DocumentTemplate.subject == resource.key,
        DocumentTemplate.scope == scope, DocumentTemplate.active, DocumentTemplate.archived_at.is_(None),
        DocumentTemplate.file_id.is_not(None)).order_by(DocumentTemplate.name_key, DocumentTemplate.id).limit(200)
    return session().scalars(wanted.where(DocumentTemplate.kind == kind) if kind else wanted).all()


def found(resource: Resource, scope: Scope, reference: str) -> DocumentTemplate:
    """The template of that reference. Raises `NotFound`, `Conflict` when it cannot be used."""
    template = session().scalar(select(DocumentTemplate).where(
        DocumentTemplate.organisation_id == current.organisation.id, DocumentTemplate.reference == reference,
        DocumentTemplate.subject == resource.key, DocumentTemplate.scope == scope))
    if template is None:
        raise NotFound(_("There is no such template for this."))
    if not can_be_filled(template):
        raise Conflict(_("The template %(name)s is not in use.", name=template.name))
    return template


def example(template: DocumentTemplate) -> Values:
    """Every name that the template may use, with a value."""
    return example_of(registry.resource(template.subject), template.scope)


def example_of(resource: Resource, scope: Scope) -> Values:
    """Every name that a template for this may use, with a value."""
    record = variables.record_example(resource)
    known: Values = {**variables.example(), "template": {"name": _("Name"), "version": 1, "reference": "DTP-2026-00001"}}
    if scope == Scope.LIST:
        return {**known, "items": [record], "count": 1, "filters": ""}
    return {**known, "record": record, resource.name: record, "items": record.get("lines", [])}


@contextmanager
def speaking(template: DocumentTemplate) -> Iterator[None]:
    """Within the block, values are written in the template's language, for whoever acts."""
    said = written_in(template.language)
    with acting(current.organisation, replace(current.user, language=said)), force_locale(said):
        yield


def mark_of(template: DocumentTemplate) -> variables.Mark | None:
    """Cells have kinds, paragraphs have not."""
    return variables.typed if template.kind == Kind.XLSX else None


def fill_record(template: DocumentTemplate, record: Any, target: BinaryIO) -> None:
    """Write the document of one record. Raises `Invalid` when the template no longer fits."""
    resource = registry.resource(template.subject)
    with speaking(template):
        said = variables.record_as_values(resource, record, mark_of(template))
        lines = said.get("lines", [])
        values = {**_known(template), "record": said, resource.name: said, "items": lines}
        _fill(template, values, lambda: iter(lines), target)


def fill_list(template: DocumentTemplate, items: Items, count: int, filters: str, target: BinaryIO) -> None:
    """Write the document of a list whose rows `items()` gives as templates know them. Raises `Invalid`."""
    with speaking(template):
        _fill(template, {**_known(template), "count": count, "filters": filters}, items, target)


def _known(template: DocumentTemplate) -> Values:
    return {**variables.standard(current.user, mark_of(template)),
            "template": {"name": variables.clean(template.name), "version": template.edition, "reference": template.reference}}


def _fill(template: DocumentTemplate, values: Mapping[str, Any], items: Items, target: BinaryIO) -> None:
    if template.file_id is None:
        raise Conflict(_("The template %(name)s is not in use.", name=template.name))
    with files.open_file(files.find(template.file_id)) as stream:
        content = stream.read()
    filling.fill(content, template.kind.value, values, items, target, made_from(template))


def made_from(template: DocumentTemplate) -> str:
    """Which template and version a document says that it was made from."""
    return _("%(name)s (%(reference)s), version %(version)d", name=variables.clean(template.name), reference=template.reference,
             version=template.edition)
