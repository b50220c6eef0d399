"""Whether somebody may enter an organisation, and as what: the same answers that let them in, for whoever asks by name.

A workspace is an organisation. Each answer comes from the functions of the gate, which run with rights of their own and read what is true
at this moment; nobody who asks can change it. What a member may then do is `access.can()`.
"""

from __future__ import annotations

from uuid import UUID

from app.core import access
from app.core.auth.seats import member_in
from app.core.auth.sessions import Place, organisations_of
from app.core.organisations import load_organisation
from app.core.people import load_actor
from app.kernel.current import Actor

WORK_FOR = "agencies.client.enter"


def open_to(identity_id: UUID, confined_to: UUID | None = None) -> list[Place]:
    """The organisations that let somebody in, by name, once they signed in the way that each of them asks for.

    Whom a provider vouched for (`confined_to`) enters its organisation, and the clients that they work for from there.
    """
    return [place for place in organisations_of(identity_id) if confined_to in (None, place.id, place.home) and _is_sent(place)]


def _is_sent(place: Place) -> bool:
    """Whether the home of whom an agency sends lets them work for clients; who belongs to the place themselves needs nobody's leave."""
    if place.home is None or place.own_id is None:
        return place.home is None
    home = load_organisation(place.home)
    actor = load_actor(home, place.own_id) if home else None
    return actor is not None and bool(access.can(actor, WORK_FOR))


def has_workspace_access(identity_id: UUID, organisation_id: UUID) -> bool:
    """Whether somebody may enter an organisation: as a member, or as one of an agency's people; by the way of signing in that it takes."""
    return any(place.id == organisation_id for place in open_to(identity_id))


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
