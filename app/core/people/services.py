"""Takes members on, and keeps every organisation with an owner."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import inspect, select

from app.core import access
from app.core.access.events import RoleGiven
from app.core.people.events import AddressMoved, SeatAsked
from app.core.people.loading import HOLDING, load_actors
from app.core.people.models import Kind, Language, Member, MemberRole, Status
from app.kernel import clock
from app.kernel.current import Actor, current, matches
from app.kernel.db import session
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.events import publish
from app.kernel.preferences import spoken, unspoken
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.zones import zone_faults


def enrol(name: str, email: str, role: str = "member", **said: Any) -> Member:
    """Take somebody on who said yes, with a role, by its key; `said` are further fields. Pages come through the door."""
    member = Member(name=name, email=email.strip().lower(), role_id=access.role_named(role).id, **said)
    before_save(member)
    accept(member)
    assign([member])
    session().add(member)
    session().flush()
    return member


def with_role(key: str) -> Sequence[Member]:
    """The active members who have a role now, as their main one, as a further one or by a group, by name."""
    now = {member_id for held, member_id in holding() if held == key}
    return session().scalars(select(Member).where(Member.status == Status.ACTIVE, Member.archived_at.is_(None), Member.id.in_(now))
                             .order_by(Member.name_key)).all()


def holding() -> list[tuple[str, UUID]]:
    """Who has which role at this moment, everywhere: key and member, in a stable order."""
    rows = session().execute(HOLDING, {"now": clock.now(), "organisation": current.organisation.id})
    return sorted((row.key, row.member_id) for row in rows)


def able(permission: str) -> list[Actor]:
    """The active members who have a permission now, by any way and for some records at least, able to act, by name.

    Read through the roles that give it, so that it costs what those few cost and not what all members do.
    """
    giving = access.roles_giving(permission)
    found = {member_id for key, member_id in holding() if key in giving}
    found |= set(session().scalars(select(MemberRole.member_id).join(access.Role, access.Role.id == MemberRole.role_id).where(
        MemberRole.site_id.is_not(None), access.Role.key.in_(giving))))
    single = access.MemberGrant
    singles = session().execute(select(single.member_id, single.pattern).where(single.archived_at.is_(None)))
    found |= {row.member_id for row in singles if matches(row.pattern, permission)}
    return [actor for actor in load_actors(found) if access.can(actor, permission)]


def is_owner(member: Member) -> bool:
    """Whether a member has the role of owner, active or not."""
    owner = access.role_named("owner").id
    further = select(MemberRole.id).where(MemberRole.member_id == member.id, MemberRole.role_id == owner)
    return member.role_id == owner or session().scalar(further) is not None


def before_save(member: Member) -> None:
    """Complete a member: language and zone of the organisation, an identity to sign in with; a person who exists is asked first."""
    organisation = current.organisation
    member.language = member.language or Language(organisation.language)
    member.timezone = member.timezone or organisation.timezone
    _require_spoken(member)
    if said := zone_faults(member.timezone):
        raise Invalid({"timezone": said})
    if (member.kind == Kind.AGENCY) != (member.agency_id is not None):
        raise Invalid({"kind": [_("Whoever an agency sends is a member of its kind, and nobody else is: see Agencies.")]})
    if member.id is not None and member.manager_id == member.id:
        raise Invalid({"manager": [_("Nobody is their own manager.")]})
    _tell_role(member)
    if member.email:
        from app.core import auth  # auth stands on people

        _tell_former(member)
        with session().no_autoflush:
            identity = auth.identities_for([member.email])[member.email]
            if identity != member.identity_id and auth.is_somebody(identity):
                ask(member)
            member.identity_id = identity


def _tell_role(member: Member) -> None:
    state: Any = inspect(member)
    if state.persistent and state.attrs.role_id.history.added:
        publish(RoleGiven(member.id, member.role_id))


def _tell_former(member: Member) -> None:
    state: Any = inspect(member)
    former = next(iter(state.attrs.email.history.deleted or ()), None)
    if former and former != member.email and state.persistent:
        publish(AddressMoved(member.id, former, current.user.name))


def ask(member: Member) -> None:
    """Wait for a person's yes: until then the seat opens nothing, and what is set here about sign-in is not for them."""
    member.id = member.id or new_id()
    member.accepted = False
    if member.status in (None, Status.ACTIVE):
        member.status = Status.PENDING
        publish(SeatAsked(member.id))


def accept(member: Member) -> Member:
    """The person said yes: the seat is theirs from now on. Only for whoever knows that it was them."""
    member.accepted = True
    if member.status == Status.PENDING:
        member.status = Status.ACTIVE
    return member


def _require_spoken(member: Member) -> None:
    """Only a language that the organisation offers is chosen; one that it offers no more stays with whoever has it."""
    state: Any = inspect(member)
    if member.language.value in unspoken() and state.attrs.language.history.has_changes():
        known = ", ".join(spoken().values())
        raise Invalid({"language": [_("“%(raw)s” is not one of: %(known)s.", raw=member.language.label, known=known)]})


def deactivate(member: Member) -> Member:
    """Close the organisation to a member who is away: the next request of every session and token of theirs is refused."""
    return _keep_out(member, Status.INACTIVE)


def suspend(member: Member) -> Member:
    """Keep a member out until something is settled; as at once as `deactivate`, and told apart in every list."""
    return _keep_out(member, Status.SUSPENDED)


def activate(member: Member) -> Member:
    """Let a member in again; who never said yes is asked again."""
    member.status = Status.ACTIVE
    if not member.accepted:
        ask(member)
    return member


def can_activate(member: Member) -> bool | str:
    """Whether the member is kept out now."""
    if member.status == Status.PENDING:
        return _("This person was asked to join and has not said yes yet.")
    return True if not member.active else _("This member is active already.")


def can_deactivate(member: Member) -> bool | str:
    """Whether the member is not inactive already."""
    return True if member.status != Status.INACTIVE else _("This member is not active.")


def can_suspend(member: Member) -> bool | str:
    """Whether the member is not suspended already."""
    return True if member.status != Status.SUSPENDED else _("This member is suspended already.")


def _keep_out(member: Member, status: Status) -> Member:
    if member.id == current.user.id:
        raise Conflict(_("You cannot deactivate yourself; somebody else has to."))
    member.status = status
    return member


def owner_refusal() -> Forbidden:
    """Why somebody who is no owner cannot make one, or unmake one."""
    return Forbidden(_("Only an owner can give or take the role of owner."))


def last_owner_refusal() -> Conflict:
    """Why the last owner cannot be archived, deactivated or given another role."""
    return Conflict(_("This is the last owner. Make somebody else an owner first."))
