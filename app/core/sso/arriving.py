"""From somebody whom a provider vouches for to a member: known from before, found by a proved address, or made now; with roles by group."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, select

from app.core import access, audit, auth, organisations, people
from app.core.people import Member, MemberRole, Status
from app.core.sso import domains
from app.core.sso.models import Attempt, Joining, Link, Provider, ProviderGroup
from app.core.sso.vouching import Doubtful, Vouched
from app.kernel import clock
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session


def member_for(provider: Provider, person: Vouched, linking: UUID | None = None) -> Member:
    """The member that somebody is here. `linking` is the member who is signed in and adds this way in. Raises `Doubtful`."""
    if not person.subject:
        raise Doubtful("subject")
    link = session().scalar(select(Link).where(Link.provider_id == provider.id, Link.subject == person.subject))
    if linking is not None:
        return _linked(provider, person, link, linking)
    member = session().get(Member, (provider.organisation_id, link.member_id)) if link else _found_or_made(provider, person)
    if member is None or not _is_here(member):
        raise Doubtful("member")
    if link is None:
        link = _link(provider, person, member)
    link.last_used_at = clock.now()
    _give_roles(provider, person, member, link)
    session().flush()
    return member


def _is_here(member: Member) -> bool:
    """Whether somebody may come in. Who was asked to join says yes by coming, but only with an address of a domain that is confirmed
    to be the organisation's: a provider could say of anybody else that it is them.
    """
    if member.status == Status.PENDING and domains.is_confirmed(member.email):
        people.accept(member)
    return member.active and not member.is_archived


def _linked(provider: Provider, person: Vouched, link: Link | None, linking: UUID) -> Member:
    """Another way in for somebody who is signed in; one that is somebody else's already stays theirs."""
    member = session().get_one(Member, (provider.organisation_id, linking))
    if link is not None and link.member_id != linking:
        raise Doubtful("linked")
    if link is None:
        _link(provider, person, member)
        if member.identity_id:
            auth.tell_of_way(member.identity_id, provider.name)
    return member


def _found_or_made(provider: Provider, person: Vouched) -> Member:
    """By the proved address only: whoever writes their own address at the provider must not become somebody else here."""
    if not person.email or person.verified is False or not (person.verified or domains.is_confirmed(person.email)):
        raise Doubtful("address")
    member = session().scalar(select(Member).where(Member.email == person.email))
    if member is None:
        return _made(provider, person)
    if people.is_owner(member):
        raise Doubtful("owner")  # a provider is set up by administrators; an owner links it from within
    return member


def _made(provider: Provider, person: Vouched) -> Member:
    """A new member, if whoever set the provider up wants such."""
    wanted = provider.joining == Joining.EVERYBODY or (provider.joining == Joining.DOMAINS and domains.is_confirmed(person.email))
    if not wanted:
        raise Doubtful("stranger")
    mapped = _roles_of(provider, person)
    role_id = provider.role_id or next(iter(mapped), None) or access.role_named("member").id
    role = session().get_one(access.Role, (provider.organisation_id, role_id))
    with audit.doing("sso.provider.join", provider=provider.name):
        if not domains.is_confirmed(person.email) and (known := auth.identity_of(person.email)) and auth.is_somebody(known):
            raise Doubtful("elsewhere")  # a person who exists is invited: this provider may not speak for them
        return people.enrol((person.name or person.email.partition("@")[0])[:120], person.email, role.key)


def unlink(identity_id: UUID, since: datetime) -> int:
    """Take away the links to providers that were made for a person since a moment, wherever they are a member; gives how many."""
    gone = 0
    for place in auth.organisations_of(identity_id):
        organisation = organisations.load_organisation(place.id)
        if organisation is None:
            continue
        with acting(organisation, SYSTEM):
            for link in session().scalars(select(Link).where(Link.member_id == place.member_id, Link.made_at >= since)):
                audit.note("sso.link.removed", resource="people.member", record_id=place.member_id, context={"link": link.id})
                session().delete(link)
                gone += 1
            session().flush()
    return gone


def forget(provider: Provider) -> None:
    """The provider is another server now: whom the former one vouched for is nobody's word any more, nor is what is under way."""
    session().execute(delete(Attempt).where(Attempt.provider_id == provider.id))
    for link in session().scalars(select(Link).where(Link.provider_id == provider.id)):
        audit.note("sso.link.removed", resource="people.member", record_id=link.member_id,
                   context={"link": link.id, "provider": provider.name, "reason": "moved"})
        session().delete(link)


def _link(provider: Provider, person: Vouched, member: Member) -> Link:
    link = Link(provider_id=provider.id, member_id=member.id, subject=person.subject, email=person.email, given=[])
    session().add(link)
    session().flush()
    audit.note("sso.link.made", resource="people.member", record=member, context={"provider": provider.name})
    return link


def _give_roles(provider: Provider, person: Vouched, member: Member, link: Link) -> None:
    """Bring the roles that come from groups in step with the groups of today; what was given by hand stays."""
    wanted = _roles_of(provider, person)
    held = {row.role_id: row for row in session().scalars(select(MemberRole).where(MemberRole.member_id == member.id))}
    for role_id in set(link.given) - set(wanted):
        if role_id in held:
            session().delete(held[role_id])
    fresh = [role_id for role_id in wanted if role_id not in held and role_id != member.role_id]
    session().add_all(MemberRole(member_id=member.id, role_id=role_id) for role_id in fresh)
    kept = [role_id for role_id in wanted if role_id in fresh or role_id in link.given]
    if kept != link.given:
        link.given = kept


def _roles_of(provider: Provider, person: Vouched) -> list[UUID]:
    """The roles that the groups stand for, in the order of the list; never that of the owner."""
    groups = {group.casefold() for group in person.groups}
    wanted = select(ProviderGroup.group, ProviderGroup.role_id).where(ProviderGroup.provider_id == provider.id).order_by(ProviderGroup.id)
    owner = access.role_named("owner").id
    return list(dict.fromkeys(row.role_id for row in session().execute(wanted)
                              if row.group.strip().casefold() in groups and row.role_id != owner))
