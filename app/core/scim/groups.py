"""Groups as SCIM shows and changes them. A group gives its roles to whoever is in it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import Select, and_, exists, literal, select, union_all
from sqlalchemy.orm import aliased

from app.core import access
from app.core.people import Group, GroupMember, Member
from app.core.people.groups import members_of
from app.core.scim import keeping
from app.core.scim.attributes import Attribute, Known, as_id, plain
from app.core.scim.documents import GROUP, READ_ONLY, entries, operations
from app.core.scim.filters import Compare, Either, Tree, target
from app.core.scim.models import ScimGroup
from app.core.scim.refusals import Refused
from app.core.scim.users import moment
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Invalid
from app.kernel.kinds import fold
from app.kernel.registry import registry

RESOURCE = "people.group"


_part: Any = aliased(Group)
_inside = union_all(
    select(GroupMember.organisation_id, GroupMember.group_id, GroupMember.member_id.label("id"), literal("User").label("type")),
    select(_part.organisation_id, _part.parent_id, _part.id, literal("Group")).where(
        _part.parent_id.isnot(None), _part.archived_at.is_(None)),
).subquery("inside")


def _with_member(condition: Any) -> Any:
    return exists().where(_inside.c.organisation_id == Group.organisation_id, _inside.c.group_id == Group.id, condition)


ATTRIBUTES: dict[str, Known] = {
    "id": Attribute(Group.id, "id"), "externalid": Attribute(ScimGroup.external_id, "exact"), "displayname": Attribute(Group.name),
    "members": Attribute(_inside.c.id, "id", _with_member), "members.value": Attribute(_inside.c.id, "id", _with_member),
    "members.type": Attribute(_inside.c.type, "text", _with_member),
    "meta.created": Attribute(Group.created_at, "moment"), "meta.lastmodified": Attribute(Group.updated_at, "moment"),
}


@dataclass
class Wanted:
    """What is to become of a group: its name, the directory's id, its members: people and the groups that are part of it. `said` are the
    names of what was sent.
    """

    members: set[UUID]
    name: str | None = None
    external_id: str | None = None
    said: set[str] = field(default_factory=set)


def visible() -> Select[Any]:
    """The groups that may be seen and were not put away, with the directory's ids."""
    known = and_(ScimGroup.organisation_id == Group.organisation_id, ScimGroup.group_id == Group.id)
    return select(Group, ScimGroup.external_id).outerjoin(ScimGroup, known).where(
        Group.organisation_id == current.organisation.id, Group.archived_at.is_(None),
        access.visible(registry.resource(RESOURCE), current.user))


def shown(rows: Sequence[Any], base: str, *, members: bool = True) -> list[dict[str, Any]]:
    """Groups as documents; without their members when those are not asked for."""
    held = _members_of([group.id for group, _external in rows]) if members else {}
    return [_shown(group, external, held.get(group.id, []) if members else None, base) for group, external in rows]


def _shown(group: Group, external_id: str | None, members: Sequence[tuple[str, UUID, str]] | None, base: str) -> dict[str, Any]:
    said = {
        "schemas": [GROUP], "id": str(group.id), "externalId": external_id, "displayName": group.name,
        "members": None if members is None else [
            {"value": str(each), "display": name, "type": kind, "$ref": f"{base}/{kind}s/{each}"} for kind, each, name in members],
        "meta": {"resourceType": "Group", "created": moment(group.created_at), "lastModified": moment(group.updated_at),
                 "location": f"{base}/Groups/{group.id}"},
    }
    return {key: value for key, value in said.items() if value is not None}


def _members_of(groups: Sequence[UUID]) -> dict[UUID, list[tuple[str, UUID, str]]]:
    """Of each group the people, then the groups that are part of it."""
    found: dict[UUID, list[tuple[str, UUID, str]]] = defaultdict(list)
    query = select(GroupMember.group_id, Member.id, Member.name).join(
        Member, and_(Member.organisation_id == GroupMember.organisation_id, Member.id == GroupMember.member_id))
    for group_id, member_id, name in session().execute(query.where(
            GroupMember.group_id.in_(groups), Member.archived_at.is_(None)).order_by(Member.name_key, Member.id)):
        found[group_id].append(("User", member_id, name))
    parts = select(Group.parent_id, Group.id, Group.name).where(Group.parent_id.in_(groups), Group.archived_at.is_(None))
    for parent_id, group_id, name in session().execute(parts.order_by(Group.name_key, Group.id)):
        found[parent_id].append(("Group", group_id, name))
    return found


def make(document: Mapping[str, Any]) -> Group:
    """A new group with its members."""
    wanted = Wanted(set())
    _take(wanted, "replace", document)
    if not wanted.name:
        raise Refused("invalidValue", "“displayName” is needed.")
    group: Group = _performed("create", None, {"name": wanted.name, "kind": "functional"})
    _keep(group, wanted)
    return group


def replace(group: Group, document: Mapping[str, Any]) -> None:
    """Make a group what a document says; what it does not name stays."""
    wanted = Wanted(members_of(group) | _parts_of(group))
    _take(wanted, "replace", document)
    _carry_out(group, wanted)


def patch(group: Group, body: Mapping[str, Any]) -> None:
    """Carry out the operations of PATCH, in their order, all or none."""
    wanted = Wanted(members_of(group) | _parts_of(group))
    for operation, path, value in operations(body):
        if not path:
            if not isinstance(value, dict):
                raise Refused("invalidValue", "Without a path, the value must be an object.")
            _take(wanted, operation, value)
        else:
            _apply(wanted, operation, path, value)
    _carry_out(group, wanted)


def put_away(group: Group) -> None:
    """Archive a group: its roles end with it."""
    perform_one(RESOURCE, "archive", group)


