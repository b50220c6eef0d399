"""Overdue work: whatever a resource declares as somebody's duty by a day, by the one question for all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, and_, func, select

from app.core import access
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.manifest import Duty, Resource
from app.kernel.registry import registry


@dataclass(frozen=True)
class Owed:
    """A member's overdue work: how much, the longest overdue of it as rows of the digest, and where the first kind of it is listed."""

    count: int
    rows: list[dict[str, Any]]
    path: str


def overdue(member: Actor, *, most: int = 5) -> Owed:
    """What a member should have done before today (of their own zone), of every resource that declares a duty."""
    today = clock.today(member.timezone)
    count, found, path = 0, [], ""
    for resource in registry:
        if resource.duty is None:
            continue
        late = _late(resource, resource.duty, member, today)
        model: Any = resource.model
        number = session().scalar(select(func.count()).select_from(model).where(late)) or 0
        if number:
            due = getattr(model, fields_of(model)[resource.duty.due].attribute)
            found += [(getattr(record, due.key), _row(resource, record, today - getattr(record, due.key)))
                      for record in session().scalars(select(model).where(late).order_by(due, model.id).limit(most))]
            path = path or f"/{current.organisation.slug}/{resource.module}/{resource.slug}/"
        count += number
    return Owed(count, [row for _due, row in sorted(found, key=lambda each: each[0])[:most]], path)


def _late(resource: Resource, duty: Duty, member: Actor, today: date) -> ColumnElement[bool]:
    model, fields = resource.model, fields_of(resource.model)

    def column(name: str) -> Any:
        return getattr(model, fields[name].attribute)

    return and_(column(duty.owner).in_(member.own_ids), column(duty.due) < today, model.archived_at.is_(None),  # type: ignore[attr-defined]
                *(column(name).in_(values) for name, values in duty.open.items()), access.visible(resource, member))


def _row(resource: Resource, record: Any, late: timedelta) -> dict[str, Any]:
    title = fields_of(resource.model).get(resource.title)
    amount = format_timedelta(late, granularity="day", threshold=1.5, format="narrow", locale=get_locale())
    return {"title": (title.display(record) if title else "") or record.reference, "reference": record.reference,
            "subtitle": str(resource.label), "amount": "", "risk": "", "due": _("%(time)s late", time=amount), "late": True, "step": "",
            "verb": "", "reason": "", "path": f"/{current.organisation.slug}/{resource.module}/{resource.slug}/{record.reference}/"}
