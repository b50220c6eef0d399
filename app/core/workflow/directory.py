"""Members, departments, roles, groups and rotas as they are now, each read once for all records that are looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core import access, calendar
from app.core.organisations import Department
from app.core.people import Group, GroupMember, Member, able, holding
from app.kernel import clock
from app.kernel.current import Actor, current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.registry import registry


class Directory:
    """Whom there is to ask."""

    @cached_property
    def members(self) -> dict[UUID, tuple[UUID | None, UUID | None]]:
        """Manager and department of each active member."""
        rows = session().execute(select(Member.id, Member.manager_id, Member.department_id).where(
            Member.active, Member.archived_at.is_(None)))
        return {row[0]: (row[1], row[2]) for row in rows}

    @cached_property
    def departments(self) -> dict[UUID, tuple[UUID | None, UUID | None]]:
        """Parent and manager of each department; one that was put away has no manager, and leads to its parent."""
        rows = session().execute(select(Department.id, Department.parent_id, Department.manager_id, Department.archived_at))
        return {row[0]: (row[1], row[2] if row[3] is None else None) for row in rows}

    @cached_property
    def roles(self) -> dict[str, list[UUID]]:
        """The active members who have each role now, by any way, in a stable order."""
        found: dict[str, list[UUID]] = defaultdict(list)
        for key, member_id in holding():
            if member_id in self.members:
                found[key].append(member_id)
        return found

    @cached_property
    def groups(self) -> dict[UUID, tuple[UUID | None, list[UUID]]]:
        """Parent and active members of each group that exists today, in a stable order."""
        today = clock.today(current.organisation.timezone)
        rows = session().execute(select(Group.id, Group.parent_id).where(
            Group.archived_at.is_(None), func.coalesce(Group.starts_on, today) <= today, func.coalesce(Group.ends_on, today) >= today))
        found: dict[UUID, tuple[UUID | None, list[UUID]]] = {row[0]: (row[1], []) for row in rows}
        for group_id, member_id in session().execute(select(GroupMember.group_id, GroupMember.member_id).order_by(GroupMember.member_id)):
            if group_id in found and member_id in self.members:
                found[group_id][1].append(member_id)
        return found

    def in_group(self, group_id: UUID | None) -> list[UUID]:
        """The members of a group and of those below it; a circle ends the walk."""
        below, left = [], [group_id] if group_id in self.groups else []
        while left:
            here = left.pop(0)
            below.append(here)
            left += [child for child, (parent, _in) in self.groups.items() if parent == here and child not in (*below, *left)]
        return list(dict.fromkeys(member for each in below if each for member in self.groups[each][1]))

    def meant(self, named: UUID | None) -> list[UUID]:
        """Whom a record means that names somebody: the member, if they are active, or the members of the group."""
        return [named] if named in self.members and named else self.in_group(named)

    def on_duty(self, rota_id: UUID | None) -> list[UUID]:
        """Whoever has a turn on a rota at this moment, or is in a group that has it."""
        named = [] if rota_id is None else calendar.on_duty(rota_id, clock.now())
        return list(dict.fromkeys(member for each in named for member in self.meant(each)))

    def for_whom(self, rule: str, actor: Actor, said: Mapping[str, Any]) -> list[UUID]:
        """The active members for whom a condition holds, by name."""
        query = select(Member.id).where(Member.active, Member.archived_at.is_(None), access.in_sql(rule, Member, actor, said))
        return list(session().scalars(query.order_by(Member.name_key, Member.id)))

    def able(self, permission: str, record: Any) -> list[UUID]:
        """The active members who have a permission now and, by what the kind of record says of that, may agree to it, by name."""
        resource = registry.of_model(type(record))
        reasons = [approval.why_not_by for action in resource.actions for approval in registry.approvals_of(resource, action)
                   if approval.why_not_by] if resource else []
        return [actor.id for actor in able(permission) if actor.id in self.members and not any(why(record, actor) for why in reasons)]

    def at_addresses_of(self, table: str, record_id: UUID) -> set[UUID]:
        """The members who have one of the e-mail addresses of a record: the contact of a supplier is nobody to pay them."""
        resource = registry.of_table(table)
        if resource is None:
            return set()
        model: Any = resource.model
        columns = [getattr(model, said.attribute) for said in fields_of(model).values() if said.kind == "email"]
        row = session().execute(select(*columns).where(model.id == record_id)).first() if columns else None
        addresses = {str(each).casefold() for each in row or () if each}
        return set(session().scalars(select(Member.id).where(func.lower(Member.email).in_(addresses)))) if addresses else set()

    def managers_upwards(self, department_id: UUID | None) -> Iterator[UUID]:
        """The managers of a department, of its parent, and so on; a circle ends the walk."""
        seen: set[UUID] = set()
        while department_id in self.departments and department_id not in seen:
            seen.add(department_id)
            department_id, manager = self.departments[department_id]
            if manager in self.members:
                yield manager

    def managers_of(self, member_id: UUID) -> Iterator[UUID]:
        """The manager of a member, the manager's manager, and so on; then those of the member's departments."""
        seen, here = {member_id}, member_id
        while here in self.members:
            here = self.members[here][0] or here
            if here in seen or here not in self.members:
                break
            seen.add(here)
            yield here
        department = self.members.get(member_id, (None, None))[1]
        yield from (m for m in self.managers_upwards(department) if m not in seen)
