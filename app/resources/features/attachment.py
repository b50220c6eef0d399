"""Files on a record: hung on and taken off from its page; what was agreed with its files stays as it was."""

from __future__ import annotations

from typing import Any, cast
from uuid import UUID

from flask import flash, redirect, request
from flask_babel import gettext as _

from app.core import access, approvals, files
from app.kernel.current import current
from app.kernel.errors import Refusal
from app.kernel.limits import UPLOAD, limited
from app.kernel.manifest import Resource
from app.resources import stages
from app.resources.features.detail import fetch
from app.resources.urls import record_url


@limited(UPLOAD)
def attach(resource: Resource, reference: str) -> Any:
    """Hang the file of the form on the record; a refusal is said on the record's page, and nothing is kept."""
    record = _changeable(resource, reference)
    source = request.files.get("file")
    if source is None or not source.filename:
        flash(_("Choose a file."), "late")
        return redirect(record_url(resource, record), 303)
    try:
        file = files.store(cast("Any", source.stream), source.filename)
        files.attach(resource, record, file)
    except Refusal as error:
        if error.status not in (409, 413, 422):
            raise
        flash(str(error), "late")
        return redirect(record_url(resource, record), 303)
    approvals.recheck(resource, [record])
    flash(_("“%(name)s” is attached to %(reference)s now.", name=file.name, reference=record.reference), "good")
    return redirect(record_url(resource, record), 303)


def detach(resource: Resource, reference: str, file_id: UUID) -> Any:
    """Take a file off the record."""
    record = _changeable(resource, reference)
    files.detach(record, file_id)
    approvals.recheck(resource, [record])
    flash(_("The file was taken off."), "good")
    return redirect(record_url(resource, record), 303)


def _changeable(resource: Resource, reference: str) -> Any:
    record = fetch(resource, reference)
    access.require(current.user, resource.permission("edit"), record)
    stages.require_open(resource, record)
    return record
