"""Roles as data: what each grants, and how far it reaches."""

from __future__ import annotations

import re
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index
from sqlalchemy.orm import Mapped

from app.kernel import fields
from app.kernel.kinds import Choices, fold
from app.kernel.records import Record, Tenanted


class Scope(Choices):
    """How far a grant reaches."""

    OWN = "own", _l("Own records")
    DEPARTMENT = "department", _l("Own department and those below it")
    SITE = "site", _l("Own site")
    COMPANY = "company", _l("The whole organisation")
    ALL = "all", _l("Also the client organisations it manages")


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
    system: Mapped[bool] = fields.boolean(_l("Comes with the product"), default=False)


class RoleGrant(Tenanted):
    """A permission pattern (`hse.incident.view`, `hse.*.*`) that a role gives, with its scope."""

    __tablename__ = "role_grant"
    __label__ = _l("Permission")
    __audited__ = True

    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))
    pattern: Mapped[str] = fields.text(_l("Permission"), max_length=120, sortable=False, words={"*.*.*": _l("Everything")},
                                       extra={"samples": ("hse.incident.view", "hse.incident.edit", "hse.*.export")},
                                       help=_l("module.resource.action; * stands for any of them."))
    scope: Mapped[Scope] = fields.choice(_l("Reach"), Scope, default=Scope.COMPANY)


_role, _grant = Role.__table__, RoleGrant.__table__
Index("uq_role_key", _role.c.organisation_id, _role.c.key, unique=True)
Index("uq_role_label", _role.c.organisation_id, _role.c.label_key, unique=True, postgresql_where=_role.c.archived_at.is_(None))
Index("uq_role_grant_role_id_pattern_scope", _grant.c.organisation_id, _grant.c.role_id, _grant.c.pattern, _grant.c.scope, unique=True)
_role.info["gate"] = ("organisation_id", "id", "key", "archived_at")
_grant.info["gate"] = ("organisation_id", "role_id", "pattern", "scope")
