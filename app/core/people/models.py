"""A member: a person in one organisation, with the place, the manager and the role that they have there."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Boolean, ForeignKeyConstraint, Index, Text, Uuid, true
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import fields
from app.kernel.current import current
from app.kernel.kinds import Choices
from app.kernel.preferences import unspoken
from app.kernel.records import Record, Tenanted


class Status(Choices):
    """Whether somebody may come in. Pending: asked, and has not said yes; inactive: away; suspended: kept out until it is settled;
    archived: gone, kept for the history."""

    ACTIVE = "active", _l("Active"), "good"
    PENDING = "pending", _l("Asked to join"), "info"
    INACTIVE = "inactive", _l("Inactive"), "neutral"
    SUSPENDED = "suspended", _l("Suspended"), "danger"
    ARCHIVED = "archived", _l("Archived"), "muted"


class Kind(Choices):
    """Whose people a member is: our own, an agency's that works for us, or somebody from outside, who sees only what was granted."""

    OWN = "own", _l("Our own")
    CLIENT = "client", _l("Client")
    AUDITOR = "auditor", _l("Auditor")
    GUEST = "guest", _l("Guest")
    AGENCY = "agency", _l("Agency")


class Language(Choices):
    """The languages that the product speaks, each in its own words."""

    EN = "en", "English"
    FR = "fr", "Français"
    ES = "es", "Español"
    PT = "pt", "Português"
    DE = "de", "Deutsch"
    IT = "it", "Italiano"


def _language() -> Language:
    return Language(current.organisation.language)


def _timezone() -> str:
    return current.organisation.timezone


class Member(Record):
    """A person in this organisation. Records, decisions and the audit trail refer to the member, never to the identity."""

    __tablename__ = "member"
    __prefix__ = "MEM"
    __label__, __plural__, __slug__ = _l("Member"), _l("Members"), "members"

    name: Mapped[str] = fields.text(_l("Name"), max_length=120, personal=True)
    email: Mapped[str] = fields.email(_l("E-mail"), required=True)
    phone: Mapped[str | None] = fields.text(_l("Phone"), max_length=40, required=False, sortable=False, personal=True)
    photo_id: Mapped[UUID | None] = fields.attachment(_l("Photo"))
    job_title: Mapped[str | None] = fields.text(_l("Job title"), max_length=120, required=False)
    department_id: Mapped[UUID | None] = fields.reference("department", _l("Department"), required=False)
    site_id: Mapped[UUID | None] = fields.reference("site", _l("Site"), required=False)
    manager_id: Mapped[UUID | None] = fields.reference("member", _l("Manager"), groups=False, required=False)
    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))
    language: Mapped[Language] = fields.choice(_l("Language"), Language, required=False, extra={"kept_back": unspoken},
                                             column={"default": _language, "nullable": False})
    timezone: Mapped[str] = fields.text(_l("Time zone"), max_length=60, required=False, sortable=False,
                                        column={"default": _timezone, "nullable": False})
    digest_hour: Mapped[int] = fields.small_integer(_l("Hour of the daily digest"), default=7, minimum=0, maximum=23)
    kind: Mapped[Kind] = fields.choice(_l("Belongs to"), Kind, default=Kind.OWN, extra={"kept_back": ("agency",)})
    status: Mapped[Status] = fields.choice(_l("Status"), Status, default=Status.ACTIVE)
    accepted: Mapped[bool] = mapped_column(Boolean, default=True, server_default=true(), info={"label": _l("Said yes")})
    agency_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Agency's organisation")})
    agency: Mapped[str] = mapped_column(Text, default="", server_default="", info={"label": _l("Agency")})
    identity_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Sign-in")})
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, info={"label": _l("Preferences")})

    @hybrid_property
    def active(self) -> bool:
        """Whether the member may come in."""
        return self.status == Status.ACTIVE

    @property
    def is_external(self) -> bool:
        """Whether the member is somebody from outside."""
        return self.kind != Kind.OWN


class MemberRole(Tenanted):
    """A further role of a member, besides the main one that stands on the member."""

    __tablename__ = "member_role"
    __label__ = _l("Further role")
    __audited__ = True

    member_id: Mapped[UUID] = fields.reference("member", _l("Member"), groups=False)
    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))
    site_id: Mapped[UUID | None] = fields.reference("site", _l("Only at the site"), required=False)
    starts_at: Mapped[datetime | None] = fields.moment(_l("From"), required=False, extra={"samples": ("2026-01-05T08:00",)})
    ends_at: Mapped[datetime | None] = fields.moment(_l("Until"), required=False, extra={"samples": ("2096-01-05T08:00",)})


_member = Member.__table__
_member.append_constraint(ForeignKeyConstraint(["identity_id"], ["identity.id"], name="fk_member_identity_id"))
Index("uq_member_email", _member.c.organisation_id, _member.c.email, unique=True)
Index("uq_member_identity", _member.c.organisation_id, _member.c.identity_id, unique=True)
Index("ix_member_identity_id", _member.c.identity_id)
_member.info["gate"] = ("organisation_id", "id", "identity_id", "name", "email", "language", "timezone", "department_id", "site_id",
                        "role_id", "preferences", "status", "accepted", "archived_at", "agency_id", "agency")
_further = MemberRole.__table__
Index("uq_member_role_member_id_role_id", _further.c.organisation_id, _further.c.member_id, _further.c.role_id, _further.c.site_id,
      unique=True, postgresql_nulls_not_distinct=True)
_further.info["gate"] = ("organisation_id", "member_id", "role_id", "site_id", "starts_at", "ends_at")
