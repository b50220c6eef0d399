"""Scheduled exports leave: written as their owner sees the list now, mailed to those who may see it, stopped when that does not hold."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.core import access, audit, files, mail, people
from app.core.views import SavedView, ScheduledExport, planning, said_of
from app.kernel import clock, jobs
from app.kernel.current import Actor, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Forbidden, Invalid
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.features import exporting
from app.resources.querying import read

RESOURCE = "views.scheduled_export"
KEPT = timedelta(days=7)


def send(export_id: str) -> None:
    """The job: write the file, mail it, or stop the export and tell why."""
    with unit_of_work():
        export = session().get(ScheduledExport, (current.organisation.id, UUID(export_id)))
        if export is None or export.is_archived or planning.is_active(export) is not True:
            return
        try:
            owner, view, resource = _ready(export)
            with acting(current.organisation, owner, channel="schedule"):
                file, rows = _written(export, view, resource)
                _attach(export, file)
        except (Invalid, Forbidden) as error:
            planning.stop(export, _said(error))
            return
        _mail(export, resource, file, rows)
        export.sent_at = clock.now()
        jobs.current_job().finish(result={"rows": rows, "name": file.name})


def _ready(export: ScheduledExport) -> tuple[Actor, SavedView, Resource]:
    """Who it is made for, the view and its list. Raises `Forbidden`, saying why it cannot be sent any more."""
    owner = people.load_actor(current.organisation, export.owner_id)
    view, resource = planning.list_of(export)
    if owner is None:
        raise Forbidden(_("Whoever it was made for is not here any more."))
    if view is None or resource is None:
        raise Forbidden(_("This view is no longer there."))
    if not access.can(owner, resource.permission("export")):
        raise Forbidden(_("%(name)s may not export this list any more.", name=owner.name))
    seen = select(SavedView.id).where(SavedView.id == view.id, access.visible(registry.resource("views.saved_view"), owner))
    if session().scalar(seen) is None:
        raise Forbidden(_("%(name)s does not find this view any more.", name=owner.name))
    if view.updated_by != owner.id and export.confirmed_at is not None and view.updated_at > export.confirmed_at:
        raise Forbidden(_("Somebody else changed the view. Look at it, then resume the export."))
    return owner, view, resource


def _attach(export: ScheduledExport, file: files.StoredFile) -> None:
    """Hang the file on the export, for those whom a mail only links it; what is old, or the same, goes."""
    for each in files.files_of(export):
        if each.created_at < clock.now() - KEPT or each.sha256 == file.sha256:
            files.detach(export, each.id)
    files.attach(registry.resource(RESOURCE), export, file)


def _written(export: ScheduledExport, view: SavedView, resource: Resource) -> tuple[files.StoredFile, int]:
    args = MultiDict([*said_of(view.query), *([("export_reason", export.reason)] if export.reason else []),
                      *([("zip", "1")] if export.zipped else [])])
    if audit.is_confidential(resource) and not export.reason:
        raise Invalid({"reason": [_("These records are confidential: say why they are exported.")]})
    wanted, form = read(resource, args), str(export.form.value)
    if form == "pdf" and exporting.more_than(wanted, exporting.most_printed()):
        raise Invalid({"form": [_("A PDF takes at most %(count)s rows. Narrow the list, or take another format.",
                                  count=exporting.most_printed())]})
    return exporting.stored(wanted, form, args, packed=exporting.packs(args, exporting.total_of(wanted)))


def _mail(export: ScheduledExport, resource: Resource, file: files.StoredFile, rows: int) -> None:
    """To each of those it is for who may see the list now; what is too large for a mail is a link for them."""
    for reader in planning.recipients(export):
        if access.can(reader, resource.permission("view")):
            mail.send(reader.id, "export", _words(export, resource, rows), enclosed=[file], thread=export.reference,
                      key=f"export:{file.id}:{reader.id}")


def _words(export: ScheduledExport, resource: Resource, rows: int) -> Any:
    path = f"/{current.organisation.slug}/views/exports/{export.reference}/"
    return lambda: {"title": export.title, "plural": str(resource.plural), "rows": rows, "path": path}


def _said(error: Exception) -> str:
    if isinstance(error, Invalid):
        return " ".join(str(said) for each in error.errors.values() for said in each)
    return str(error)
