"""What a member wishes to be told, how loudly, and by which way: asked before anything is written."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app.core.notifications.models import Category, Mute, Priority
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.records import new_id

MAIL = "mail_notifications"  # a preference: important (unless said), all, off
OFF = "notices_off"  # a preference: ["social:bell", "business:mail"]
LEAST = "notices_from"  # a preference: the least priority
ALERT = "security.alert"
IMPORTANT = ("approval", "deadline", "decision", "hse.action_assigned", "hse.incident_reported", "security")
BELL, BY_MAIL, BY_PUSH, BY_SMS = "bell", "mail", "push", "sms"
WAYS = (BELL, BY_MAIL, BY_PUSH, BY_SMS)
LEVELS = (Priority.LOW, Priority.NORMAL, Priority.HIGH)
_CATEGORIES = {"job": Category.SYSTEM, "schedule": Category.SYSTEM, "security": Category.SYSTEM, "lost_factor": Category.SYSTEM,
               "address_disputed": Category.SYSTEM, ALERT: Category.ALERT}


def category_of(kind: str) -> Category:
    """What a notice of a kind is about, unless whoever tells it says so."""
    return _CATEGORIES.get(kind, Category.BUSINESS)


def wants(member: Member, category: Category, priority: Priority) -> bool:
    """Whether a notice reaches the member at all: what is critical does."""
    if priority == Priority.CRITICAL:
        return True
    return priority.rank >= least(member).rank and takes(member, category, BELL)


def wants_push(member: Member, category: Category, priority: Priority) -> bool:
    """Whether it also shows on the devices that the member named: what is critical does."""
    return priority == Priority.CRITICAL or takes(member, category, BY_PUSH)


def wants_sms(member: Member, category: Category, priority: Priority) -> bool:
    """Whether it also goes to the member's phone: emergencies only."""
    return is_emergency(category, priority) and takes(member, category, BY_SMS)


def is_emergency(category: Category, priority: Priority) -> bool:
    """What may cost money and wake people: a critical alert."""
    return category == Category.ALERT and priority == Priority.CRITICAL


def possible(category: Category) -> tuple[str, ...]:
    """The ways by which what is about that can reach anybody."""
    return tuple(way for way in WAYS if way != BY_SMS or category == Category.ALERT)


def wants_mail(member: Member, kind: str, category: Category, priority: Priority, *, asked: bool = False) -> bool:
    """Whether it is also sent by mail; a security alert always is. `asked` says that a rule wants it so: it is sent unless the member wants
    none.
    """
    if kind == ALERT:
        return True
    chosen = str(member.preferences.get(MAIL, "important"))
    if chosen == "off" or not takes(member, category, BY_MAIL):
        return False
    return asked or chosen == "all" or priority.rank >= Priority.HIGH.rank or kind in IMPORTANT


def takes(member: Member, category: Category, way: str) -> bool:
    """Whether the member left this way open for what is about that."""
    return f"{category.value}:{way}" not in _off(member)


def least(member: Member) -> Priority:
    """The least priority that the member wants to hear of."""
    said = member.preferences.get(LEAST, Priority.LOW.value)
    return next((level for level in LEVELS if level.value == said), Priority.LOW)


def muted(record_id: UUID | None, members: Iterable[UUID]) -> set[UUID]:
    """Those of the members who want to hear nothing more of a record."""
    if record_id is None:
        return set()
    return set(session().scalars(select(Mute.member_id).where(Mute.record_id == record_id, Mute.member_id.in_(list(members)))))


def mute(member_id: UUID, record_id: UUID) -> None:
    """Say nothing more of a record to a member."""
    row = {"organisation_id": current.organisation.id, "id": new_id(), "member_id": member_id, "record_id": record_id,
           "created_at": clock.now()}
    session().execute(insert(Mute).values(**row).on_conflict_do_nothing())


def unmute(member_id: UUID, record_id: UUID) -> None:
    """Tell of it again."""
    session().execute(delete(Mute).where(Mute.member_id == member_id, Mute.record_id == record_id))


def _off(member: Member) -> Any:
    return member.preferences.get(OFF) or ()
