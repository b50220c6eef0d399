"""Roles as data: what each grants, and how far it reaches."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import fields
from app.kernel.kinds import Choices, fold
from app.kernel.records import Record, Tenanted


class Scope(Choices):
    """How far a grant reaches."""

    OWN = "own", _l("Own records")
    DEPARTMENT = "department", _l("Own department and those below it")
    SITE = "site", _l("Own site")
    COMPANY = "company", _l("The whole organisation")
    ALL = "all", _l("Everything here (as far as the whole organisation)")


def plain_key(label: str) -> str:
    """`finance_approver` of “Finance approver”."""
    folded = re.sub(r"(?<!\d)0+(?=\d)", "", fold(label))
    return re.sub(r"[^a-z0-9]+", "_", folded).strip("_")[:60]


class Role(Record):
    """A named set of grants; the system's own roles cannot be changed or archived."""

    __tablename__ = "role"
    __prefix__ = "ROLE"
    __label__, __plural__, __slug__ = _l("Role"), _l("Roles"), "roles"

    label: Mapped[str] = fields.text(_l("Name"), max_length=80)
    key: Mapped[str] = fields.text(_l("Key"), max_length=60, required=False, sortable=False, column={"nullable": False},
                                   extra={"samples": tuple(f"sample_{n}" for n in range(997))},
                                   help=_l("Used in approvals and by the API; made from the name when left empty."))
    description: Mapped[str | None] = fields.long_text(_l("What it is for"), max_length=500)
    parent_id: Mapped[UUID | None] = fields.reference("role", _l("Inherits from"), required=False,
                                                      help=_l("It gives all that this role gives, and what it is given itself."))
    system: Mapped[bool] = fields.boolean(_l("Built in"), default=False)


def _pattern() -> Mapped[str]:
    return fields.text(_l("Permission"), max_length=120, sortable=False, words={"*.*.*": _l("Everything")},
                       extra={"samples": ("hse.incident.view", "hse.incident.edit", "hse.*.export")},
                       help=_l("module.resource.action; * stands for any of them."))


def _condition() -> Mapped[str | None]:
    return fields.text(_l("Only if"), max_length=500, required=False, sortable=False, extra={"samples": ("own", "weekday <= 5")},
                       help=_l("For example: amount <= 5000 and site = user.site"))


def _in_words(name: str) -> Callable[[str, Callable[[str], Any]], str]:
    """How the trail says a rule: by the labels of what the permission in that column is about."""
    def said(kept: str, beside: Callable[[str], Any]) -> str:
        from app.core.access.conditions import concerned
        from app.core.access.reasons import in_words

        about = concerned(str(beside(name) or ""))
        return in_words(json.loads(kept), about[0].model if about else None)

    return said


def _meaning() -> Mapped[str | None]:
    return mapped_column(Text, info={"label": _l("What the condition means"), "in_words": _in_words("pattern")})


class RoleGrant(Tenanted):
    """A permission pattern (`hse.incident.view`, `hse.*.*`) that a role gives, with its scope."""

    __tablename__ = "role_grant"
    __label__ = _l("Permission")
    __audited__ = True

    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))
    pattern: Mapped[str] = _pattern()
    scope: Mapped[Scope] = fields.choice(_l("Reach"), Scope, default=Scope.COMPANY)
    condition: Mapped[str | None] = _condition()
    rule: Mapped[str | None] = _meaning()


class MemberGrant(Record):
    """One permission for one member, beside their roles: for a time, or for certain records only."""

    __tablename__ = "member_grant"
    __prefix__ = "GRT"
    __label__, __plural__, __slug__ = _l("Single permission"), _l("Single permissions"), "single-permissions"

    member_id: Mapped[UUID] = fields.reference("member", _l("Member"), groups=False)
    pattern: Mapped[str] = _pattern()
    scope: Mapped[Scope] = fields.choice(_l("Reach"), Scope, default=Scope.COMPANY)
    condition: Mapped[str | None] = _condition()
    rule: Mapped[str | None] = _meaning()
    starts_at: Mapped[datetime | None] = fields.moment(_l("From"), required=False, extra={"samples": ("2026-01-05T08:00",)})
    ends_at: Mapped[datetime | None] = fields.moment(_l("Until"), required=False, extra={"samples": ("2096-01-05T08:00",)})
    reason: Mapped[str | None] = fields.text(_l("Why"), max_length=300, required=False)


