"""Notices to members, what is announced to many, and the days for which they had their digest."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Date, DateTime, ForeignKeyConstraint, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.fields import ChoiceType, check_of
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class Category(Choices):
    """What a notice is about: the house itself, the work, people who speak to one, or danger."""

    SYSTEM = "system", _l("System"), "neutral"
    BUSINESS = "business", _l("Work"), "info"
    SOCIAL = "social", _l("People"), "neutral"
    ALERT = "alert", _l("Alert"), "danger"


class Priority(Choices):
    """How much a notice matters. What is critical reaches everybody at once, whatever they wish."""

    LOW = "low", _l("Low"), "muted"
    NORMAL = "normal", _l("Normal"), "neutral"
    HIGH = "high", _l("High"), "warning"
    CRITICAL = "critical", _l("Critical"), "danger"

    @property
    def rank(self) -> int:
        """Its place: the higher matters more."""
        return {"low": 0, "normal": 1, "high": 2, "critical": 3}[self.value]


class Status(Choices):
    """Where an announcement stands."""

    SCHEDULED = "scheduled", _l("Scheduled"), "info"
    SENT = "sent", _l("Sent"), "success"
    CANCELLED = "cancelled", _l("Cancelled"), "muted"


class Notification(Tenanted):
    """One notice to one member. `path` is where it leads; `shown_at` is later than `created_at` when it was put off or held at night.

    `announcement_id` is what was announced to many, of which this is one reader's copy.
    """

    __tablename__ = "notification"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    kind: Mapped[str] = mapped_column(Text)
    category: Mapped[Category] = mapped_column(ChoiceType(Category), default=Category.BUSINESS, server_default="business")
    priority: Mapped[Priority] = mapped_column(ChoiceType(Priority), default=Priority.NORMAL)
    title: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text, default="")
    path: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    announcement_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    shown_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    read_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    @property
    def critical(self) -> bool:
        """Whether it stands above all others."""
        return self.priority == Priority.CRITICAL


class Announcement(Record):
    """What somebody tells a group, or everybody, now or at a moment of their choice; planned maintenance has a window."""

    __tablename__ = "announcement"
    __prefix__ = "ANN"
    __label__, __plural__, __slug__ = _l("Announcement"), _l("Announcements"), "announcements"

    title: Mapped[str] = fields.text(_l("Title"), max_length=200)
    body: Mapped[str | None] = fields.long_text(_l("Text"), max_length=2000)
    category: Mapped[Category] = fields.choice(_l("About"), Category, default=Category.SYSTEM)
    priority: Mapped[Priority] = fields.choice(_l("Priority"), Priority, default=Priority.NORMAL,
                                               help=_l("What is critical reaches everybody at once, even at night."))
    group_id: Mapped[UUID | None] = fields.reference("member_group", _l("Group"), required=False,
                                                  help=_l("Everybody, when no group is chosen."))
    send_at: Mapped[datetime | None] = fields.moment(_l("Send at"), required=False, extra={"samples": ("2096-01-05T08:00",)},
                                                     help=_l("At once, when this is empty."))
    begins_at: Mapped[datetime | None] = fields.moment(_l("Maintenance from"), required=False, extra={"samples": ("2096-01-05T20:00",)})
    ends_at: Mapped[datetime | None] = fields.moment(_l("Maintenance until"), required=False, extra={"samples": ("2096-01-05T22:00",)})
    status: Mapped[Status] = fields.choice(_l("State"), Status, default=Status.SCHEDULED)
    sent_at: Mapped[datetime | None] = fields.moment(_l("Sent"), required=False)
    reached: Mapped[int] = fields.integer(_l("People reached"), default=0)


class Mute(Tenanted):
    """A record of which a member wants to hear nothing more, unless it is critical."""

    __tablename__ = "notification_mute"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    record_id: Mapped[UUID] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class DigestDay(Tenanted):
    """A day, in a member's own zone, whose digest is owed or sent: there is one row, so there is one digest."""

    __tablename__ = "digest_day"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    day: Mapped[date] = mapped_column(Date)
    mail_id: Mapped[UUID | None] = mapped_column(Uuid)


_notices: Any = Notification.__table__
_notices.append_constraint(check_of("notification", "category", Category))
_notices.append_constraint(check_of("notification", "priority", Priority))
_notices.append_constraint(ForeignKeyConstraint(["organisation_id", "announcement_id"], ["announcement.organisation_id", "announcement.id"],
                                                name="fk_notification_announcement_id"))
_days, _mutes = DigestDay.__table__, Mute.__table__
Index("ix_notification_member_id", _notices.c.organisation_id, _notices.c.member_id, _notices.c.id)
Index("ix_notification_unread", _notices.c.organisation_id, _notices.c.member_id, _notices.c.shown_at,
      postgresql_where=text("read_at IS NULL"))
Index("ix_notification_announcement_id", _notices.c.organisation_id, _notices.c.announcement_id,
      postgresql_where=text("announcement_id IS NOT NULL"))
Index("uq_notification_key", _notices.c.organisation_id, _notices.c.member_id, _notices.c.key, unique=True,
      postgresql_where=text("key <> ''"))
Index("uq_notification_mute_member_id_record_id", _mutes.c.organisation_id, _mutes.c.member_id, _mutes.c.record_id, unique=True)
Index("uq_digest_day_member_id_day", _days.c.organisation_id, _days.c.member_id, _days.c.day, unique=True)
