"""Keeps an owner in every organisation on every path to the database, and tells jobs who acts."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from flask import Flask
from flask_babel import gettext as _
from sqlalchemy import event, inspect, text
from sqlalchemy.orm import object_session

from app.core import access, audit
from app.core.organisations import load_organisation
from app.core.people.below import members_below
from app.core.people.groups import Group, GroupMember, GroupRole
from app.core.people.invitations import Invitation
from app.core.people.loading import grants_of, load_actor
from app.core.people.models import Member, MemberRole, Status
from app.core.people.services import last_owner_refusal, owner_refusal
from app.kernel.current import PLATFORM_ID, SYSTEM, SYSTEM_ID, Actor, Grant, Organisation, current
from app.kernel.delivery import bare, install_loader
from app.kernel.errors import Conflict, Forbidden

_OTHERS = text("""SELECT r.id AS owner, EXISTS (SELECT FROM member m WHERE m.organisation_id = r.organisation_id AND m.role_id = r.id
    AND m.status = 'active' AND m.archived_at IS NULL AND m.id <> :member) AS others
  FROM role r WHERE r.organisation_id = :organisation AND r.key = 'owner'""")
_ONE_AT_A_TIME = text("SELECT id FROM role WHERE organisation_id = :organisation AND key = 'owner' FOR NO KEY UPDATE")
_OF_GROUP = text("""WITH RECURSIVE above AS (
    SELECT p.id, p.parent_id FROM member_group p WHERE p.organisation_id = :organisation AND p.id = :group
    UNION SELECT p.id, p.parent_id FROM member_group p JOIN above a ON p.id = a.parent_id WHERE p.organisation_id = :organisation)
  SELECT g.role_id FROM group_role g JOIN above a ON a.id = g.group_id WHERE g.organisation_id = :organisation AND g.archived_at IS NULL""")
_OWNER = text("SELECT id FROM role WHERE organisation_id = :organisation AND key = 'owner'")
_GRANTS = text("""WITH RECURSIVE chain AS (
    SELECT r.id, r.parent_id FROM role r WHERE r.organisation_id = :organisation AND r.id = ANY(:roles)
    UNION SELECT r.id, r.parent_id FROM role r JOIN chain c ON r.id = c.parent_id WHERE r.organisation_id = :organisation)
  SELECT g.pattern, g.scope, g.rule FROM role_grant g JOIN chain c ON c.id = g.role_id WHERE g.organisation_id = :organisation""")
_ROLES = text("""SELECT role_id FROM member WHERE organisation_id = :organisation AND id = :member
  UNION SELECT role_id FROM member_role WHERE organisation_id = :organisation AND member_id = :member""")
_IS_OWNER = text("""SELECT EXISTS (SELECT FROM role r JOIN member m ON m.organisation_id = r.organisation_id AND m.id = :member
  WHERE r.organisation_id = :organisation AND r.key = 'owner' AND (m.role_id = r.id OR EXISTS (SELECT FROM member_role f
    WHERE f.organisation_id = r.organisation_id AND f.member_id = m.id AND f.role_id = r.id)))""")


COUNTED = ("parent_id", "archived_at", "starts_on", "ends_on")  # what changes to whom a group gives its roles


def install(app: Flask) -> None:
    """Fill the loader's slot and listen to members that are changed; `members_below(group)` in Jinja is what the page of a group shows."""
    install_loader(_load)
    app.jinja_env.globals["members_below"] = members_below
    if not event.contains(Member, "before_update", _changed):
        event.listen(Member, "before_insert", _changed)
        event.listen(Member, "before_update", _changed)
        event.listen(Member, "before_update", _moved)
        for moment in ("before_insert", "before_update", "before_delete"):
            event.listen(MemberRole, moment, _further)
        for moment in ("before_insert", "before_update"):
            event.listen(Invitation, moment, _invited)
            event.listen(GroupRole, moment, _group_given)
            event.listen(GroupMember, moment, _joined)
        event.listen(Member.archived_at, "set", _put_away)
        event.listen(Group, "before_update", _group_moved)


def _load(organisation_id: UUID, actor_id: UUID) -> tuple[Organisation, Actor | None] | None:
    if organisation_id == PLATFORM_ID:  # work above the organisations is the product's own
        return (bare(PLATFORM_ID), SYSTEM) if actor_id == SYSTEM_ID else None
    organisation = load_organisation(organisation_id)
    return (organisation, load_actor(organisation, actor_id)) if organisation else None


