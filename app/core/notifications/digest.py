"""The digest: each day, or each Monday, at the reader's hour and zone: what waits, what is late, what was decided, what was told, and the
head of the audit chain.

A row per member and day makes it one digest. Its words are written when it leaves, so what was settled meanwhile is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from babel.dates import format_date
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import func, select, text
from sqlalchemy.dialects.postgresql import insert

from app.core import access, approvals, audit, mail, people
from app.core.notifications import duties
from app.core.notifications.models import DigestDay, Notification
from app.core.notifications.telling import unread_count
from app.core.people import Member
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.kinds import show_moment
from app.kernel.records import new_id

LOOKS_BACK, WINDOW, MOST_NEWS = timedelta(days=1), 6, 20
WANTED, RHYTHM, DAILY, WEEKLY = "mail_digest", "digest_every", "day", "week"
RHYTHMS = (DAILY, WEEKLY)
WITNESS = "audit.entry.view"
_DUE = text("""
    SELECT m.id, CAST(:now AT TIME ZONE m.timezone AS date) AS day FROM member m
    WHERE m.organisation_id = :organisation AND m.status = 'active' AND m.archived_at IS NULL
      AND coalesce(m.preferences->>'mail_digest', '') <> 'off'
      AND (coalesce(m.preferences->>'digest_every', '') <> 'week'
           OR extract(isodow FROM CAST(:now AS timestamptz) AT TIME ZONE m.timezone) = 1)
      AND extract(hour FROM CAST(:now AS timestamptz) AT TIME ZONE m.timezone) >= m.digest_hour
      AND extract(hour FROM CAST(:now AS timestamptz) AT TIME ZONE m.timezone) < m.digest_hour + :window
      AND NOT EXISTS (SELECT FROM digest_day d WHERE d.organisation_id = m.organisation_id AND d.member_id = m.id
                      AND d.day = CAST(CAST(:now AS timestamptz) AT TIME ZONE m.timezone AS date))
    ORDER BY m.id LIMIT 200""")


def queue_due() -> int:
    """Owe the digest to everybody whose hour has come today; gives to how many."""
    found = session().execute(_DUE, {"now": clock.now(), "organisation": current.organisation.id, "window": WINDOW}).all()
    return sum(queue(row.id, row.day) is not None for row in found)


def queue(member_id: UUID, day: date | None = None) -> mail.MailMessage | None:
    """Owe a member the digest of a day (of their own zone; today's, unless said); None when they have had it."""
    member = session().get_one(Member, (current.organisation.id, member_id))
    day = day or clock.today(member.timezone)
    row = {"organisation_id": current.organisation.id, "id": new_id(), "member_id": member_id, "day": day}
    taken = session().execute(insert(DigestDay).values(**row).on_conflict_do_nothing().returning(DigestDay.id)).scalar()
    if taken is None:
        return None
    return mail.send(member, "digest", key=f"digest:{member_id}:{day}", optional="digest", thread="digest", writer=contents,
                     priority=mail.Priority.BULK)


def send_now(member_id: UUID, *, key: str = "") -> mail.MailMessage:
    """Owe a member a digest of this moment, besides that of the day; with a `key` that was used, the mail of then."""
    return mail.send(member_id, "digest", key=f"digest:{member_id}:now:{key or new_id()}", optional="digest", thread="digest",
                     writer=anyway)


def contents(member_id: UUID) -> Mapping[str, Any] | None:
    """What the digest says at this moment; None when there is nothing and the reader is no witness of the audit chain."""
    actor = people.load_actor(current.organisation, member_id)
    said = anyway(member_id)
    if actor is None or said is None:
        return None
    told = said["weekly"] and said["news"].count
    return said if told or any(section.count for section in said["sections"]) or access.can(actor, WITNESS) else None


def anyway(member_id: UUID) -> Mapping[str, Any] | None:
    """The same for whoever asks for one: it comes although it may say that nothing waits. None for who can act here no more."""
    actor = people.load_actor(current.organisation, member_id)
    if actor is None:
        return None
    weekly = actor.preferences.get(RHYTHM) == WEEKLY
    since = clock.now() - (LOOKS_BACK * 7 if weekly else LOOKS_BACK)
    summary, owed = approvals.summary_for(member_id, since), duties.overdue(actor)
    number, head = audit.chain_head()
    root = f"/{current.organisation.slug}"
    return {"day": format_date(clock.today(current.user.timezone), "full", locale=get_locale()), "summary": summary,
            "sections": _sections(summary, owed, weekly=weekly), "weekly": weekly, "news": _news(member_id, since),
            "news_path": f"{root}/notifications/", "unread": unread_count(member_id), "chain_number": number, "chain_head": head,
            "as_of": show_moment(clock.now()), "inbox": f"{root}/inbox/"}


def was_sent(member_id: UUID, day: date) -> bool:
    """Whether a member's digest of a day is owed or sent."""
    return session().scalar(select(DigestDay.id).where(DigestDay.member_id == member_id, DigestDay.day == day)) is not None


class Part(NamedTuple):
    """A part of the digest; `last` is what its rows show last (due, step, verb), `path` where all of them are."""

    heading: str
    section: Any
    last: str
    path: str

    @property
    def count(self) -> int:
        """How many rows there are in all."""
        return int(self.section.count)


class News(NamedTuple):
    """What was told since the last digest: how much, and the newest of it."""

    count: int
    rows: list[dict[str, str]]


def _news(member_id: UUID, since: datetime) -> News:
    told = (Notification.member_id == member_id, Notification.shown_at > since, Notification.shown_at <= clock.now())
    count = session().scalar(select(func.count()).select_from(Notification).where(*told)) or 0
    found = session().scalars(select(Notification).where(*told).order_by(Notification.id.desc()).limit(MOST_NEWS)) if count else ()
    return News(count, [{"title": each.title, "path": each.path, "when": show_moment(each.shown_at)} for each in found])


def _sections(summary: approvals.Summary, owed: duties.Owed, *, weekly: bool) -> list[Part]:
    inbox = f"/{current.organisation.slug}/inbox/"
    parts = [Part(_("Overdue"), summary.overdue, "due", inbox), Part(_("Overdue work"), owed, "due", owed.path),
             Part(_("Waiting for you"), summary.waiting, "due", inbox),
             Part(_("Decided this week") if weekly else _("Decided since yesterday"), summary.decided, "verb", f"{inbox}requested"),
             Part(_("You asked for"), summary.requested, "step", f"{inbox}requested")]
    return [part for part in parts if part.section is not owed or part.count]
