"""Groups: the people of a function or of a project, in a tree, with the roles that all of them inherit."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, select
from sqlalchemy.orm import Mapped

from app.kernel import fields
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class GroupKind(Choices):
    """What brings the people of a group together."""

    FUNCTIONAL = "functional", _l("Functional")
    PROJECT = "project", _l("Project")


class Group(Record):
    """People who work together. Its roles are its members' roles, and those of the members of its sub-groups; between its dates."""

    __tablename__ = "member_group"
    __prefix__ = "GRP"
    __label__, __plural__, __slug__ = _l("Group"), _l("Groups"), "groups"

    name: Mapped[str] = fields.text(_l("Name"), max_length=120)
    kind: Mapped[GroupKind] = fields.choice(_l("Kind"), GroupKind, default=GroupKind.FUNCTIONAL)
    parent_id: Mapped[UUID | None] = fields.reference("member_group", _l("Part of"), required=False)
    department_id: Mapped[UUID | None] = fields.reference("department", _l("Department"), required=False,
                                                          help=_l("Whoever sees the people of this department sees the group."))
    starts_on: Mapped[date | None] = fields.day(_l("From"), required=False, extra={"samples": ("2026-01-05",)})
    ends_on: Mapped[date | None] = fields.day(_l("Until"), required=False, extra={"samples": ("2096-01-05",)})
    description: Mapped[str | None] = fields.long_text(_l("What it is for"), max_length=500)


class GroupMember(Tenanted):
    """Somebody in a group."""

    __tablename__ = "group_member"
    __label__ = _l("Member of a group")
    __audited__ = True

    group_id: Mapped[UUID] = fields.reference("member_group", _l("Group"))
    member_id: Mapped[UUID] = fields.reference("member", _l("Member"), groups=False)


class GroupRole(Record):
    """A role that everybody in a group has."""

    __tablename__ = "group_role"
    __prefix__ = "GRR"
    __label__, __plural__, __slug__ = _l("Role of a group"), _l("Roles of groups"), "group-roles"

    group_id: Mapped[UUID] = fields.reference("member_group", _l("Group"))
    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))
    starts_at: Mapped[datetime | None] = fields.moment(_l("From"), required=False, extra={"samples": ("2026-01-05T08:00",)})
    ends_at: Mapped[datetime | None] = fields.moment(_l("Until"), required=False, extra={"samples": ("2096-01-05T08:00",)})
    reason: Mapped[str | None] = fields.text(_l("Why"), max_length=300, required=False)


def before_save(group: Group) -> None:
    """Refuse a circle of groups, and a project that ends before it begins."""
    if group.starts_on and group.ends_on and group.ends_on < group.starts_on:
        raise Invalid({"ends_on": [_("The end lies before the beginning.")]})
    above, steps = group.parent_id, 0
    while above is not None and group.id is not None and steps < 50:
        if above == group.id:
            raise Invalid({"parent": [_("A group cannot be part of itself or of one below it.")]})
        with session().no_autoflush:
            above = session().scalar(select(Group.parent_id).where(Group.id == above))
        steps += 1


def members_of(group: Group) -> set[UUID]:
    """Who is in a group."""
    return set(session().scalars(select(GroupMember.member_id).where(GroupMember.group_id == group.id)))


_group: Any = Group.__table__
_in: Any = GroupMember.__table__
_gives: Any = GroupRole.__table__
Index("uq_member_group_name", _group.c.organisation_id, _group.c.name_key, unique=True, postgresql_where=_group.c.archived_at.is_(None))
Index("uq_group_member_group_id_member_id", _in.c.organisation_id, _in.c.group_id, _in.c.member_id, unique=True)
_group.info["gate"] = ("organisation_id", "id", "name", "parent_id", "starts_on", "ends_on", "archived_at")
_in.info["gate"] = ("organisation_id", "group_id", "member_id")
_gives.info["gate"] = ("organisation_id", "group_id", "role_id", "starts_at", "ends_at", "archived_at")
