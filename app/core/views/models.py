"""What is kept of a way to look at a list, which of them opens first for a member, and what is sent of one by itself."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import ForeignKeyConstraint, Index, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.core import access
from app.core.calendar import Weekday
from app.kernel import fields
from app.kernel.current import acting_id, current
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted
from app.kernel.registry import registry

LONGEST = 60
WITH_ROLE, WITH_GROUP = "role", "group"


class Sharing(Choices):
    """Who finds a view over the list, beside whoever made it."""

    PRIVATE = "private", _l("Only me"), "muted"
    GROUP = WITH_GROUP, _l("Everybody in a group"), "info"
    ROLE = WITH_ROLE, _l("Everybody with a role"), "info"
    EVERYBODY = "everybody", _l("Everybody here"), "good"


class Form(Choices):
    """The format of a file."""

    XLSX = "xlsx", _l("Excel (XLSX)")
    CSV = "csv", "CSV"
    ODS = "ods", _l("OpenDocument (ODS)")
    PDF = "pdf", "PDF"
    JSON = "json", "JSON"
    JSONL = "jsonl", "JSON Lines"


class Rhythm(Choices):
    """How often an export is sent."""

    DAILY = "daily", _l("Every day")
    WEEKLY = "weekly", _l("Every week")
    MONTHLY = "monthly", _l("Every month")


class Standing(Choices):
    """Whether an export is still sent."""

    ACTIVE = "active", _l("Active"), "good"
    STOPPED = "stopped", _l("Stopped"), "danger"


def lists() -> Mapping[str, Any]:
    """The lists of which a view can be kept, with what they are called."""
    return {key: resource.plural for key, resource in sorted(registry.resources.items())}


def roles() -> Mapping[str, Any]:
    """The roles of the organisation, by key."""
    return dict(access.role_choices()) if current.has_organisation else {}


class SavedView(Record):
    """A way to look at a list: `query` is what stands in its address (filters, words, order, columns)."""

    __tablename__ = "saved_view"
    __prefix__ = "VIEW"
    __label__, __plural__, __slug__ = _l("Saved view"), _l("Saved views"), "saved"

    title: Mapped[str] = fields.text(_l("Name"), max_length=LONGEST)
    of_list: Mapped[str] = fields.listed(_l("List"), lists, extra={"samples": ("organisation.site",)})
    query: Mapped[str | None] = fields.long_text(
        _l("What it keeps"), max_length=4_000, extra={"samples": ("q=harbour", "q=yard&sort=name", "columns=name")}, widget="hidden",
        help=_l("Filters, words, order and columns, as in the address of the list."))
    sharing: Mapped[Sharing] = fields.choice(_l("Who sees it"), Sharing, default=Sharing.PRIVATE)
    role: Mapped[str | None] = fields.listed(
        _l("Role"), roles, required=False, shown_when=("sharing", frozenset({WITH_ROLE})), needed_when=frozenset({WITH_ROLE}),
        extra={"samples": ("member",)})
    group_id: Mapped[UUID | None] = fields.reference(
        "member_group", _l("Group"), required=False, shown_when=("sharing", frozenset({WITH_GROUP})),
        needed_when=frozenset({WITH_GROUP}))
    opens_first: Mapped[bool] = fields.boolean(
        _l("Opens first"), help=_l("For everybody who finds it and has chosen no view of this list for themselves."))

    @property
    def kept(self) -> list[tuple[str, str]]:
        """What it keeps, in words; nothing when it is the list as it is."""
        from app.core.views import reading

        resource = registry.resources.get(self.of_list)
        return reading.in_words(resource, self.query or "") if resource else []

    @property
    def address(self) -> str:
        """Where the list is looked at like this; empty when there is no such list any more."""
        resource = registry.resources.get(self.of_list)
        words = f"{self.query}&view={self.reference}" if self.query else f"view={self.reference}"
        return f"/{current.organisation.slug}/{resource.module}/{resource.slug}/?{words}" if resource else ""


class FirstView(Tenanted):
    """Which view of a list opens first for a member; without one, the list as it is."""

    __tablename__ = "saved_view_first"
    __table_args__ = (
        PrimaryKeyConstraint("organisation_id", "id", name="pk_saved_view_first"),
        ForeignKeyConstraint(["organisation_id", "member_id"], ["member.organisation_id", "member.id"],
                             name="fk_saved_view_first_member", ondelete="CASCADE"),
        ForeignKeyConstraint(["organisation_id", "view_id"], ["saved_view.organisation_id", "saved_view.id"],
                             name="fk_saved_view_first_view", ondelete="CASCADE"),
        Index("uq_saved_view_first", "organisation_id", "member_id", "of_list", unique=True),
    )

    member_id: Mapped[UUID] = mapped_column(Uuid)
    of_list: Mapped[str] = mapped_column(Text)
    view_id: Mapped[UUID | None] = mapped_column(Uuid)


class ScheduledExport(Record):
    """A saved view that is sent as a file at certain times. It is made as its `owner` sees it: whoever saved it last."""

    __tablename__ = "scheduled_export"
    __prefix__ = "XPT"
    __label__, __plural__, __slug__ = _l("Scheduled export"), _l("Scheduled exports"), "exports"

    title: Mapped[str] = fields.text(_l("Name"), max_length=120)
    view_id: Mapped[UUID] = fields.reference("saved_view", _l("Saved view"))
    form: Mapped[Form] = fields.choice(_l("Format"), Form, default=Form.XLSX)
    zipped: Mapped[bool] = fields.boolean(_l("As ZIP"))
    repeats: Mapped[Rhythm] = fields.choice(_l("How often"), Rhythm, default=Rhythm.WEEKLY)
    at: Mapped[str] = fields.text(_l("Time of day"), max_length=5, default="08:00", sortable=False, extra={"samples": ("08:00", "06:30")},
                                  help=_l("Such as 06:30, in the organisation's time zone."))
    weekday: Mapped[Weekday | None] = fields.choice(
        _l("Day of the week"), Weekday, required=False, shown_when=("repeats", frozenset({"weekly"})))
    day: Mapped[int | None] = fields.small_integer(
        _l("Day of the month"), required=False, minimum=1, maximum=31, shown_when=("repeats", frozenset({"monthly"})),
        extra={"samples": (1, 15)}, help=_l("In a shorter month its last day."))
    reason: Mapped[str | None] = fields.text(_l("Reason"), max_length=300, required=False, sortable=False,
                                             help=_l("Needed where the records are confidential."))
    status: Mapped[Standing] = fields.choice(_l("State"), Standing, default=Standing.ACTIVE)
    said: Mapped[str | None] = fields.text(_l("Remark"), max_length=500, required=False, sortable=False)
    sent_at: Mapped[datetime | None] = fields.moment(_l("Last sent"), required=False)
    owner_id: Mapped[UUID] = fields.reference("member", _l("As seen by"), groups=False, column={"default": acting_id})
    confirmed_at: Mapped[datetime | None] = fields.moment(_l("Confirmed"), required=False)
    schedule_id: Mapped[UUID | None] = mapped_column(Uuid, info={"audited": False})


class ExportRecipient(Tenanted):
    """To whom a scheduled export is sent: a member, or everybody in a group."""

    __tablename__ = "scheduled_export_recipient"
    __label__ = _l("Recipient")
    __audited__ = True

    export_id: Mapped[UUID] = fields.reference("scheduled_export", _l("Scheduled export"))
    recipient_id: Mapped[UUID] = fields.reference("member", _l("Recipient"), groups=True, extra={"sample": "@me"})


_sent: Any = ExportRecipient.__table__
Index("uq_scheduled_export_recipient", _sent.c.organisation_id, _sent.c.export_id, _sent.c.recipient_id, unique=True)
