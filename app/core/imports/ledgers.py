"""What reports can be about: files that came in, with the rows that were taken and refused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Numeric, cast, func, select

from app.core import access
from app.core.imports.models import ImportRun, State
from app.kernel.fields import Field
from app.kernel.ledgers import rows
from app.kernel.manifest import Ledger
from app.kernel.registry import registry


def _kinds() -> Mapping[str, Any]:
    return {key: each.plural for key, each in registry.resources.items() if each.importable}


IMPORT = rows(
    "import_came",
    select(ImportRun.organisation_id, ImportRun.id, ImportRun.reference, ImportRun.resource, ImportRun.filename, ImportRun.state,
           ImportRun.created_by.label("importer_id"), ImportRun.created_at, ImportRun.finished_at, ImportRun.row_count,
           ImportRun.created_count, ImportRun.updated_count, ImportRun.same_count, ImportRun.refused_count,
           cast(func.extract("epoch", ImportRun.finished_at - ImportRun.created_at), Numeric(24, 1)).label("seconds")),
    reference=Field("text", _l("Reference"), sortable=False),
    resource=Field("text", _l("Kind"), sortable=False, listed=_kinds), filename=Field("text", _l("File"), sortable=False),
    state=Field("choice", _l("State"), choices=State), importer_id=Field("reference", _l("Imported by"), reference="member", groups=False),
    created_at=Field("datetime", _l("Begun")), finished_at=Field("datetime", _l("Finished"), required=False),
    row_count=Field("integer", _l("Rows read")), created_count=Field("integer", _l("Created")),
    updated_count=Field("integer", _l("Updated")), same_count=Field("integer", _l("Unchanged")),
    refused_count=Field("integer", _l("Refused")),
    seconds=Field("decimal", _l("Took, in seconds"), scale=1, sortable=False, required=False),
)


def _seen(user: Any) -> ColumnElement[bool]:
    """Imports of one's own, and those into lists into which one may import."""
    read: Any = IMPORT
    into = [key for key, each in registry.resources.items() if each.importable and access.can(user, each.permission("import"))]
    return (read.importer_id == user.id) | read.resource.in_(into)


LEDGERS = (
    Ledger(IMPORT, key="came", label=_l("Import"), plural=_l("Imports"), needs="reports.report.view", takes="reports.report.run",
           columns=("reference", "resource", "filename", "state", "importer", "created_at", "row_count", "refused_count"),
           filters=("resource", "state", "importer", "created_at", "finished_at"), sort="-created_at", visible_to=_seen),
)