def _changed(_mapper: Any, connection: Any, member: Member) -> None:
    state: Any = inspect(member)
    if not any(state.attrs[name].history.has_changes() for name in ("role_id", "status", "accepted", "archived_at")):
        return
    if member.active and member.accepted is False:
        raise Conflict(_("This person was asked to join and has not said yes yet."))
    row = connection.execute(_OTHERS, {"member": member.id, "organisation": member.organisation_id}).first()
    if row is None:
        return
    history = state.attrs.role_id.history
    was = next(iter(history.deleted or history.unchanged or ()), None)
    stays = member.role_id == row.owner and member.active and member.archived_at is None
    if was == row.owner and not stays and not _others_stay(connection, member):
        audit.note("people.owner.refuse", resource="people.member", record=member, result="refused", apart=True)
        raise last_owner_refusal()
    if was != member.role_id and row.owner in (was, member.role_id) and not _may_name_owners():
        raise owner_refusal()
    if was != member.role_id:
        _refuse_more(connection, member.organisation_id, [member.role_id])


def _others_stay(connection: Any, member: Member) -> bool:
    """Whether there is another owner; asked one after the other, so that two do not unmake each other at the same moment."""
    told = {"member": member.id, "organisation": member.organisation_id}
    connection.execute(_ONE_AT_A_TIME, told)
    return bool(connection.execute(_OTHERS, told).one().others)


def _put_away(member: Member, moment: datetime | None, _before: Any, _initiator: Any) -> None:
    """The archive and the status say the same. Whoever is restored stays out until somebody lets them in."""
    if moment is not None:
        member.status = Status.ARCHIVED
    elif member.status == Status.ARCHIVED:
        member.status = Status.INACTIVE


def _invited(_mapper: Any, connection: Any, invitation: Invitation) -> None:
    """An invitation gives a role, so whoever writes it must be able to give that role."""
    state: Any = inspect(invitation)
    if not state.attrs.role_id.history.has_changes() or _may_name_owners():
        return
    place = invitation.organisation_id or current.organisation.id
    if connection.execute(_OWNER, {"organisation": place}).scalar() == invitation.role_id:
        raise owner_refusal()
    _refuse_more(connection, place, [invitation.role_id])


def _moved(_mapper: Any, connection: Any, member: Member) -> None:
    """The address is what one signs in with: whoever changes somebody's can take their place, so they must hold as much."""
    state: Any = inspect(member)
    if state.attrs.identity_id.history.has_changes() and not _may_name_owners():
        told = {"member": member.id, "organisation": member.organisation_id}
        if connection.execute(_IS_OWNER, told).scalar():
            raise owner_refusal()
        _refuse_more(connection, member.organisation_id, connection.execute(_ROLES, told).scalars().all())
        _refuse(grants_of(connection, member.organisation_id, member.id))


def _further(_mapper: Any, connection: Any, further: MemberRole) -> None:
    if _may_name_owners():
        return
    state: Any = inspect(further)
    history = state.attrs.role_id.history
    roles = {*(history.deleted or ()), further.role_id}
    place = further.organisation_id or current.organisation.id  # the column's default is filled in by the statement itself
    owner = connection.execute(_OWNER, {"organisation": place}).scalar()
    if owner in roles:
        raise owner_refusal()
    if not state.was_deleted and further not in object_session(further).deleted:
        _refuse_more(connection, place, [further.role_id])


def _group_given(_mapper: Any, connection: Any, given: GroupRole) -> None:
    """A group never makes owners, and nobody gives by it what they do not have."""
    place = given.organisation_id or current.organisation.id
    if given.archived_at is not None:
        return
    if connection.execute(_OWNER, {"organisation": place}).scalar() == given.role_id:
        raise Forbidden(_("The role of owner is given to people, not to groups."))
    _refuse_more(connection, place, [given.role_id])


def _joined(_mapper: Any, connection: Any, joined: GroupMember) -> None:
    """Whoever takes somebody into a group gives them its roles."""
    place = joined.organisation_id or current.organisation.id
    _refuse_more(connection, place, connection.execute(_OF_GROUP, {"organisation": place, "group": joined.group_id}).scalars().all())


def _group_moved(_mapper: Any, connection: Any, group: Group) -> None:
    """A group moved below another, or restored, gives its members the roles of those above."""
    state: Any = inspect(group)
    if group.archived_at is None and any(state.attrs[name].history.has_changes() for name in COUNTED):
        told = {"organisation": group.organisation_id, "group": group.id}
        roles = connection.execute(_OF_GROUP, told).scalars().all()
        above = connection.execute(_OF_GROUP, {**told, "group": group.parent_id}).scalars().all() if group.parent_id else []
        _refuse_more(connection, group.organisation_id, [*roles, *above])


def _refuse_more(connection: Any, place: UUID, roles: Sequence[UUID]) -> None:
    """Nobody makes somebody else, or themselves, more than they are."""
    rows = connection.execute(_GRANTS, {"organisation": place, "roles": list(roles)})
    _refuse([Grant(pattern, scope, rule=rule or "") for pattern, scope, rule in rows])


def _refuse(grants: Sequence[Grant]) -> None:
    user = current.context.user
    if user is None or user.is_system:
        return
    if pattern := access.lacking(user, grants):
        raise Forbidden(access.more_than_held(pattern))


def _may_name_owners() -> bool:
    user = current.context.user
    return user is None or user.is_system or access.is_owner(user)
