"""Exports for other systems: the records of a list as a file; what is long is written by a job, whose address is told at once."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Response
from flask_babel import gettext as _

from app.core import access, audit, files
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.limits import EXPORT, limited
from app.kernel.manifest import Resource
from app.resources.features import exporting
from app.resources.features.api import answer
from app.resources.querying import read

PATIENCE = "2"  # seconds after which it is worth asking again


@limited(EXPORT)
def api_export(resource: Resource) -> Response:
    """The records that the filters leave, as a file: 200 with it, or 202 with the address at which it will be."""
    access.require(current.user, resource.permission("export"))
    args = exporting.asked()
    form, wanted = exporting.format_of(args), read(resource, args)
    if audit.is_confidential(resource) and not exporting.reason_of(args):
        raise Invalid({"export_reason": [_("These records are confidential: say why they are exported.")]})
    if form == "pdf" and exporting.more_than(wanted, exporting.most_printed()):
        raise Invalid({"format": [_("A PDF takes at most %(count)s rows. Narrow the list, or take another format.",
                                    count=exporting.most_printed())]})
    if exporting.is_long(wanted):
        return _under_way(resource, exporting.begin(resource, args))
    return exporting.at_once(wanted, form, args)


def api_exported(resource: Resource, job_id: UUID) -> Any:
    """A long export: 202 while it is being written, then the file, for whoever asked for it."""
    access.require(current.user, resource.permission("export"))
    job = jobs.find(job_id)
    asked = (current.user.id, jobs.name_of(exporting.run), resource.key)
    if job is None or (job.requested_by, job.function, (job.arguments or [""])[0]) != asked:
        raise NotFound(_("%(what)s was not found.", what=_("Export")))
    if not job.is_over:
        return _under_way(resource, job)
    file = files.find(job.file_id) if job.state == jobs.DONE and job.file_id else None
    if file is None:
        raise Conflict(_("This export did not end well; ask for it again."))
    if not files.readable(file):
        raise NotFound(_("The file is no longer there."))
    audit.note("files.stored_file.view", resource="files.stored_file", record_id=file.id, record_reference=file.name,
               context={"sha256": file.sha256})
    return files.hand_out(file)


def _under_way(resource: Resource, job: jobs.Job) -> Response:
    place = f"/api/v1/{current.organisation.slug}/{resource.module}/{resource.slug}/export/{job.id}"
    said = {"id": str(job.id), "state": job.state, "done": job.progress, "total": job.total, "url": place}
    return answer(said, 202, **{"Location": place, "Retry-After": PATIENCE})
