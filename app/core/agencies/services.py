"""Offers a relation, answers it and ends it; and lets an agency's people into the organisations that they work for.

What happens on the other side is done there, by the product, in one transaction with what happens here; each side's trail says so.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import or_, select, text

from app.core import access, audit, auth, notifications, organisations, people
from app.core.agencies.models import AgencyLink
from app.core.people import Member
from app.core.people.models import Kind
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting, current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from app.kernel.records import new_id

ENTER, MANAGE = "agencies.client.enter", "agencies.link.manage"
AGENCY, CLIENT = "agency", "client"
_PARTNERS = text("SELECT agency_partners()")


@dataclass(frozen=True)
class Partner:
    """The organisation on the other side; `open` while it can be worked in."""

    id: UUID
    slug: str
    name: str
    open: bool


def side_of(link: AgencyLink) -> str:
    """What the organisation at hand is in a relation: `agency` or `client`."""
    return AGENCY if link.agency_id == current.organisation.id else CLIENT


def links(side: str, *, ended: bool = False) -> Sequence[AgencyLink]:
    """The relations in which the organisation at hand is the agency, or the client; the newest first."""
    own = AgencyLink.agency_id if side == AGENCY else AgencyLink.client_id
    query = select(AgencyLink).where(own == current.organisation.id).order_by(AgencyLink.offered_at.desc())
    return session().scalars(query if ended else query.where(AgencyLink.ended_at.is_(None))).all()


def partners() -> dict[UUID, Partner]:
    """The organisations on the other side, by id."""
    found: dict[str, Any] = session().execute(_PARTNERS).scalar() or {}
    return {UUID(key): Partner(UUID(key), said["slug"], said["name"], said["open"]) for key, said in found.items()}


def is_agency() -> bool:
    """Whether the organisation at hand works for a client now."""
    return any(link.holds for link in links(AGENCY))


def offer(side: str, slug: str, role: str, message: str) -> AgencyLink:
    """Offer to be the agency, or the client (with the role that the agency's people will have), of the organisation at that address.

    Raises `Invalid`, `Conflict`.
    """
    other = _at(slug)
    if side == CLIENT:
        _check_role(role)
    agency, client = (current.organisation.id, other.id) if side == AGENCY else (other.id, current.organisation.id)
    pair = (AgencyLink.agency_id == agency, AgencyLink.client_id == client, AgencyLink.ended_at.is_(None))
    if session().scalars(select(AgencyLink.id).where(*pair)).first():
        raise Conflict(_("There is such a relation already, or an offer of one."))
    link = AgencyLink(id=new_id(), agency_id=agency, client_id=client, offered_by=side, offered_name=current.user.name,
                      message=message.strip()[:500], **(_named(role) if side == CLIENT else {}))
    session().add(link)
    session().flush()
    _note("offer", link, other, lambda: _("%(name)s offers to work with you", name=current.organisation.name))
    return link


def accept(link_id: UUID, role: str) -> AgencyLink:
    """Say yes, as the side that was asked; the client says which role the agency's people have.

    Raises `Conflict`, `Forbidden`, `Invalid`.
    """
    link = _found(link_id)
    if not link.is_open:
        raise Conflict(_("This was answered already."))
    if side_of(link) == link.offered_by:
        raise Forbidden(_("The other side has to accept this."))
    if side_of(link) == CLIENT:
        _check_role(role)
        link.role, link.role_label = _named(role).values()
    link.accepted_at, link.accepted_name = clock.now(), current.user.name
    session().flush()
    _note("accept", link, _other(link), lambda: _("%(name)s accepted to work with you", name=current.organisation.name))
    return link


def end(link_id: UUID) -> AgencyLink:
    """End it at once, from either side, or take back or decline an offer: the agency's people are out with their next request."""
    link = _found(link_id)
    if link.ended_at is not None:
        raise Conflict(_("This has ended already."))
    held, other, here = link.holds, _other(link), current.organisation
    called = here.name if held or link.offered_by == side_of(link) else here.slug  # who said no did not say who they are
    link.ended_at, link.ended_name = clock.now(), current.user.name
    session().flush()
    if held:
        with acting(_place(link.client_id), SYSTEM):
            for member in people_of(link.agency_id):
                if member.active:  # whom the client put out by name stays so
                    perform_one("people.member", "deactivate", member)
                    member.agency = ""
            session().flush()
    _note("end", link, other, lambda: _("%(name)s ended the work with you", name=called))
    return link


def change_role(link_id: UUID, role: str) -> AgencyLink:
    """Give the agency's people another role, as their client; it counts at once."""
    link = _found(link_id)
    if side_of(link) != CLIENT or not link.holds:
        raise Conflict(_("Only a client can change this, while the agency works for them."))
    _check_role(role)
    link.role, link.role_label = _named(role).values()
    given = access.role_named(role).id
    for member in people_of(link.agency_id):
        member.role_id = given
    session().flush()
    _note("grant", link, _other(link))
    return link


def enter(link_id: UUID) -> Organisation:
    """Let whoever acts, one of the agency's own people, work for the client: as a member there, with the role that the client granted.

    Gives the client. Raises `NotFound`, `Forbidden`, `Conflict`.
    """
    access.require(current.user, ENTER)
    link = _found(link_id)
    me = session().get_one(Member, (current.organisation.id, current.user.id))
    identity = me.identity_id
    if side_of(link) != AGENCY or not link.holds:
        raise NotFound
    if me.kind is not Kind.OWN or identity is None:
        raise Forbidden(_("Only the agency's own people work for its clients."))
    agency, place = current.organisation, _place(link.client_id)
    if place.is_closing:
        raise Conflict(_("This organisation is closed at the moment."))
    with acting(place, SYSTEM):
        _seat(identity, me.name, me.email, link, agency)
        session().flush()
    if not auth.has_workspace_access(identity, place.id):
        raise Forbidden(_("This organisation keeps you out. Ask its administrators."))
    return place


def people_of(agency_id: UUID) -> Sequence[Member]:
    """The members here who are an agency's people, by name."""
    return session().scalars(select(Member).where(Member.agency_id == agency_id).order_by(Member.name_key)).all()


def _seat(identity_id: UUID, name: str, email: str, link: AgencyLink, agency: Organisation) -> None:
    """A seat in the client's organisation. Somebody who belongs there by themselves comes in as that, with what they have.

    A seat that was given up with an earlier relation names no agency until it is taken again.
    """
    known = session().scalars(select(Member).where(or_(Member.identity_id == identity_id, Member.email == email))).first()
    if known is not None and known.agency_id is None:
        return
    if known is None:
        said = {"name": name, "email": email, "role": str(access.role_named(link.role).id)}
        known = perform_one("people.member", "create", None, said).record
        known.kind = Kind.AGENCY
        people.accept(known)  # they come in themselves
    elif known.is_archived or (known.agency and (not known.active or known.agency_id != agency.id)):
        return  # the client put them out by name, or they work here for another agency
    elif not known.active:
        perform_one("people.member", "activate", known)
    known.agency_id = agency.id
    known.agency = known.job_title = agency.name
    known.role_id = access.role_named(link.role).id


def _check_role(key: str) -> None:
    """An agency is given a role that whoever gives it has too, and never that of an owner."""
    known = dict(access.role_choices())
    if key not in known:
        raise Invalid({"role": [_("Choose one of the list.")]})
    if key == access.OWNER:
        raise Invalid({"role": [_("An agency's people are never owners.")]})
    if pattern := access.lacking(current.user, access.given_by(access.role_named(key).id)):
        raise Forbidden(access.more_than_held(pattern))


def _named(role: str) -> dict[str, str]:
    return {"role": role, "role_label": dict(access.role_choices())[role]}


def _at(slug: str) -> Organisation:
    found = organisations.place_of(slug.strip().strip("/").lower())
    place = organisations.load_organisation(found) if found else None
    if place is None or place.is_closing:
        raise Invalid({"address": [_("There is no organisation at this address.")]})
    if place.id == current.organisation.id:
        raise Invalid({"address": [_("This is your own organisation.")]})
    return place


def _found(link_id: UUID) -> AgencyLink:
    """The relation, locked, if the organisation at hand is one of the two."""
    mine = or_(AgencyLink.agency_id == current.organisation.id, AgencyLink.client_id == current.organisation.id)
    found = session().scalars(select(AgencyLink).where(AgencyLink.id == link_id, mine).with_for_update()
                              .execution_options(populate_existing=True)).first()
    if found is None:
        raise NotFound
    return found


def _other(link: AgencyLink) -> Organisation | None:
    return organisations.load_organisation(link.client_id if side_of(link) == AGENCY else link.agency_id)


def _place(organisation_id: UUID) -> Organisation:
    """Raises `NotFound` when it is gone or suspended."""
    found = organisations.load_organisation(organisation_id)
    if found is None:
        raise NotFound
    return found


def _note(what: str, link: AgencyLink, other: Organisation | None, title: Callable[[], str] | None = None) -> None:
    """In both trails; and those who look after such relations on the other side are told."""
    here, action = current.organisation, f"agencies.link.{what}"
    said = {"agency": link.agency_id, "client": link.client_id, "role": link.role}
    audit.note(action, resource="agencies.link", record_id=link.id, record_reference=other.slug if other else "", context=said)
    if other is None:
        return
    words = title() if title else ""
    with acting(other, SYSTEM):
        audit.note(action, resource="agencies.link", record_id=link.id, record_reference=here.slug, context={**said, "from": here.slug})
        for member in {each.id: each for role in ("owner", "admin") for each in people.with_role(role)}.values() if words else ():
            notifications.notify(member.id, "security", words, f"/{other.slug}/settings/agencies")
        session().flush()
