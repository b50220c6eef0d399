"""Notices to members, and the days for which they had their digest."""

from __future__ import annotations

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, DateTime, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.records import Tenanted


class Notification(Tenanted):
    """One notice to one member. `path` is where it leads; `shown_at` is later than `created_at` when quiet hours held it."""

    __tablename__ = "notification"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    critical: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class DigestDay(Tenanted):
    """A day, in a member's own zone, whose digest is owed or sent: there is one row, so there is one digest."""

    __tablename__ = "digest_day"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    day: Mapped[date] = mapped_column(Date)
    mail_id: Mapped[UUID | None] = mapped_column(Uuid)


_notices, _days = Notification.__table__, DigestDay.__table__
Index("ix_notification_member_id", _notices.c.organisation_id, _notices.c.member_id, _notices.c.id)
Index("ix_notification_unread", _notices.c.organisation_id, _notices.c.member_id, _notices.c.shown_at,
      postgresql_where=text("read_at IS NULL"))
Index("uq_notification_key", _notices.c.organisation_id, _notices.c.member_id, _notices.c.key, unique=True,
      postgresql_where=text("key <> ''"))
Index("uq_digest_day_member_id_day", _days.c.organisation_id, _days.c.member_id, _days.c.day, unique=True)
