"""Absences: what may be kept, who may see and enter them, who is away now, and how it is said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, or_, select

from app.core import access
from app.core.calendar.absence import Absence, AbsenceKind, AbsenceSource
from app.core.organisations import Department
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.errors import Forbidden, Invalid
from app.kernel.manifest import Resource
from app.kernel.zones import zone_faults

MANAGE = "calendar.absence.manage"
KEY = "calendar.absence"
_said: ContextVar[tuple[AbsenceSource, str] | None] = ContextVar("absence_said_by", default=None)


@contextmanager
def said_by(source: AbsenceSource, uid: str) -> Iterator[None]:
    """Within the block, what is kept comes from there, and is known there by this mark."""
    token = _said.set((source, uid))
    try:
        yield
    finally:
        _said.reset(token)


def defaults() -> Mapping[str, Any]:
    """A new absence is the reader's own."""
    return {"member": str(current.user.id), "timezone": current.user.timezone}


def keep(absence: Absence) -> None:
    """Complete an absence before it is saved. Raises Invalid for what makes no sense, Forbidden for those who are not one's people."""
    if said := _said.get():
        absence.source, absence.uid = said
    with session().no_autoflush:
        _require_theirs(absence.member_id)
        absence.timezone = absence.timezone or _zone_of(absence.member_id)
        errors = _wrong(absence)
    if errors:
        raise Invalid(errors)


def _wrong(absence: Absence) -> dict[str, list[str]]:
    errors: dict[str, list[str]] = {}
    if said := zone_faults(absence.timezone):
        errors["timezone"] = said
    if absence.ends_at <= absence.starts_at:
        errors["ends_at"] = [_("The end lies before the beginning.")]
    if absence.cover_id is not None and absence.cover_id == absence.member_id:
        errors["cover"] = [_("Choose somebody else: nobody stands in for themselves.")]
    elif absence.cover_id is not None and session().scalar(select(Member.id).where(Member.id == absence.cover_id, Member.active)) is None:
        errors["cover"] = [_("This person is not active here.")]
    return errors


def _require_theirs(member_id: UUID) -> None:
    """Refuse to enter when somebody is away who is neither oneself nor among one's people."""
    if member_id == current.user.id or current.user.is_system or access.can(current.user, MANAGE):
        return
    if session().scalar(select(Member.id).where(Member.id == member_id, managed_by(current.user.id))) is None:
        raise Forbidden(_("You can enter when you, or people whom you manage, are away."))


def _zone_of(member_id: UUID) -> str:
    return session().scalar(select(Member.timezone).where(Member.id == member_id)) or current.organisation.timezone


def managed_by(manager_id: UUID) -> ColumnElement[bool]:
    """The members whose manager somebody is, by name or as the manager of their department or of one above it."""
    led = select(Department.id).where(Department.manager_id == manager_id, Department.archived_at.is_(None)).cte("led", recursive=True)
    led = led.union(select(Department.id).join(led, Department.parent_id == led.c.id))
    return or_(Member.manager_id == manager_id, Member.department_id.in_(select(led.c.id)))


def seen_by_managers(resource: Resource, user: Actor) -> ColumnElement[bool] | None:
    """A manager sees when their people are away, whatever their role says."""
    return Absence.member_id.in_(select(Member.id).where(managed_by(user.id))) if resource.key == KEY else None


def now_with_cover() -> list[Absence]:
    """The absences of this moment in which somebody covers, the one that began first first."""
    return list(session().scalars(select(Absence).where(_now(), Absence.cover_id.is_not(None)).order_by(Absence.starts_at, Absence.id)))


def over() -> Any:
    """The ids of absences that do not hold (any more), as a query."""
    now = clock.now()
    return select(Absence.id).where(or_(Absence.ends_at <= now, Absence.starts_at > now, Absence.archived_at.is_not(None),
                                        Absence.cover_id.is_(None)))


def away(members: Iterable[UUID]) -> dict[UUID, Absence]:
    """Of these members those who are away now, with the absence that lasts longest."""
    wanted = set(members)
    if not wanted:
        return {}
    found = session().scalars(select(Absence).where(_now(), Absence.member_id.in_(wanted)).order_by(Absence.ends_at, Absence.id))
    return {absence.member_id: absence for absence in found}


def _now() -> ColumnElement[bool]:
    now = clock.now()
    return (Absence.starts_at <= now) & (Absence.ends_at > now) & Absence.archived_at.is_(None)


def until(absence: Absence) -> str:
    """“offshore until 12 Jan”: the last day, in the zone of the absence; why somebody is sick or otherwise away is not said."""
    day = (absence.ends_at - timedelta(seconds=1)).astimezone(ZoneInfo(absence.timezone))
    local = format_date(day, "d MMM" if day.year == clock.now().year else "d MMM y", locale=get_locale())
    said = {AbsenceKind.OFFSHORE: _("offshore until %(day)s", day=local), AbsenceKind.LEAVE: _("on leave until %(day)s", day=local),
            AbsenceKind.TRAVEL: _("travelling until %(day)s", day=local), AbsenceKind.TRAINING: _("in training until %(day)s", day=local)}
    return said.get(absence.kind, _("away until %(day)s", day=local))


def marked(member_id: UUID, uids: Iterable[str]) -> dict[str, Absence]:
    """A member's absences by their mark in a calendar."""
    found = session().scalars(select(Absence).where(Absence.member_id == member_id, Absence.uid.in_(list(uids)),
                                                    Absence.archived_at.is_(None)))
    return {absence.uid: absence for absence in found if absence.uid}

