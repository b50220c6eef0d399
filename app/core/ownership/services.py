"""Hands the organisation over: another member becomes an owner, and whoever hands over is an administrator from then on."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, audit, notifications, people
from app.core.people import Kind, Member, MemberRole, Status
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid

HEIR = "admin"  # what a former owner is


def owners() -> Sequence[Member]:
    """Those who own the organisation, by name."""
    return people.with_role(access.OWNER)


def heirs() -> Sequence[Member]:
    """Those to whom it can be handed over: active members of one's own who own nothing yet."""
    known = {owner.id for owner in owners()}
    active = select(Member).where(Member.status == Status.ACTIVE, Member.archived_at.is_(None), Member.kind == Kind.OWN)
    return [member for member in session().scalars(active.order_by(Member.name_key)) if member.id not in known]


def hand_over(reference: str) -> Member:
    """Make a member the owner in one's own place; it counts with the next request of both. Raises `Forbidden`, `Invalid`."""
    access.require_owner(current.user)
    heir = next((member for member in heirs() if member.reference == reference), None)
    if heir is None:
        raise Invalid({"member": [_("Choose one of the list.")]})
    me = session().get_one(Member, (current.organisation.id, current.user.id))
    owner = access.role_named(access.OWNER).id
    heir.role_id = owner
    session().flush()
    _let_go(me, owner)
    audit.note("ownership.organisation.hand_over", resource="people.member", record=heir, context={"from": me.id, "to": heir.id})
    notifications.notify(heir.id, "security", lambda: _("%(name)s made you the owner of %(organisation)s", name=me.name,
                                                       organisation=current.organisation.name), critical=True)
    return heir


def _let_go(member: Member, owner: UUID) -> None:
    for further in session().scalars(select(MemberRole).where(MemberRole.member_id == member.id, MemberRole.role_id == owner)):
        session().delete(further)
    member.role_id = access.role_named(HEIR).id
    session().flush()
