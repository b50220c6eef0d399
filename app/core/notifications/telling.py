"""Telling members: a notice in the bell, a live badge, and a mail for those who want it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import force_locale
from sqlalchemy import Select, func, select, update

from app.core import mail
from app.core.notifications import outside, quiet, wishes
from app.core.notifications.models import Category, Notification, Priority
from app.core.notifications.wishes import ALERT, BELL, BY_MAIL, BY_PUSH, BY_SMS
from app.core.people import Member
from app.kernel import clock, outbox, stream
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.i18n import written_in
from app.kernel.records import new_id

Words = str | Callable[[], str]
SHOW = "notifications.show"


@dataclass(frozen=True)
class News:
    """What is told: words that are functions are called in each reader's language; `path` is below the base address.

    `ways` are those by which it goes at most, as a rule says them; without, as notices of its kind go. `own(member)` gives the
    organisation's own words, if it has any.
    """

    kind: str
    title: Words
    path: str = ""
    text: Words = ""
    record: Any = None
    key: str = ""
    category: Category = Category.BUSINESS
    priority: Priority = Priority.NORMAL
    announcement_id: UUID | None = None
    ways: frozenset[str] | None = None
    own: Callable[[Member], mail.Words | None] | None = None

    def goes(self, way: str) -> bool:
        """Whether this way is open to it."""
        return self.ways is None or way in self.ways


def notify(member_id: UUID, kind: str, title: Words, url: str = "", record: Any = None, *, text: Words = "", critical: bool = False,
           key: str = "", category: Category | None = None, priority: Priority | None = None,
           at: datetime | None = None) -> Notification | None:
    """Tell a member something, in their language: words that are functions are called in it. `url` is a path below the base address.

    With a `key` the member is told once; `at` puts it off. None when there is nobody to tell, or nobody who wants to know.
    """
    news = News(kind, title, url, text, record, key, category or wishes.category_of(kind),
                Priority.CRITICAL if critical else priority or Priority.NORMAL)
    return next(iter(tell([member_id], news, at=at)), None)


def tell(member_ids: Iterable[UUID], news: News, *, at: datetime | None = None) -> list[Notification]:
    """Tell each of these members the same, in their own language, at the first moment from `at` on that suits them."""
    readers = _readers(member_ids, news)
    words = [_own(member, news) for member in readers]
    written = [_notice(member, news, said, at or clock.now()) for member, said in zip(readers, words, strict=True)]
    if news.goes(BELL):
        session().add_all(written)
        session().flush()
        _ring(readers, written)
    with session().no_autoflush:  # all mails go to the database together
        for member, notice, said in zip(readers, written, words, strict=True):
            _carry(member, notice, said, news)
    return written


def show(_payload: dict[str, Any], row: outbox.OutboxRow) -> None:
    """The moment of what was put off has come: the badges of those who read it move."""
    stream.announce("badges", to=[UUID(each) for each in row.payload["to"]])


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


def _readers(member_ids: Iterable[UUID], news: News) -> list[Member]:
    """Those of them who are here, were not told yet, and want to know."""
    wanted = [each for each in dict.fromkeys(member_ids) if each != SYSTEM_ID]
    if len(wanted) == 1:
        one = session().get(Member, (current.organisation.id, wanted[0]))
        found = [one] if one is not None else []
    else:
        found = list(session().scalars(select(Member).where(Member.id.in_(wanted)).order_by(Member.id)))
    told = set(session().scalars(select(Notification.member_id).where(
        Notification.key == news.key, Notification.member_id.in_(wanted)))) if news.key and found else set()
    deaf = wishes.muted(getattr(news.record, "id", None), wanted) if found and news.priority != Priority.CRITICAL else set()
    return [member for member in found if member.active and not member.is_archived and member.id not in told | deaf
            and wishes.wants(member, news.category, news.priority)]


def _own(member: Member, news: News) -> mail.Words | None:
    if news.own is None:
        return None
    with force_locale(written_in(member.language.value)):
        return news.own(member)


def _notice(member: Member, news: News, words: mail.Words | None, at: datetime) -> Notification:
    with force_locale(written_in(member.language.value)):
        said, more = (words.subject, "\n\n".join(words.paragraphs)) if words else (_said(news.title), _said(news.text))
    shown_at = at if news.priority == Priority.CRITICAL else quiet.disturb_at(member, at)
    return Notification(id=new_id(), member_id=member.id, kind=news.kind, category=news.category, priority=news.priority, title=said[:500],
                        text=more[:2000], path=news.path, key=news.key, record_id=getattr(news.record, "id", None), shown_at=shown_at,
                        announcement_id=news.announcement_id)


def _carry(member: Member, notice: Notification, words: mail.Words | None, news: News) -> None:
    """Send it by the further ways that are open to it, and that the reader left open."""
    if news.goes(BY_MAIL) and wishes.wants_mail(member, news.kind, news.category, news.priority, asked=news.ways is not None):
        _send(member, notice, words, news)
    if news.goes(BY_PUSH) and wishes.wants_push(member, news.category, news.priority):
        outside.owe_push(member, notice, key=news.key)
    if news.goes(BY_SMS) and wishes.wants_sms(member, news.category, news.priority):
        outside.owe_sms(member, notice, key=news.key)


def _send(member: Member, notice: Notification, words: mail.Words | None, news: News) -> None:
    template, context = ("own", {"words": words}) if words else ("notification", {"notice": notice})
    key = f"notice:{notice.id}" if news.goes(BELL) else f"notice:{member.id}:{news.key}"
    mail.send(member, template, context, key=key if news.key else "",
              due_at=notice.shown_at, thread=str(getattr(news.record, "record_reference", "") or getattr(news.record, "reference", "")),
              priority=mail.Priority.URGENT if notice.critical else mail.Priority.NORMAL,
              about=news.record, optional="" if notice.critical else "notifications")  # nobody ends by a click what guards them


def _ring(readers: list[Member], written: list[Notification]) -> None:
    """Move the badges of those who see it now, and owe the others that theirs move at its moment."""
    now, soon, later = clock.now(), [], {}  # type: ignore[var-annotated]
    for member, notice in zip(readers, written, strict=True):
        if member.identity_id and notice.shown_at <= now:
            soon.append(member.identity_id)
        elif member.identity_id:
            later.setdefault(notice.shown_at, []).append(str(member.identity_id))
    if soon:
        stream.announce("badges", to=soon)
    for moment, identities in later.items():
        outbox.put("effect", SHOW, {"to": identities}, due_at=moment)


def _said(words: Words) -> str:
    return str(words() if callable(words) else words)


__all__ = ["ALERT", "News", "Words", "notify", "read_about", "read_all", "show", "tell", "unread_about", "unread_count"]
