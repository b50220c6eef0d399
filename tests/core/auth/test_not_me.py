"""“This was not me” leaves nothing open that somebody else may hold, tells what was ended, and keeps what was there long before."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import auth
from app.core.audit.models import AuditEntry
from app.core.auth import addresses, links, recovery
from app.core.auth.factors import lost
from app.core.auth.factors.held import held_by
from app.core.auth.factors.models import LostFactor, Passkey
from app.core.auth.models import ApiToken
from app.core.people import Member
from app.core.sso.models import Link
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import as_identity, session, unit_of_work
from app.kernel.records import new_id
from tests.core.auth.conftest import Town
from tests.core.auth.letters import Mailbox, link, words
from tests.core.auth.test_second_step import with_totp
from tests.core.sso.conftest import House
from tests.core.visitors import PASSWORD, Visitor, actor_of, enrol

BEN, NEW = "ben@home.example", "quiet lanterns drift past harbour"


@pytest.fixture
def noon() -> Iterator[None]:
    """A moment that does not pass."""
    with clock.at(clock.now()):
        yield


def _passkey(identity: UUID, name: str, *, days_ago: int = 0) -> None:
    with unit_of_work(), as_identity(identity):
        session().add(Passkey(identity_id=identity, credential_id=name, public_key=b"k", name=name, transports=[],
                              created_at=clock.now() - timedelta(days=days_ago)))
        session().flush()


def _token(place: Organisation, member: Member) -> None:
    with acting(place, actor_of(place, member)), unit_of_work():
        auth.make_token("reader")


def _deny(visitor: Visitor, ben: Visitor, post: Mailbox) -> str:
    """Somebody changes the password in Ben's browser; Ben says that it was not him. Gives the page that answers."""
    ben.send("/home/settings/password", current=PASSWORD, password=NEW, again=NEW)
    return str(visitor.send(link(post.arrived(to=BEN)[-1], "/account/not-me/")).text)


def test_it_ends_sessions_tokens_new_passkeys_and_what_waits(ben: Visitor, visitor: Visitor, town: Town, post: Mailbox, noon: None) -> None:
    identity, both = town.member.identity_id, enrol(town.away, BEN, password="")
    assert identity
    _passkey(identity, "old", days_ago=30)
    _passkey(identity, "new")
    for place, member in ((town.home, town.member), (town.away, both)):
        _token(place, member)
    with unit_of_work():
        addresses.ask(identity, "mallory@else.example")
        lost.ask(identity, "it fell into the sea", source="203.0.113.9")
    post.arrived()
    page = _deny(visitor, ben, post)
    assert "1 session, 2 tokens for the API, 1 factor or passkey added lately, 3 changes that still waited" in page
    assert ben.get("/home/settings/").location.startswith("/sign-in")
    assert [key.name for key in held_by(identity).passkeys] == ["old"], "what was there long before stays"
    with unit_of_work():
        assert addresses.waiting(identity) is None
    for place in (town.home, town.away):
        with acting(place, SYSTEM), unit_of_work() as work:
            assert all(work.scalars(select(ApiToken.revoked_at)))
    with acting(town.home, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(LostFactor.outcome)).one() == "stopped"
        said = work.scalars(select(AuditEntry).where(AuditEntry.action == "auth.denied")).one().context
        assert (said["sessions"], said["tokens"], said["factors"], said["requests"]) == (1, 2, 1, 3)
    post.place = town.home  # written on the paper of an organisation that lets them in
    mail = post.arrived(to=BEN)[-1]
    assert mail["Subject"].startswith("Your account is locked")
    assert "2 tokens for the API" in words(mail)


def test_a_revoked_token_opens_nothing(app: Flask, ben: Visitor, visitor: Visitor, town: Town, post: Mailbox) -> None:
    with acting(town.home, actor_of(town.home, town.member)), unit_of_work():
        _made, secret = auth.make_token("reader")
    asked = {"headers": {"Authorization": f"Bearer {secret}"}}
    assert app.test_client().get("/api/v1/home/organisation/departments/", **asked).status_code == 200  # type: ignore[arg-type]
    _deny(visitor, ben, post)
    assert app.test_client().get("/api/v1/home/organisation/departments/", **asked).status_code == 401  # type: ignore[arg-type]


def test_an_authenticator_of_today_goes_with_its_codes_and_one_of_last_week_stays(town: Town) -> None:
    for days, left in ((0, ()), (7, ("totp",))):
        identity = enrol(town.home, f"eve{days}@home.example").identity_id
        assert identity
        with clock.at(clock.now() - timedelta(days=days)):
            with_totp(identity)
        with unit_of_work():
            secret = links.make_link(identity, purpose=links.DENY, about={"told": clock.now().isoformat()})
            recovery.deny(recovery.find(secret, links.DENY), source="")
        assert held_by(identity).kinds == left


def test_a_link_to_a_provider_made_since_then_goes(town: Town, visitor: Visitor, ben: Visitor, post: Mailbox) -> None:
    house = House(town.home, town.away, town.owner, town.member)
    provider = house.provider()
    with acting(town.home, SYSTEM), unit_of_work() as work:
        for subject, days in (("old", 30), ("new", 0)):
            work.add(Link(id=new_id(), provider_id=provider.id, member_id=town.member.id, subject=subject, email=BEN,
                          made_at=clock.now() - timedelta(days=days)))
    assert "1 link to a sign-in provider made lately" in _deny(visitor, ben, post)
    with acting(town.home, SYSTEM), unit_of_work() as work:
        assert work.scalars(select(Link.subject)).all() == ["old"]


def test_where_nothing_was_open_it_says_so(town: Town) -> None:
    identity = enrol(town.home, "eve@home.example").identity_id
    assert identity
    with unit_of_work():
        secret = links.make_link(identity, purpose=links.DENY)
        assert str(recovery.deny(recovery.find(secret, links.DENY), source="")) == "nothing was open"
