"""Signing in through a provider, from the first step to the session: what is refused and what is out of order look alike to outsiders."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _

from app.core import audit, auth, organisations
from app.core.auth import throttle
from app.core.people import Member
from app.core.sso import anew, arriving, attempts, directories, providers
from app.core.sso.attempts import Under
from app.core.sso.models import Kind, Provider
from app.core.sso.vouching import Doubtful, Vouched
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.errors import NotFound, Refusal, TooMany
from app.kernel.outgoing import OutgoingError

log = logging.getLogger("opsflux.sso")
Proof = Callable[[Provider, Callable[[str], None]], Vouched]
METHODS = {"saml": "saml", "ldap": "ldap", "directory": "ldap"}


class NotLetIn(Refusal):
    """It did not work; neither the one who tries nor the page says why."""

    status, code = 422, "not-let-in"


@dataclass(frozen=True)
class LetIn:
    """Somebody is in: the secret for the cookie (empty when they only added a way in), and where they wanted to go."""

    secret: str
    address: str


@contextmanager
def within(house: UUID) -> Iterator[Organisation]:
    """Act for an organisation in which nobody is signed in yet. Raises `NotFound`, for one that is suspended too."""
    found = organisations.load_organisation(house)
    if found is None:
        raise NotFound
    with acting(found, SYSTEM):
        yield found


def set_out(house: UUID, provider_id: UUID, wanted: str, way: Callable[[Provider, Under], str], linking: UUID | None = None,
            proving: UUID | None = None) -> str:
    """The address at the provider to go to; `way` knows it. Raises `NotLetIn`."""
    with within(house):
        with unit_of_work() as work:
            provider = providers.provider(provider_id)
            under = attempts.begin(provider, wanted, linking, proving)
            work.expunge(provider)
        with _judged(provider, ""):
            return way(provider, under)


def come_back(house: UUID, provider_id: UUID, state: str, proof: Callable[[Provider, Under], Vouched], *, source: str, agent: str) -> LetIn:
    """Let somebody in whom the provider vouches for; `proof` reads what it said. Commits by itself. Raises `NotLetIn`."""
    with within(house) as organisation:
        provider = _provider(provider_id)
        with _judged(provider, source):
            with unit_of_work():
                under = attempts.finish(provider, state)
            person = proof(provider, under)
            if under.proving:
                _prove(provider, person, under.proving)
                return LetIn("", under.wanted)
            secret = let_in(organisation, provider, person, source=source, agent=agent, linking=under.linking)
        return LetIn(secret, under.wanted or f"/{organisation.slug}/")


def hear(house: UUID, provider_id: UUID, state: str, proof: Callable[[Provider, Under], Vouched], *, source: str) -> None:
    """Keep whom the provider vouches for, where its answer comes without our cookies; `collect` lets them in. Raises `NotLetIn`."""
    with within(house):
        provider = _provider(provider_id)
        with _judged(provider, source):
            with unit_of_work():
                under = attempts.answer(provider, state)
            person = proof(provider, under)
            with unit_of_work():
                found = anew.known(provider, person) if under.proving else arriving.member_for(provider, person, under.linking)
                if found is None:
                    raise Doubtful("somebody else")
                attempts.keep(provider, state, found.id)


def collect(house: UUID, provider_id: UUID, state: str, *, source: str, agent: str) -> LetIn:
    """Let in whom the provider vouched for a moment ago, in the browser that set out. Raises `NotLetIn`."""
    with within(house) as organisation:
        provider = _provider(provider_id)
        with _judged(provider, source), unit_of_work() as work:
            member_id, under = attempts.collect(provider, state)
            member = work.get_one(Member, (organisation.id, member_id))
            if under.proving:
                anew.prove(provider, member, under.proving)
                return LetIn("", under.wanted)
            secret = _opened(organisation, provider, member, source=source, agent=agent)
        return LetIn(secret, under.wanted or f"/{organisation.slug}/")


def enter(house: UUID, provider_id: UUID, username: str, proof: Proof, *, source: str, agent: str) -> LetIn:
    """Let in whom a directory knows by name and password, counted like every other password. Raises `NotLetIn` and `TooMany`.

    A try counts for the name, however it is written, and for whom the directory found by it; that the latter had too many looks
    like a wrong password, so that nobody learns who is known there.
    """
    with within(house) as organisation, _told(provider_id, username, proof, source) as (provider, person):
        secret = let_in(organisation, provider, person, source=source, agent=agent)
    return LetIn(secret, f"/{organisation.slug}/")


def confirm(house: UUID, provider_id: UUID, username: str, session_id: UUID, proof: Proof, *, source: str) -> None:
    """Somebody proves anew who they are by a directory's name and password, counted as in `enter`. Raises `NotLetIn` and `TooMany`."""
    with within(house), _told(provider_id, username, proof, source) as (provider, person):
        _prove(provider, person, session_id)


