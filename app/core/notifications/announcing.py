"""Announcements: one telling of many, at once or at its moment, and who has read it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.core.notifications.models import Announcement, Notification, Status
from app.core.notifications.telling import News, tell
from app.core.people import GroupMember, Member
from app.kernel import clock, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.events import RecordEvent
from app.kernel.kinds import show_moment

ANNOUNCE, MOST = "notifications.announce", 500


@dataclass(frozen=True)
class Reader:
    """Somebody whom an announcement reached; `read` is when they read it, empty as long as they have not."""

    name: str
    read: str


def before_save(announcement: Announcement) -> None:
    """Refuse a window that ends before it begins, or half of one."""
    begins, ends = announcement.begins_at, announcement.ends_at
    if bool(begins) != bool(ends):
        raise Invalid({"ends_at" if begins else "begins_at": [_("A window needs a beginning and an end.")]})
    if begins and ends and ends <= begins:
        raise Invalid({"ends_at": [_("The end lies before the beginning.")]})


def is_open(announcement: Any) -> bool | str:
    """Whether it has not left yet."""
    return True if announcement.status == Status.SCHEDULED else _("This announcement has left already, or was cancelled.")


def unlocked(announcement: Any) -> bool | str:
    """Whether it may still be changed, or why it may not."""
    return True if announcement.status in (None, Status.SCHEDULED) else _("What was announced stays as it was.")


def owe(fact: RecordEvent) -> None:
    """Have each of these leave at its moment."""
    waiting = select(Announcement).where(Announcement.id.in_(fact.ids), Announcement.status == Status.SCHEDULED)
    for announcement in session().scalars(waiting):
        outbox.put("effect", ANNOUNCE, {"announcement": str(announcement.id)}, due_at=announcement.send_at or clock.now())


def deliver(payload: dict[str, Any], _row: outbox.OutboxRow) -> None:
    """Tell everybody whom it is for; nothing when it was cancelled, archived, put off or sent before."""
    found = session().get(Announcement, (current.organisation.id, UUID(payload["announcement"])), with_for_update=True)
    if found is None or found.is_archived or found.status != Status.SCHEDULED or (found.send_at and found.send_at > clock.now()):
        return
    told = tell(recipients(found), News("announcement", found.title, text=partial(words, found), key=f"announcement:{found.id}",
                                        category=found.category, priority=found.priority, announcement_id=found.id,
                                        path=f"/{current.organisation.slug}/notifications/"))
    found.status, found.sent_at, found.reached = Status.SENT, clock.now(), len(told)


def send_now(announcement: Announcement) -> Announcement:
    """Let it leave at once."""
    announcement.send_at = clock.now()
    outbox.put("effect", ANNOUNCE, {"announcement": str(announcement.id)})
    return announcement


def cancel(announcement: Announcement) -> Announcement:
    """Keep it from leaving."""
    announcement.status = Status.CANCELLED
    return announcement


def recipients(announcement: Announcement) -> Sequence[UUID]:
    """Whom it is for: the people of its group, or all."""
    active = (Member.active, Member.archived_at.is_(None))
    if announcement.group_id is None:
        return session().scalars(select(Member.id).where(*active)).all()
    inside = select(GroupMember.member_id).where(GroupMember.group_id == announcement.group_id)
    return session().scalars(select(Member.id).where(Member.id.in_(inside), *active)).all()


def words(announcement: Announcement) -> str:
    """Its text, with the window of the maintenance before it."""
    if announcement.begins_at is None or announcement.ends_at is None:
        return announcement.body or ""
    window = _("From %(begin)s until %(end)s.", begin=_moment(announcement.begins_at), end=_moment(announcement.ends_at))
    return f"{window} {announcement.body or ''}".strip()


def readers(announcement: Announcement) -> list[Reader]:
    """Whom it reached, those who have read it first, with when."""
    rows = session().execute(select(Member.name, Notification.read_at).join(
        Notification, (Notification.organisation_id == Member.organisation_id) & (Notification.member_id == Member.id)).where(
        Notification.announcement_id == announcement.id).order_by(Notification.read_at.asc().nulls_last(), Member.name_key).limit(MOST))
    return [Reader(name, show_moment(read_at) if read_at else "") for name, read_at in rows]


def _moment(moment: datetime) -> str:
    """In the organisation's zone, which it names: the same words for everybody."""
    zone = current.organisation.timezone
    return f"{format_datetime(moment.astimezone(ZoneInfo(zone)), 'short', locale=get_locale())} ({zone})"
