"""Telling members: a notice in the bell, a live badge, and a mail for those who want it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import Select, func, select, update

from app.core import mail
from app.core.notifications import quiet
from app.core.notifications.models import Notification
from app.core.people import Member
from app.kernel import clock, stream
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.i18n import written_in

Words = str | Callable[[], str]
MAIL = "mail_notifications"  # a preference: important (unless said), all, off
ALERT = "security.alert"
IMPORTANT = ("approval", "decision", "hse.action_assigned", "security")


def notify(member_id: UUID, kind: str, title: Words, url: str = "", record: Any = None, *, text: Words = "", critical: bool = False,
           key: str = "") -> Notification | None:
    """Tell a member something, in their language: words that are functions are called in it. `url` is a path below the base address.

    With a `key` the member is told once. None when there is nobody to tell.
    """
    member = session().get(Member, (current.organisation.id, member_id)) if member_id != SYSTEM_ID else None
    if member is None or not member.active or member.is_archived or (key and _known(member_id, key)):
        return None
    with force_locale(written_in(member.language.value)):
        said, more = _said(title), _said(text)
    shown_at = clock.now() if critical else quiet.disturb_at(member)
    notice = Notification(member_id=member.id, kind=kind, title=said[:500], text=more[:2000], path=url, key=key, critical=critical,
                          record_id=getattr(record, "id", None), shown_at=shown_at)
    session().add(notice)
    session().flush()
    if wants_mail(member, kind, critical=critical):
        mail.send(member, "notification", {"notice": notice}, key=f"notice:{notice.id}", optional="notifications", due_at=shown_at,
                  thread=str(getattr(record, "record_reference", "") or getattr(record, "reference", "")))
    if member.identity_id and shown_at <= clock.now():
        stream.announce("badges", to=[member.identity_id])
    return notice


def wants_mail(member: Member, kind: str, *, critical: bool = False) -> bool:
    """Whether a notice of this kind is also sent by mail; a security alert always is."""
    if kind == ALERT:
        return True
    chosen = str(member.preferences.get(MAIL, "important"))
    return chosen == "all" or (chosen == "important" and (critical or kind in IMPORTANT))


def unread_count(member_id: UUID | None = None) -> int:
    """The number on the bell, of the member acting unless another is named."""
    return session().scalar(select(func.count()).select_from(Notification).where(
        Notification.member_id == (member_id or current.user.id), Notification.read_at.is_(None),
        Notification.shown_at <= clock.now())) or 0


def read_all(member_id: UUID, ids: list[UUID] | None = None) -> int:
    """Mark a member's notices read, or those of some ids; gives how many were unread."""
    unread = update(Notification).where(Notification.member_id == member_id, Notification.read_at.is_(None))
    if ids is not None:
        unread = unread.where(Notification.id.in_(ids))
    changed = session().execute(unread.values(read_at=clock.now()).execution_options(synchronize_session=False)).rowcount
    if changed and current.user.identity_id:
        stream.announce("badges", to=[current.user.identity_id])
    return int(changed)


def unread_about(member_id: UUID, kinds: Sequence[str]) -> Select[tuple[UUID | None]]:
    """A question for the ids of the records about which a member has unread notices of these kinds."""
    return select(Notification.record_id).where(
        Notification.member_id == member_id, Notification.kind.in_(kinds), Notification.read_at.is_(None),
        Notification.record_id.is_not(None), Notification.shown_at <= clock.now())


def read_about(member_id: UUID, record_id: UUID) -> int:
    """Mark a member's notices about one record read; gives how many were unread."""
    return read_all(member_id, list(session().scalars(select(Notification.id).where(
        Notification.member_id == member_id, Notification.record_id == record_id, Notification.read_at.is_(None)))))


def _known(member_id: UUID, key: str) -> bool:
    return session().scalar(select(Notification.id).where(Notification.member_id == member_id, Notification.key == key)) is not None


def _said(words: Words) -> str:
    return str(words() if callable(words) else words)
