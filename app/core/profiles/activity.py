"""What a member did here: the last sign-in, and their own entries of the trail, nobody else's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_

from app.core import access, audit
from app.core.audit.models import AuditEntry
from app.core.auth import UserSession
from app.core.people import Member
from app.kernel.current import current
from app.kernel.db import as_identity, session
from app.kernel.kinds import show_moment

PER_PAGE = 50


@dataclass(frozen=True)
class Activity:
    """One page of what somebody did, newest first; `older` continues it."""

    signed_in: str
    seen: str
    entries: Sequence[object]
    older: UUID | None


def may_see(member: Member) -> bool:
    """One's own, and everybody's for those who keep the members or read the trail."""
    return bool(member.id == current.user.id or access.can(current.user, "people.member.edit", member)
                or access.can(current.user, "audit.entry.view"))


def of(member: Member, before: UUID | None = None, per_page: int = PER_PAGE) -> Activity:
    """What a member did in this organisation, themselves or in somebody's name."""
    mine = or_(AuditEntry.actor_id == member.id, AuditEntry.on_behalf_of == member.id)
    query = select(AuditEntry).where(AuditEntry.organisation_id == current.organisation.id, mine)
    if before:
        place = session().execute(select(AuditEntry.at, AuditEntry.id).where(
            AuditEntry.organisation_id == current.organisation.id, AuditEntry.id == before, mine)).first()
        if place:
            query = query.where(tuple_(AuditEntry.at, AuditEntry.id) < (place.at, place.id))
    rows = session().scalars(query.order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(per_page + 1)).all()
    signed_in, seen = _moments(member)
    return Activity(signed_in, seen, audit.shown(rows[:per_page]), rows[per_page - 1].id if len(rows) > per_page else None)


def _moments(member: Member) -> tuple[str, str]:
    """When the member signed in last to come here, and was here last; what they do elsewhere is not told."""
    if member.identity_id is None:
        return "", ""
    with as_identity(member.identity_id):
        row = session().execute(select(func.max(UserSession.created_at), func.max(UserSession.last_seen_at)).where(
            UserSession.identity_id == member.identity_id, UserSession.organisation_id == current.organisation.id)).one()
    return (show_moment(row[0]) if row[0] else "", show_moment(row[1]) if row[1] else "")
