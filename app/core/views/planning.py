"""Exports that come by themselves: what one may say, to whom it goes, when it stops, and the schedule beneath it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, audit, notifications, people, scheduler
from app.core.views.models import ExportRecipient, Rhythm, SavedView, ScheduledExport, Standing
from app.kernel import clock, jobs
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.events import RecordEvent
from app.kernel.manifest import Resource
from app.kernel.registry import registry

TASK, SEND = "views.export", "app.resources.features.sending:send"


def complete(export: ScheduledExport) -> None:
    """Before it is saved: whoever saves it answers for it, must be able to export that list, and everybody it goes to must see the list."""
    export.owner_id, export.confirmed_at = current.user.id, clock.now()
    export.status, export.said = Standing.ACTIVE, None
    view, resource = list_of(export)
    if view is None or resource is None:
        raise Invalid({"view": [_("This view is no longer there.")]})
    access.require(current.user, resource.permission("export"))
    if audit.is_confidential(resource) and not export.reason:
        raise Invalid({"reason": [_("These records are confidential: say why they are exported.")]})
    if strangers := [each.name for each in recipients(export) if not access.can(each, resource.permission("view"))]:
        raise Invalid({"lines": [_("Not everybody may see this list: %(names)s.", names=", ".join(strangers[:5]))]})
    weekly, monthly = export.repeats == Rhythm.WEEKLY, export.repeats == Rhythm.MONTHLY
    with session().no_autoflush:
        planned = scheduler.plan(_schedule(export), title=export.title, task=TASK, inputs=str(export.id), at=export.at,
                                 repeats=scheduler.Repeats((export.repeats or Rhythm.WEEKLY).value),
                                 weekday=export.weekday if weekly else None, day=export.day if monthly else None)
    export.at, export.schedule_id = planned.at or export.at, planned.id


def list_of(export: ScheduledExport) -> tuple[SavedView | None, Resource | None]:
    """The view that is sent, and the list of which it is one; None for what is gone."""
    view = session().get(SavedView, (export.organisation_id or current.organisation.id, export.view_id))
    if view is None or view.is_archived:
        return None, None
    return view, registry.resources.get(view.of_list)


def recipients(export: ScheduledExport) -> Sequence[Actor]:
    """The members to whom it goes, once each, able to act; its owner where nobody is named."""
    named = set(session().scalars(select(ExportRecipient.recipient_id).where(ExportRecipient.export_id == export.id)))
    inside = select(people.GroupMember.member_id).join(people.Group, people.Group.id == people.GroupMember.group_id).where(
        people.Group.id.in_(named), people.Group.archived_at.is_(None))
    ids = {*named, *session().scalars(inside)} if named else {export.owner_id}
    return people.load_actors(ids)


def stop(export: ScheduledExport, why: str) -> None:
    """Send it no more, and tell its owner; those who answer for the organisation when the owner is not here any more."""
    export.status, export.said = Standing.STOPPED, why[:500]
    scheduler.rest(_schedule(export))
    here = people.load_actor(current.organisation, export.owner_id) is not None
    told = [export.owner_id] if here else [each.id for each in people.with_role("owner")]
    url = f"/{current.organisation.slug}/views/exports/{export.reference}/"
    for member_id in told:
        notifications.notify(member_id, "export", partial(_stopped, export.title), url, record=export, text=why)


def _stopped(title: str) -> str:
    return _("The scheduled export “%(title)s” was stopped", title=title)


def check(schedule: scheduler.Schedule) -> None:
    """Whether a schedule made by hand names an export that its maker sees."""
    found = _meant(schedule.inputs or "")
    resource = registry.resources["views.scheduled_export"]
    seen = found and session().scalar(select(ScheduledExport.id).where(
        ScheduledExport.id == found, access.visible(resource, current.user)))
    if not seen:
        raise Invalid({"inputs": [_("Make a scheduled export; it brings its schedule along.")]})


def begin(schedule: scheduler.Schedule, key: str) -> jobs.Job:
    """One time of a schedule."""
    return jobs.enqueue(SEND, schedule.inputs, title=schedule.title, key=key, quiet=True)


def send_now(export: ScheduledExport) -> ScheduledExport:
    """Send it once, now; its times stay as they are."""
    jobs.enqueue(SEND, str(export.id), title=export.title, key=f"export:{export.id}", quiet=True)
    return export


def resume(export: ScheduledExport) -> ScheduledExport:
    """Send it again from now on, as whoever says so sees it."""
    complete(export)
    return export


def is_active(export: Any) -> bool | str:
    """Whether it is still sent."""
    return True if export.status == Standing.ACTIVE else _("This export was stopped.")


def is_stopped(export: Any) -> bool | str:
    """Whether it is sent no more."""
    return True if export.status == Standing.STOPPED else _("This export is not stopped.")


def put_away(fact: RecordEvent) -> None:
    """The schedules of what was archived rest."""
    for export in session().scalars(select(ScheduledExport).where(ScheduledExport.id.in_(fact.ids))):
        scheduler.rest(_schedule(export))


def _schedule(export: ScheduledExport) -> scheduler.Schedule | None:
    return session().get(scheduler.Schedule, (current.organisation.id, export.schedule_id)) if export.schedule_id else None


def _meant(raw: str) -> UUID | None:
    try:
        return UUID(raw)
    except ValueError:
        return None
