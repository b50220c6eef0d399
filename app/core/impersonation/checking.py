"""What is wrong with the impersonations of an organisation: they outlive their limit, lack a consent, or too many may begin one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, or_, select

from app.core.access import Role, RoleGrant
from app.core.impersonation.models import Impersonation
from app.core.impersonation.services import IMPERSONATE, LASTS, is_agreed
from app.core.people import Member, MemberRole
from app.kernel import clock
from app.kernel.current import matches
from app.kernel.db import session

ORDINARY = ("manager", "editor", "approver", "member", "viewer", "auditor", "client")
GRACE = timedelta(minutes=5)  # those whose time is over are ended once a minute
MOST = 10  # people who may take another's place, if the organisation is that small; a quarter of it otherwise


def faults() -> Iterator[str]:
    """One sentence for each fault in the organisation at hand."""
    begun = session().scalars(select(Impersonation).where(Impersonation.started_at.is_not(None), Impersonation.ended_at.is_(None)))
    for each in begun.all():
        if each.until is None or each.until < clock.now() - GRACE:
            yield f"{each.reference} goes on beyond its end: is the scheduler running?"
        elif each.started_at and each.until > each.started_at + LASTS:
            yield f"{each.reference} lasts longer than {LASTS.total_seconds() // 60:.0f} minutes"
        if not is_agreed(each):
            yield f"{each.reference} was begun without the consent that it needs"
    reaching = _reaching()
    if ordinary := [key for key in ORDINARY if key in reaching.values()]:
        yield f"ordinary roles may take another's place: {', '.join(ordinary)}"
    total, may = _members(), _members(set(reaching))
    if may > max(MOST, total // 4):
        yield f"{may} of {total} members may take another's place"


def _reaching() -> dict[UUID, str]:
    """The roles that may begin one, by what they are given or inherit; with their keys."""
    roles = list(session().scalars(select(Role).where(Role.archived_at.is_(None))))
    given = {grant.role_id for grant in session().scalars(select(RoleGrant)) if matches(grant.pattern, IMPERSONATE)}
    parents = {role.id: role.parent_id for role in roles}

    def reaches(role_id: UUID | None, met: frozenset[UUID] = frozenset()) -> bool:
        return role_id is not None and role_id not in met and (
            role_id in given or reaches(parents.get(role_id), met | {role_id}))

    return {role.id: role.key for role in roles if reaches(role.id)}


def _members(roles: set[UUID] | None = None) -> int:
    """How many members there are, or how many hold one of these roles."""
    wanted = select(func.count()).select_from(Member).where(Member.archived_at.is_(None))
    if roles is not None:
        further = select(MemberRole.member_id).where(MemberRole.role_id.in_(roles))
        wanted = wanted.where(or_(Member.role_id.in_(roles), Member.id.in_(further)))
    return session().scalar(wanted) or 0