class CustomPermission(Record):
    """A permission that the organisation thought of itself, for its roles and for what asks by the API."""

    __tablename__ = "custom_permission"
    __prefix__ = "PERM"
    __label__, __plural__, __slug__ = _l("Custom permission"), _l("Custom permissions"), "permissions"

    key: Mapped[str] = fields.text(_l("Permission"), max_length=120, sortable=False,
                                   extra={"samples": tuple(f"users.sample_{n}.manage" for n in range(997))},
                                   help=_l("Three words with points between them, such as users.manage.all."))
    label: Mapped[str] = fields.text(_l("Name"), max_length=120)
    guards: Mapped[str | None] = fields.text(_l("Needed for"), max_length=120, required=False, sortable=False,
                                             extra={"samples": ("hse.incident.import",)},
                                             help=_l("A permission of the product that nobody can use without this one, such as "
                                                     "hse.incident.close."))
    condition: Mapped[str | None] = fields.text(_l("Only if"), max_length=500, required=False, sortable=False, extra={"samples": ("own",)},
                                                help=_l("For example: amount <= 5000 and site = user.site"))
    rule: Mapped[str | None] = mapped_column(Text, info={"label": _l("What it is not needed for"),
                                                           "in_words": _in_words("guards")})


def permissions() -> Mapping[str, str]:
    """What can be asked for, in words."""
    from app.core.access.wording import Permissions

    return Permissions()


class Answer(Choices):
    """What became of a request for access."""

    ASKED = "asked", _l("Asked for")
    GRANTED = "granted", _l("Granted")


class AccessRequest(Record):
    """Somebody asks for a permission that they lack: what, why and until when."""

    __tablename__ = "access_request"
    __prefix__ = "ACR"
    __label__, __plural__, __slug__ = _l("Access request"), _l("Access requests"), "requests"

    member_id: Mapped[UUID | None] = fields.reference("member", _l("For"), groups=False, required=False)
    permission: Mapped[str] = fields.listed(_l("Permission"), permissions,
                                            extra={"samples": ("hse.incident.edit", "hse.incident.export", "hse.incident.import")})
    on_record: Mapped[str | None] = fields.text(_l("Only for the record"), max_length=40, required=False, sortable=False,
                                                extra={"samples": ("",)}, help=_l("Its reference; empty for all records."))
    reason: Mapped[str] = fields.text(_l("Why"), max_length=300)
    until: Mapped[datetime] = fields.moment(_l("Until"), extra={"samples": ("2096-01-05T08:00",)})
    state: Mapped[Answer] = fields.choice(_l("State"), Answer, default=Answer.ASKED, required=False, column={"nullable": False})


class Change(Choices):
    """What became of a change of a role."""

    DRAFT = "draft", _l("Not saved yet")
    APPLIED = "applied", _l("Applied")


class RoleChange(Record):
    """A change of a role as it was confirmed: what it says in words, and the plan that is carried out. It is read, never edited."""

    __tablename__ = "role_change"
    __prefix__ = "RCH"
    __label__, __plural__, __slug__ = _l("Change of a role"), _l("Changes of roles"), "role-changes"

    label: Mapped[str] = fields.text(_l("Role"), max_length=80)
    role_id: Mapped[UUID | None] = fields.reference("role", _l("Changed role"), required=False)
    summary: Mapped[str] = fields.long_text(_l("What changes"), max_length=20_000)
    state: Mapped[Change] = fields.choice(_l("State"), Change, default=Change.DRAFT)
    plan: Mapped[str] = mapped_column(Text, info={"label": _l("Plan"), "audited": False})


_role, _grant = Role.__table__, RoleGrant.__table__
Index("uq_role_key", _role.c.organisation_id, _role.c.key, unique=True)
Index("uq_role_label", _role.c.organisation_id, _role.c.label_key, unique=True, postgresql_where=_role.c.archived_at.is_(None))
Index("uq_role_grant_role_id_pattern_scope", _grant.c.organisation_id, _grant.c.role_id, _grant.c.pattern, _grant.c.scope,
      _grant.c.condition, unique=True, postgresql_nulls_not_distinct=True)
_role.info["gate"] = ("organisation_id", "id", "key", "label", "parent_id", "archived_at")
_grant.info["gate"] = ("organisation_id", "role_id", "pattern", "scope", "rule")
_single: Any = MemberGrant.__table__
_single.info["gate"] = ("organisation_id", "member_id", "reference", "pattern", "scope", "rule", "starts_at", "ends_at", "archived_at")
_own: Any = CustomPermission.__table__
Index("uq_custom_permission_key", _own.c.organisation_id, _own.c.key, unique=True)
