"""Whether somebody may enter an organisation, and as what: the same answers that let them in, for whoever asks by name.

A workspace is an organisation. Each answer comes from the functions of the gate, which run with rights of their own and read what is true
at this moment; nobody who asks can change it. What a member may then do is `access.can()`.
"""

from __future__ import annotations

from uuid import UUID

from app.core import access
from app.core.auth.seats import member_in
from app.core.auth.sessions import organisations_of
from app.core.organisations import load_organisation
from app.core.people import load_actor
from app.kernel.current import Actor


def has_workspace_access(identity_id: UUID, organisation_id: UUID) -> bool:
    """Whether somebody may enter an organisation: as a member, or as one of an agency's people."""
    return any(place.id == organisation_id for place in organisations_of(identity_id))


def has_workspace_role(identity_id: UUID, organisation_id: UUID, role: str) -> bool:
    """Whether somebody holds a role there now, by any way in which roles are held."""
    actor = _actor(identity_id, organisation_id)
    return actor is not None and role in actor.roles


def is_workspace_owner(identity_id: UUID, organisation_id: UUID) -> bool:
    """Whether somebody owns an organisation."""
    actor = _actor(identity_id, organisation_id)
    return actor is not None and access.is_owner(actor)


def has_agency_access(identity_id: UUID, organisation_id: UUID) -> bool:
    """Whether somebody may enter an organisation because their agency works for it."""
    actor = _actor(identity_id, organisation_id)
    return actor is not None and bool(actor.agency)


def _actor(identity_id: UUID, organisation_id: UUID) -> Actor | None:
    """Who somebody is there; None for whoever may not enter."""
    organisation = load_organisation(organisation_id) if has_workspace_access(identity_id, organisation_id) else None
    member = member_in(organisation, identity_id) if organisation else None
    return load_actor(organisation, member.id) if organisation and member else None
