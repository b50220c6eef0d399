"""The organisation, its addresses, its sites and its departments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import CheckConstraint, DateTime, FetchedValue, Identity, Index, Integer, SmallInteger, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.db import Base
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted, new_id


class Organisation(Base):
    """The root of isolation: every business row belongs to one. Its own row is walled by its id."""

    __tablename__ = "organisation"
    __label__ = _l("Organisation")
    __audited__: ClassVar[bool] = True
    __record_name__: ClassVar[str] = "organisation"
    __table_args__: Any = (
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$'", name="ck_organisation_slug"),
        {"info": {
            "tenanted": True, "column": "id", "relay": ("id", "timezone", "slug"),
            "gate_sets": ("erase_after",),
            "gate": ("id", "slug", "name", "currency", "timezone", "language", "languages", "number", "week_start", "colour", "colour_dark",
                     "logo_id", "created_at", "suspended_at", "erase_after"),
        }},
    )

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(Text, info={"label": _l("Address")})
    name: Mapped[str] = mapped_column(Text, info={"label": _l("Name")})
    currency: Mapped[str] = mapped_column(Text, default="EUR", info={"label": _l("Currency")})
    timezone: Mapped[str] = mapped_column(Text, default="UTC", info={"label": _l("Time zone")})
    language: Mapped[str] = mapped_column(Text, default="en", info={"label": _l("Language")})
    languages: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}", info={"label": _l("Languages")})
    week_start: Mapped[int] = mapped_column(SmallInteger, default=1, server_default="1", info={"label": _l("First day of the week")})
    colour: Mapped[str] = mapped_column(Text, default="", server_default="", info={"label": _l("Colour on light pages")})
    colour_dark: Mapped[str] = mapped_column(Text, default="", server_default="", info={"label": _l("Colour on dark pages")})
    logo_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Logo")})
    mail_footer: Mapped[str] = mapped_column(Text, default="", server_default="", info={"label": _l("Foot of mails")})
    number: Mapped[int] = mapped_column(Integer, Identity(always=True), info={"label": _l("Number")})
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    suspended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Suspended")})
    # Only the gate writes this moment, by the clock of the database: whoever holds the application cannot make it come sooner.
    erase_after: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), server_default=FetchedValue(),
                                                         info={"label": _l("To be deleted after")})
    erase_reason: Mapped[str] = mapped_column(Text, default="", server_default="", info={"label": _l("Why it is deleted")})
    erase_asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Deletion asked for")})
    erase_asked_by: Mapped[str] = mapped_column(Text, default="", server_default="", info={"label": _l("Who asked for the deletion")})

    @property
    def organisation_id(self) -> UUID:
        """An organisation belongs to itself."""
        return self.id


class OrganisationSlug(Tenanted):
    """Every address that an organisation has or had: the old ones redirect, and nobody else can take them."""

    __tablename__ = "organisation_slug"

    slug: Mapped[str] = mapped_column(Text)
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


# An address is public by nature and one for the whole installation, so this index alone does not lead with the organisation.
Index("uq_organisation_slug_slug", OrganisationSlug.__table__.c.slug, unique=True)  # type: ignore[attr-defined]
OrganisationSlug.__table__.info["gate"] = ("organisation_id", "slug")


class SiteKind(Choices):
    """What a site is."""

    PLATFORM = "platform", _l("Platform")
    RIG = "rig", _l("Rig")
    BASE = "base", _l("Base")
    OFFICE = "office", _l("Office")
    VESSEL = "vessel", _l("Vessel")


class Site(Record):
    """A place where people work."""

    __tablename__ = "site"
    __prefix__ = "SITE"
    __label__, __plural__, __slug__ = _l("Site"), _l("Sites"), "sites"

    name: Mapped[str] = fields.text(_l("Name"), max_length=120)
    kind: Mapped[SiteKind] = fields.choice(_l("Kind"), SiteKind, default=SiteKind.OFFICE)
    location: Mapped[str | None] = fields.text(_l("Location"), max_length=200, required=False)


class Department(Record):
    """A part of the organisation, in a tree; its manager is asked first."""

    __tablename__ = "department"
    __prefix__ = "DEP"
    __label__, __plural__, __slug__ = _l("Department"), _l("Departments"), "departments"

    name: Mapped[str] = fields.text(_l("Name"), max_length=120)
    parent_id: Mapped[UUID | None] = fields.reference("department", _l("Part of"), required=False)
    manager_id: Mapped[UUID | None] = fields.reference("member", _l("Manager"), groups=False, required=False, extra={"late": True})


def _unique_name(model: Any) -> None:
    table = model.__table__
    Index(f"uq_{table.name}_name", table.c.organisation_id, table.c.name_key, unique=True, postgresql_where=table.c.archived_at.is_(None))


_unique_name(Site)
_unique_name(Department)
Department.__table__.info["gate"] = ("organisation_id", "id", "parent_id", "manager_id", "archived_at")
