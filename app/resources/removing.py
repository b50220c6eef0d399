"""Removing records for good: only what an import made and nothing has followed from, when that import is taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, approvals, files, search, tags
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import Outcome
from app.kernel.errors import Conflict, NotFound, Refusal
from app.kernel.manifest import Resource
from app.resources import stages


def remove(resource: Resource, records: Sequence[Any]) -> list[Outcome]:
    """Delete records with their lines, links and places in the index; each leaves its audit row. Raises `Conflict` past an effect."""
    if current.channel != "import" or current.change_set_id is None:
        raise NotFound(_("Records are archived, never deleted."))
    access.require(current.user, resource.permission("import"))
    if missing := next((r for r in records if isinstance(r, Refusal)), None):
        raise missing
    ids = [record.id for record in records]
    ran = approvals.withdraw_records(resource, ids, _("The import was taken back."))
    if ran:
        raise Conflict(_("The effect of %(count)d of them has run.", count=len(ran)))
    _drop(files.RecordFile, files.RecordFile.record_id.in_(ids))
    tags.take_off_all(ids)
    if resource.lines:
        model: Any = resource.lines.model
        _drop(model, getattr(model, f"{resource.lines.parent}_id").in_(ids))
    session().flush()
    search.remove(ids)
    for record in records:
        session().delete(record)
    stages.flush(resource)
    return [Outcome("done", record=record) for record in records]


def _drop(model: Any, which: Any) -> None:
    for row in session().scalars(select(model).where(model.organisation_id == current.organisation.id, which)):
        session().delete(row)
