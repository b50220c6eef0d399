"""Signs up the people of an organisation: the named ones, then its staff, each with a place, a manager and a way to sign in."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from app.core import access, auth
from app.core.organisations import Department, Site, SiteKind
from app.core.people import Member, MemberRole
from app.demo.accounts import address_in
from app.demo.cast import House, Post, Unit
from app.demo.names import people
from app.demo.staff import Staff
from app.demo.writing import keep
from app.kernel import clock
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import as_identity, session
from app.kernel.records import new_id

LANGUAGES = ("en",) * 16 + ("fr", "es", "pt", "de", "it")


def settle(house: House, dice: random.Random, secret: str) -> Staff:
    """Give the organisation its sites, departments, roles and members; `secret` is the hash of the password that all share."""
    staff = Staff(house)
    roles = access.install_roles()
    staff.sites = [Site(id=new_id(), name=name, kind=SiteKind(kind), location=location, **_stamps())
                   for name, kind, location in house.sites]
    keep(staff.sites)
    staff.departments = {unit.name: Department(id=new_id(), name=unit.name, **_stamps()) for unit in house.units}
    for unit in house.units:
        staff.departments[unit.name].parent_id = staff.departments[unit.parent].id if unit.parent else None
    keep(list(staff.departments.values()))
    _members(staff, dice, {key: role.id for key, role in roles.items()}, secret)
    _managers(staff)
    return staff


def _members(staff: Staff, dice: random.Random, roles: dict[str, UUID], secret: str) -> None:
    house = staff.house
    for post in house.posts:
        staff.named[post.name] = _member(staff, dice, post.name, post.job, post.department, roles[post.role], post.language)
    fresh = people(dice, {post.name for post in house.posts})
    extra = [_member(staff, dice, next(fresh), job, unit.name, roles["member"], dice.choice(LANGUAGES))
             for unit in house.units for job in unit.jobs]
    staff.members = [*staff.named.values(), *extra]
    _report_to(staff)
    _identities(staff.members, secret)
    keep(staff.members)
    keep([MemberRole(id=new_id(), member_id=staff.named[post.name].id, role_id=roles[key]) for post in house.posts for key in post.further])


def _member(staff: Staff, dice: random.Random, name: str, job: str, unit: str, role_id: UUID, language: str) -> Member:
    return Member(id=new_id(), name=name, email=address_in(name, staff.house), job_title=job, department_id=staff.departments[unit].id,
                  site_id=dice.choice(staff.sites).id, role_id=role_id, language=language, timezone=staff.house.timezone, **_stamps())


def _report_to(staff: Staff) -> None:
    """Everybody reports to whoever leads their department, those to the lead of its parent, and the last to the owner."""
    owner = staff.with_role("owner")[0]
    for member in staff.members:
        lead = next((lead for lead in _line(staff, member) if lead is not member), owner)
        member.manager_id = lead.id if lead is not member else None


def _line(staff: Staff, member: Member) -> Iterator[Member]:
    units = {staff.departments[unit.name].id: unit for unit in staff.house.units}
    unit: Unit | None = units.get(member.department_id) if member.department_id else None
    while unit is not None:
        if unit.managed and (lead := manager_of(staff, unit)):
            yield lead
        unit = next((u for u in staff.house.units if u.name == unit.parent), None) if unit.parent else None


def manager_of(staff: Staff, unit: Unit) -> Member | None:
    """Who leads a department: the first named manager, approver or owner in it; nobody where the cast says so."""
    for role in ("manager", "approver", "owner"):
        found: Post | None = next((p for p in staff.house.posts if p.department == unit.name and p.role == role), None)
        if unit.managed and found:
            return staff.named[found.name]
    return None


def _managers(staff: Staff) -> None:
    for unit in staff.house.units:
        lead = manager_of(staff, unit)
        department = session().get_one(Department, (current.organisation.id, staff.departments[unit.name].id))
        department.manager_id = staff.departments[unit.name].manager_id = lead.id if lead else None
    session().flush()


def _identities(members: Sequence[Member], secret: str) -> None:
    """Give each member the identity of their address, made with the shared password where there is none."""
    found = auth.identities_for([member.email for member in members])
    for member in members:
        member.identity_id = found[member.email]
        with as_identity(member.identity_id):
            session().execute(insert(auth.Credential).values(identity_id=member.identity_id, kind="password", secret=secret,
                                                             changed_at=clock.now()).on_conflict_do_nothing())


def _stamps() -> dict[str, object]:
    return {"created_at": clock.now(), "updated_at": clock.now(), "created_by": SYSTEM_ID, "updated_by": SYSTEM_ID}
