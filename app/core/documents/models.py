"""Templates of documents, and every file that one ever had."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.kernel import fields
from app.kernel.kinds import Choices
from app.kernel.preferences import LANGUAGES
from app.kernel.records import Record
from app.kernel.registry import registry


class Kind(Choices):
    """What a template is, and what comes out of it."""

    DOCX = "docx", _l("Word (DOCX)"), "info"
    XLSX = "xlsx", _l("Excel (XLSX)"), "good"


class Scope(Choices):
    """What it is filled with."""

    RECORD = "record", _l("One record")
    LIST = "list", _l("A list")


def subjects() -> Mapping[str, Any]:
    """The kinds of records of which documents can be made: those whose lists can be taken along."""
    return {key: each.plural for key, each in sorted(registry.resources.items()) if each.exportable and each.menu}


def tongues() -> Mapping[str, Any]:
    """The languages in which values are written."""
    return LANGUAGES


class DocumentTemplate(Record):
    """A file with variables; `edition` counts its files, of which the newest is used."""

    __tablename__ = "document_template"
    __prefix__ = "DTP"
    __label__, __plural__, __slug__ = _l("Document template"), _l("Document templates"), "templates"
    __record_name__: ClassVar[str] = "template"

    name: Mapped[str] = fields.text(_l("Name"), max_length=120)
    subject: Mapped[str] = fields.listed(_l("Filled with"), subjects, extra={"samples": ("hse.incident", "procurement.supplier")})
    scope: Mapped[Scope] = fields.choice(_l("For"), Scope, default=Scope.RECORD, sortable=False)
    kind: Mapped[Kind] = fields.choice(_l("Kind of file"), Kind, default=Kind.DOCX)
    language: Mapped[str] = fields.listed(_l("Language"), tongues, extra={"samples": ("en", "fr", "de")},
                                          help=_l("Dates, amounts and choices are written in it."))
    active: Mapped[bool] = fields.boolean(_l("In use"), default=True)
    edition: Mapped[int] = fields.integer(_l("Version"), required=True, default=0)
    file_id: Mapped[UUID | None] = fields.attachment(_l("File"))


class DocumentVersion(Record):
    """One file that a template had; documents name it."""

    __tablename__ = "document_version"
    __prefix__ = "DTV"
    __label__, __plural__, __slug__ = _l("Version of a template"), _l("Versions of templates"), "versions"
    __record_name__: ClassVar[str] = "version"

    template_id: Mapped[UUID] = fields.reference("document_template", _l("Document template"))
    edition: Mapped[int] = fields.integer(_l("Version"), minimum=1)
    file_name: Mapped[str] = fields.text(_l("Name of the file"), max_length=160)
    note: Mapped[str | None] = fields.text(_l("What changed"), max_length=200, required=False, sortable=False)
    file_id: Mapped[UUID | None] = fields.attachment(_l("File"))


_version: Any = DocumentVersion.__table__
Index("uq_document_version_edition", _version.c.organisation_id, _version.c.template_id, _version.c.edition, unique=True)
