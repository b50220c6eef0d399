"""Takes members on, and keeps every organisation with an owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from zoneinfo import available_timezones

from flask_babel import gettext as _
from sqlalchemy import or_, select

from app.core import access
from app.core.people.models import Language, Member, MemberRole
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.references import assign


def enrol(name: str, email: str, role: str = "member", **said: Any) -> Member:
    """Take somebody on with a role, by its key; `said` are further fields. For commands and tests: pages come through the door."""
    member = Member(name=name, email=email.strip().lower(), role_id=access.role_named(role).id, **said)
    before_save(member)
    assign([member])
    session().add(member)
    session().flush()
    return member


def with_role(key: str) -> Sequence[Member]:
    """The active members who have a role, as their main or as a further one, by name."""
    role = select(access.Role.id).where(access.Role.key == key).scalar_subquery()
    further = select(MemberRole.member_id).where(MemberRole.role_id == role)
    return session().scalars(select(Member).where(Member.active, Member.archived_at.is_(None),
                                                  or_(Member.role_id == role, Member.id.in_(further))).order_by(Member.name_key)).all()


def before_save(member: Member) -> None:
    """Complete a member: language and zone of the organisation, an identity to sign in with."""
    organisation = current.organisation
    member.language = member.language or Language(organisation.language)
    member.timezone = member.timezone or organisation.timezone
    if member.timezone not in available_timezones():
        raise Invalid({"timezone": [_("“%(raw)s” is not a time zone. Write it like Europe/Paris.", raw=member.timezone[:40])]})
    if member.id is not None and member.manager_id == member.id:
        raise Invalid({"manager": [_("Nobody is their own manager.")]})
    if member.email:
        from app.core import auth  # auth stands on people

        with session().no_autoflush:
            member.identity_id = auth.identities_for([member.email])[member.email]


def deactivate(member: Member) -> Member:
    """Close the organisation to a member: the next request of every session and token of theirs is refused."""
    if member.id == current.user.id:
        raise Conflict(_("You cannot deactivate yourself; somebody else has to."))
    member.active = False
    return member


def activate(member: Member) -> Member:
    """Let a member in again."""
    member.active = True
    return member


def is_active(member: Member) -> bool | str:
    """Whether the member may come in."""
    return True if member.active else _("This member is not active.")


def is_inactive(member: Member) -> bool | str:
    """Whether the member may not come in."""
    return True if not member.active else _("This member is active already.")


def owner_refusal() -> Forbidden:
    """Why somebody who is no owner cannot make one, or unmake one."""
    return Forbidden(_("Only an owner can give or take the role of owner."))


def last_owner_refusal() -> Conflict:
    """Why the last owner cannot be archived, deactivated or given another role."""
    return Conflict(_("This is the last owner. Make somebody else an owner first."))
