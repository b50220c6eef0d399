"""Who is asked: named rules, resolved against today's members, departments and roles, so that nothing waits for nobody."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core.approvals.limits import Limits
from app.core.approvals.models import ApprovalDelegation, Asked
from app.core.organisations import Department
from app.core.people import Member, holding
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, DeclarationError
from app.kernel.fields import fields_of
from app.kernel.registry import known

LAST_RESORTS = ("owner", "admin")


@dataclass(frozen=True)
class Chosen:
    """The people who are asked at a level and how many of them must agree."""

    members: tuple[UUID, ...]
    asked: Asked
    needs: int


class Directory:
    """Members, departments and roles as they are now, each read once for all records that are looked at."""

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
    def delegations(self) -> dict[UUID, list[ApprovalDelegation]]:
        """The standing delegations of today by who gave them, the oldest first."""
        today = clock.today(current.organisation.timezone)
        found: dict[UUID, list[ApprovalDelegation]] = defaultdict(list)
        for each in session().scalars(select(ApprovalDelegation).where(
                ApprovalDelegation.starts_on <= today, ApprovalDelegation.ends_on >= today, ApprovalDelegation.ended_at.is_(None),
                ApprovalDelegation.archived_at.is_(None)).order_by(ApprovalDelegation.id)):
            found[each.member_id].append(each)
        return found

    @cached_property
    def limits(self) -> Limits:
        """Today's limits and rates."""
        return Limits()

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


def manager_of(directory: Directory, record: Any, field: str, _requester: UUID) -> Iterable[UUID]:
    """`manager_of:department`: the manager of the department that the record's field names, or of one above it."""
    return directory.managers_upwards(_linked(record, field))


def manager_of_requester(directory: Directory, _record: Any, _argument: str, requester: UUID) -> Iterable[UUID]:
    """`manager_of_requester`: whoever manages the person who asks."""
    return directory.managers_of(requester)


def member(directory: Directory, record: Any, field: str, _requester: UUID) -> Iterable[UUID]:
    """`member:field`: the member that the record's field names."""
    named = _linked(record, field)
    return [named] if named in directory.members else []


def _linked(record: Any, name: str) -> Any:
    described = fields_of(type(record)).get(name)
    return getattr(record, described.attribute if described else f"{name}_id", None)


SINGLE: dict[str, Callable[[Directory, Any, str, UUID], Iterable[UUID]]] = {
    "manager_of": manager_of, "manager_of_requester": manager_of_requester, "member": member}


def choose(directory: Directory, rule: str, record: Any, *, requester: UUID, excluded: set[UUID], needs: int, fallback: str) -> Chosen:
    """The people whom a rule names, without those who made the record or decided before; when too few are left, the fallback role.

    Raises `Conflict` when nobody in the whole organisation could decide.
    """
    name, _sep, argument = rule.partition(":")
    if name == "role":
        found = [m for m in directory.roles.get(argument, ()) if m not in excluded]
        wanted = needs or len(found) or 1
        asked = Asked.GROUP if len(found) > wanted else Asked.OWN
    else:
        found = [m for m in SINGLE[name](directory, record, argument, requester) if m not in excluded][:1]
        wanted, asked = 1, Asked.OWN
    for role in (fallback, *LAST_RESORTS):
        if len(found) >= wanted:
            break
        found += [m for m in directory.roles.get(role, ()) if m not in excluded and m not in found]
    if not found:
        raise Conflict(_("Nobody could decide this: everybody who might has made or decided it before. Name another manager or owner."))
    return Chosen(tuple(found), asked, min(wanted, len(found)))


def above(directory: Directory, member_id: UUID, excluded: set[UUID]) -> UUID | None:
    """The next manager above a member who may still be asked."""
    return next((m for m in directory.managers_of(member_id) if m not in excluded), None)


def check_rule(rule: str, where: str) -> None:
    """Stop the start when a rule means nothing."""
    name, _sep, argument = rule.partition(":")
    known(name, (*SINGLE, "role"), where)
    if name != "manager_of_requester" and not argument:
        raise DeclarationError(f"{where}: “{rule}” names nothing after the colon.")
