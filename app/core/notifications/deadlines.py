"""Deadlines that come near: whoever owes something by tomorrow is told once, of every resource that declares a duty."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, people
from app.core.notifications.telling import News, tell
from app.core.workflow import Directory
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Duty, Resource
from app.kernel.registry import registry

AHEAD, MOST = timedelta(days=1), 1000


def warn() -> int:
    """Tell of all that is due by tomorrow, of the organisation's own zone; gives how many notices that made."""
    return sum(_warn(resource, resource.duty) for resource in registry if resource.duty is not None)


def _warn(resource: Resource, duty: Duty) -> int:
    model: Any = resource.model
    fields, today = fields_of(model), clock.today(current.organisation.timezone)
    due = getattr(model, fields[duty.due].attribute)
    still = (getattr(model, fields[name].attribute).in_(values) for name, values in duty.open.items())
    near = select(model).where(due >= today, due <= today + AHEAD, model.archived_at.is_(None), *still).order_by(due, model.id).limit(MOST)
    directory, told = Directory(), 0
    for record in session().scalars(near).all():
        owners = people.load_actors(directory.meant(fields[duty.owner].value(record)))
        readers = [each.id for each in owners if _sees(each, resource, record)]
        news = News("deadline", partial(_said, resource, record, fields[duty.due]), _path(resource, record), record=record,
                    key=f"deadline:{record.id}:{fields[duty.due].value(record)}")
        told += len(tell(readers, news))
    return told


def _sees(actor: Actor, resource: Resource, record: Any) -> bool:
    model: Any = resource.model
    return session().scalar(select(model.id).where(model.id == record.id, access.visible(resource, actor))) is not None


def _said(resource: Resource, record: Any, due: Field) -> str:
    title = fields_of(resource.model).get(resource.title)
    return _("Due %(day)s: %(title)s", day=due.display(record), title=(title.display(record) if title else "") or record.reference)


def _path(resource: Resource, record: Any) -> str:
    return f"/{current.organisation.slug}/{resource.module}/{resource.slug}/{record.reference}/"
