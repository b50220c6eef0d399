"""People as SCIM shows them: which attributes there are, in SQL and as a document."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, func, select
from sqlalchemy.orm import aliased

from app.core import access
from app.core.organisations import Department
from app.core.people import Group, GroupMember, Member, Status
from app.core.scim.attributes import Attribute, Fixed, Known
from app.core.scim.documents import ENTERPRISE, USER
from app.core.scim.models import ScimUser
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.registry import registry

RESOURCE = "people.member"
_boss: Any = aliased(Member)
_given = func.coalesce(ScimUser.given_name, func.regexp_replace(Member.name, r"\s+\S+$", ""))
_family = func.coalesce(ScimUser.family_name, func.substring(Member.name, r"\S+$"))
_user_name = func.coalesce(ScimUser.user_name, Member.email)
_role = select(access.Role.key).where(access.Role.organisation_id == Member.organisation_id,
                                      access.Role.id == Member.role_id).scalar_subquery()
_department = select(Department.name).where(Department.organisation_id == Member.organisation_id,
                                            Department.id == Member.department_id).scalar_subquery()
_manager = select(_boss.name).where(_boss.organisation_id == Member.organisation_id, _boss.id == Member.manager_id).scalar_subquery()


def _in_group(condition: Any) -> Any:
    return exists().where(GroupMember.organisation_id == Member.organisation_id, GroupMember.member_id == Member.id,
                          Group.organisation_id == GroupMember.organisation_id, Group.id == GroupMember.group_id,
                          Group.archived_at.is_(None), condition)


ATTRIBUTES: dict[str, Known] = {
    "id": Attribute(Member.id, "id"), "externalid": Attribute(ScimUser.external_id, "exact"), "username": Attribute(_user_name),
    "displayname": Attribute(Member.name), "name.formatted": Attribute(Member.name), "name.givenname": Attribute(_given),
    "name.familyname": Attribute(_family), "title": Attribute(Member.job_title),
    "active": Attribute(Member.status == Status.ACTIVE, "truth"),
    "emails": Attribute(Member.email), "emails.value": Attribute(Member.email), "emails.type": Fixed("work"), "emails.primary": Fixed(True),
    "phonenumbers": Attribute(Member.phone), "phonenumbers.value": Attribute(Member.phone), "phonenumbers.type": Fixed("work"),
    "preferredlanguage": Attribute(Member.language), "timezone": Attribute(Member.timezone), "roles": Attribute(_role),
    "roles.value": Attribute(_role), "roles.primary": Fixed(True), "department": Attribute(_department),
    "manager": Attribute(Member.manager_id, "id"), "manager.value": Attribute(Member.manager_id, "id"),
    "groups": Attribute(GroupMember.group_id, "id", _in_group), "groups.value": Attribute(GroupMember.group_id, "id", _in_group),
    "groups.display": Attribute(Group.name, "text", _in_group), "meta.created": Attribute(Member.created_at, "moment"),
    "meta.lastmodified": Attribute(Member.updated_at, "moment"),
}


def visible() -> Select[Any]:
    """Whoever may be seen and was not put away, with the directory's names and those of what they are linked to."""
    known = and_(ScimUser.organisation_id == Member.organisation_id, ScimUser.member_id == Member.id)
    query = select(Member, _user_name, ScimUser.external_id, _given, _family, _role, _department, _manager)
    return query.outerjoin(ScimUser, known).where(Member.organisation_id == current.organisation.id, Member.archived_at.is_(None),
                                                  access.visible(registry.resource(RESOURCE), current.user))


def shown(rows: Sequence[Any], base: str, *, groups: bool = True) -> list[dict[str, Any]]:
    """People as documents; `base` is the address below which SCIM is."""
    held = _groups_of([row[0].id for row in rows]) if groups else {}
    return [_shown(row, held.get(row[0].id, []), base) for row in rows]


def _shown(row: Any, groups: Sequence[tuple[UUID, str]], base: str) -> dict[str, Any]:
    member, user_name, external_id, given, family, role, department, manager = row
    said = {
        "schemas": [USER, ENTERPRISE], "id": str(member.id), "externalId": external_id, "userName": user_name, "displayName": member.name,
        "name": {"formatted": member.name, "givenName": given, "familyName": family}, "title": member.job_title, "active": member.active,
        "emails": [{"value": member.email, "type": "work", "primary": True}],
        "phoneNumbers": [{"value": member.phone, "type": "work"}] if member.phone else None,
        "preferredLanguage": str(member.language.value), "timezone": member.timezone,
        "roles": [{"value": role, "primary": True}] if role else None,
        "groups": [{"value": str(group), "display": name, "type": "direct", "$ref": f"{base}/Groups/{group}"} for group, name in groups]
        or None,
        ENTERPRISE: _enterprise(member, department, manager, base),
        "meta": {"resourceType": "User", "created": moment(member.created_at), "lastModified": moment(member.updated_at),
                 "location": f"{base}/Users/{member.id}"},
    }
    return {key: value for key, value in said.items() if value is not None}


def _enterprise(member: Member, department: str | None, manager: str | None, base: str) -> dict[str, Any] | None:
    said: dict[str, Any] = {"department": department} if department else {}
    if member.manager_id:
        said["manager"] = {"value": str(member.manager_id), "displayName": manager or "", "$ref": f"{base}/Users/{member.manager_id}"}
    return said or None


def _groups_of(members: Sequence[UUID]) -> dict[UUID, list[tuple[UUID, str]]]:
    found: dict[UUID, list[tuple[UUID, str]]] = defaultdict(list)
    query = select(GroupMember.member_id, Group.id, Group.name).join(
        Group, and_(Group.organisation_id == GroupMember.organisation_id, Group.id == GroupMember.group_id))
    for member_id, group_id, name in session().execute(query.where(
            GroupMember.member_id.in_(members), Group.archived_at.is_(None)).order_by(Group.name_key)):
        found[member_id].append((group_id, name))
    return found


def moment(at: Any) -> str:
    """A moment as SCIM writes it."""
    return str(at.isoformat()).replace("+00:00", "Z")
