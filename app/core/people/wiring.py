"""Keeps an owner in every organisation on every path to the database, and tells jobs who acts."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Flask
from sqlalchemy import event, inspect, text

from app.core.organisations import load_organisation
from app.core.people.loading import load_actor
from app.core.people.models import Member, MemberRole
from app.core.people.services import last_owner_refusal, owner_refusal
from app.kernel.current import Actor, Organisation, current
from app.kernel.delivery import install_loader

_OTHERS = text("""SELECT r.id AS owner, EXISTS (SELECT FROM member m WHERE m.organisation_id = r.organisation_id AND m.role_id = r.id
    AND m.active AND m.archived_at IS NULL AND m.id <> :member) AS others
  FROM role r WHERE r.organisation_id = :organisation AND r.key = 'owner'""")
_OWNER = text("SELECT id FROM role WHERE organisation_id = :organisation AND key = 'owner'")
_IS_OWNER = text("""SELECT EXISTS (SELECT FROM role r JOIN member m ON m.organisation_id = r.organisation_id AND m.id = :member
  WHERE r.organisation_id = :organisation AND r.key = 'owner' AND (m.role_id = r.id OR EXISTS (SELECT FROM member_role f
    WHERE f.organisation_id = r.organisation_id AND f.member_id = m.id AND f.role_id = r.id)))""")


def install(_app: Flask) -> None:
    """Fill the loader's slot and listen to members that are changed."""
    install_loader(_load)
    if not event.contains(Member, "before_update", _changed):
        event.listen(Member, "before_insert", _changed)
        event.listen(Member, "before_update", _changed)
        event.listen(Member, "before_update", _moved)
        for moment in ("before_insert", "before_update", "before_delete"):
            event.listen(MemberRole, moment, _further)


def _load(organisation_id: UUID, actor_id: UUID) -> tuple[Organisation, Actor | None] | None:
    organisation = load_organisation(organisation_id)
    return (organisation, load_actor(organisation, actor_id)) if organisation else None


def _changed(_mapper: Any, connection: Any, member: Member) -> None:
    state: Any = inspect(member)
    if not any(state.attrs[name].history.has_changes() for name in ("role_id", "active", "archived_at")):
        return
    row = connection.execute(_OTHERS, {"member": member.id, "organisation": member.organisation_id}).first()
    if row is None:
        return
    history = state.attrs.role_id.history
    was = next(iter(history.deleted or history.unchanged or ()), None)
    stays = member.role_id == row.owner and member.active and member.archived_at is None
    if was == row.owner and not row.others and not stays:
        raise last_owner_refusal()
    if was != member.role_id and row.owner in (was, member.role_id) and not _may_name_owners():
        raise owner_refusal()


def _moved(_mapper: Any, connection: Any, member: Member) -> None:
    """The address is what one signs in with: whoever changes an owner's takes the owner's place."""
    state: Any = inspect(member)
    if state.attrs.identity_id.history.has_changes() and not _may_name_owners():
        is_owner = connection.execute(_IS_OWNER, {"member": member.id, "organisation": member.organisation_id}).scalar()
        if is_owner:
            raise owner_refusal()


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


def _may_name_owners() -> bool:
    user = current.context.user
    return user is None or user.is_system or "owner" in user.roles