def _prove(provider: Provider, person: Vouched, session_id: UUID) -> None:
    with unit_of_work():
        anew.prove(provider, anew.known(provider, person), session_id)


@contextmanager
def _told(provider_id: UUID, username: str, proof: Proof, source: str) -> Iterator[tuple[Provider, Vouched]]:
    """Whom a directory knows by this name and password; the tries are forgotten once the block has ended well."""
    provider = _provider(provider_id)
    if Kind(provider.kind) not in providers.DIRECTORIES:
        raise NotFound
    counted = [f"{provider.id} {directories.short(username)}"]

    def found(entry: str) -> None:
        counted.append(f"{provider.id} {entry}")
        try:
            throttle.count(counted[-1], source, "directory-entry")
        except TooMany:
            raise Doubtful("tries") from None

    throttle.count(counted[0], source, "directory")
    with _judged(provider, source):
        yield provider, proof(provider, found)
    for name, kind in zip(counted, ("directory", "directory-entry"), strict=True):
        throttle.forget(name, source, kind)


def _provider(provider_id: UUID) -> Provider:
    with unit_of_work() as work:
        provider = providers.provider(provider_id)
        work.expunge(provider)
    return provider


def let_in(organisation: Organisation, provider: Provider, person: Vouched, *, source: str, agent: str, linking: UUID | None = None) -> str:
    """A session of the member that somebody is here, which opens this organisation alone; its secret. Raises `Doubtful`."""
    with unit_of_work():
        member = arriving.member_for(provider, person, linking)
        return _opened(organisation, provider, member, source=source, agent=agent) if linking is None else ""


def _opened(organisation: Organisation, provider: Provider, member: Member, *, source: str, agent: str) -> str:
    if member.identity_id is None or not member.active:
        raise Doubtful("member")
    audit.note("sso.sign_in", resource=audit.ACCOUNT, actor_id=member.id, record_id=member.id, record_reference=member.reference,
               context={"provider": provider.name, "source": source})
    return auth.opened(member.identity_id, source=source, agent=agent, method=METHODS.get(str(provider.kind), "oidc"),
                       confined_to=organisation.id)


@contextmanager
def _judged(provider: Provider, source: str) -> Iterator[None]:
    """Write doubt into the trail, and trouble into the log; say the same of both."""
    try:
        yield
    except Doubtful as error:
        log.warning("Sign-in through %s was refused: %s", provider.reference, error)
        _refused(provider, source, error.reason)
    except OutgoingError as error:
        log.error("Sign-in through %s is out of order: %s", provider.reference, error)  # noqa: TRY400 -- an outage there, no fault here
        _refused(provider, source, "away")


def _refused(provider: Provider, source: str, reason: str) -> None:
    with unit_of_work():
        audit.note("sso.sign_in", result="refused", resource="sso.provider", record_id=provider.id, record_reference=provider.reference,
                   context={"reason": reason, "source": source})
    raise NotLetIn(_("Signing in through %(name)s did not work. Try again, or ask whoever looks after it.", name=provider.name)) from None