def _take(wanted: Wanted, operation: str, document: Mapping[str, Any]) -> None:
    for name, value in document.items():
        if plain(name) not in READ_ONLY and plain(name) in ("displayname", "externalid", "members"):
            _apply(wanted, operation, name, value)


def _apply(wanted: Wanted, operation: str, path: str, value: Any) -> None:
    where = target(path)
    name = plain(where.path).partition(".")[0]
    if name == "members":
        _apply_members(wanted, operation, _ids(where.inner, value), everybody=where.inner is None and value is None)
    elif name in ("displayname", "externalid"):
        if operation == "remove" and name == "displayname":
            raise Refused("mutability", "“displayName” is needed and cannot be removed.")
        if value is not None and not isinstance(value, str):
            raise Refused("invalidValue", f"“{path[:80]}” must be a text.")
        text = None if operation == "remove" or value is None else value.strip()
        wanted.said.add(name)
        if name == "displayname":
            wanted.name = text
        else:
            wanted.external_id = text or None
    elif name in READ_ONLY:
        raise Refused("mutability", f"“{name}” cannot be changed.")
    else:
        raise Refused("invalidPath", f"“{path[:80]}” is no attribute of a group.")


def _apply_members(wanted: Wanted, operation: str, ids: set[UUID], *, everybody: bool) -> None:
    wanted.said.add("members")
    if operation == "add":
        wanted.members |= ids
    elif operation == "replace":
        wanted.members = ids
    else:
        wanted.members = set() if everybody else wanted.members - ids


def _ids(inner: Tree | None, value: Any) -> set[UUID]:
    """Who is meant: by a filter such as `value eq "…"`, or by a list of values."""
    sent = [] if inner is not None else entries(value, "members")
    if any(str(each.get("type", "User")).casefold() not in ("user", "group") for each in sent):
        raise Refused("invalidValue", "“members” are of type User or Group.")
    found = {as_id(each) for each in (_named(inner) if inner is not None else [each.get("value") for each in sent])}
    if None in found:
        raise Refused("invalidValue", "“members” names somebody who is not here.")
    return {each for each in found if each}


def _named(inner: Tree) -> Iterable[Any]:
    if isinstance(inner, Either):
        return [*_named(inner.left), *_named(inner.right)]
    if isinstance(inner, Compare) and inner.operator == "eq" and plain(inner.path) == "value":
        return [inner.value]
    raise Refused("invalidPath", "Members are chosen by “value eq”.")


def _carry_out(group: Group, wanted: Wanted) -> None:
    if "displayname" in wanted.said and wanted.name != group.name:
        if not wanted.name:
            raise Refused("invalidValue", "“displayName” is needed.")
        _performed("edit", group, {"name": wanted.name})
    _keep(group, wanted)


def _keep(group: Group, wanted: Wanted) -> None:
    """The directory's id beside the group; its members by the door, as the lines of the form."""
    if "externalid" in wanted.said:
        keeping.group_row(group.id).external_id = wanted.external_id
        session().flush()
    people, parts = members_of(group), _parts_of(group)
    if "members" not in wanted.said or wanted.members == people | parts:
        return
    fresh = _groups_among(wanted.members - people - parts)
    _require_known(wanted.members - people - parts - fresh.keys())
    kept = (wanted.members - fresh.keys()) - parts
    group.updated_at = clock.now()  # what a directory is told of the group has changed, though its own row has not
    _performed("edit", group, {"lines": [{"member": str(member)} for member in sorted(kept)]})
    leaving = _groups_among(parts - wanted.members)
    if len(leaving) < len(parts - wanted.members):
        raise Refused("invalidValue", "“members” leaves out a group that this token may not take out.")
    for part in leaving.values():
        _performed("edit", part, {"parent": None})
    for part in fresh.values():
        _join(part, group)


def _join(part: Group, group: Group) -> None:
    """A group becomes part of another; here it is part of one at most, and never of itself, however far around."""
    if part.parent_id and session().scalar(select(Group.id).where(Group.id == part.parent_id, Group.archived_at.is_(None))):
        raise Refused("invalidValue", f"The group “{part.name[:120]}” is part of another one; take it out there first.")
    _performed("edit", part, {"parent": str(group.id)})


def _parts_of(group: Group) -> set[UUID]:
    return set(session().scalars(select(Group.id).where(Group.parent_id == group.id, Group.archived_at.is_(None))))


def _groups_among(ids: set[UUID]) -> dict[UUID, Group]:
    """Those ids that are of groups which may be seen, locked in the order of the ids."""
    rows = session().execute(visible().where(Group.id.in_(ids)).order_by(Group.id).with_for_update(of=Group)) if ids else ()
    return {group.id: group for group, _external in rows}


def _require_known(ids: set[UUID]) -> None:
    """Only people of this organisation are taken in."""
    known = set(session().scalars(select(Member.id).where(Member.organisation_id == current.organisation.id, Member.id.in_(ids),
                                                          Member.archived_at.is_(None))))
    if ids - known:
        raise Refused("invalidValue", "“members” names somebody who is not here.")


def _performed(action: str, group: Group | None, said: Mapping[str, Any]) -> Any:
    name = said.get("name")
    if name and _taken(name, group):
        raise Refused("uniqueness", f"There is a group “{name[:120]}” already.", 409)
    try:
        return perform_one(RESOURCE, action, group, said).record
    except Invalid as error:
        raise Refused("invalidValue", str(error)) from None


def _taken(name: str, group: Group | None) -> bool:
    found = session().scalar(select(Group.id).where(Group.name_key == fold(name), Group.archived_at.is_(None)))
    return found is not None and (group is None or found != group.id)
