"""Who may read a file: whoever stored it, and whoever may see a record that it hangs on or stands in."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.core import access
from app.core.files.models import EXPORT, MADE, WHOLE, RecordFile, StoredFile
from app.core.files.temporary import KEEP
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry


def readable(file: StoredFile) -> bool:
    """Whether the one who is acting may read this file."""
    if file.purpose in MADE and current.user.impersonator is not None:
        return False  # made for the person whose pages are shown, not for who looks at them
    if file.purpose == EXPORT and file.created_at < clock.now() - KEEP:
        return False  # what was exported is no longer what is there
    if file.purpose == WHOLE:
        return access.is_owner(current.user)  # at the moment of reading, whoever asked for it
    return file.created_by == current.user.id or file.purpose == "logo" or _hangs_in_sight(file) or _stands_in_sight(file)


def _hangs_in_sight(file: StoredFile) -> bool:
    links = session().execute(select(RecordFile.resource, RecordFile.record_id).where(
        RecordFile.organisation_id == current.organisation.id, RecordFile.file_id == file.id).limit(50)).all()
    return any(_seen(registry.resources.get(key), "id", record_id) for key, record_id in links)


def _stands_in_sight(file: StoredFile) -> bool:
    for resource in registry:
        for field in fields_of(resource.model).values():
            if field.kind == "file" and _seen(resource, field.attribute, file.id):
                return True
    return False


def _picture(resource: Resource) -> str:
    field = fields_of(resource.model).get(resource.picture)
    return field.attribute if field is not None else ""


def _seen(resource: Resource | None, attribute: str, value: Any) -> bool:
    if resource is None:
        return False
    model: Any = resource.model
    sight = access.choosable if attribute == _picture(resource) else access.visible  # a face goes with the name
    query = select(model.id).where(model.organisation_id == current.organisation.id, getattr(model, attribute) == value,
                                   sight(resource, current.user))
    return session().scalar(query.limit(1)) is not None
