"""What a provider says of somebody who exists: their yes, where the organisation holds the domain of their address; else nobody's."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import auth, people
from app.core.people import Member, Status
from app.core.sso.models import Joining
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from tests.core.sso.conftest import House, Way
from tests.core.visitors import Visitor, enrol
from tests.infra.vouching import Vouching

IDA = "ida@away.example"


@pytest.fixture
def said(house: House, vouching: Vouching) -> None:
    """The provider says that Ida, who belongs elsewhere, sits before it."""
    enrol(house.away, IDA)
    vouching.person = {"sub": "s-ida", "email": IDA, "email_verified": True, "name": "Ida Away"}


def seat(house: House) -> Member | None:
    """What Ida is here."""
    with acting(house.home, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(Member).where(Member.email == IDA)).first()
        if found is not None:
            work.expunge(found)
    return found


def waits(house: House) -> None:
    """Somebody here made a member of Ida."""
    with acting(house.home, SYSTEM), unit_of_work():
        people.ask(people.enrol("Ida There", IDA))


@pytest.mark.usefixtures("said")
def test_no_provider_makes_a_member_of_somebody_elsewhere(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    assert way(visitor, house.provider(address=vouching.url, joining=Joining.EVERYBODY)).status_code == 422
    assert house.refusals() == ["elsewhere"]
    assert seat(house) is None


@pytest.mark.usefixtures("said")
def test_no_provider_says_their_yes(house: House, visitor: Visitor, way: Way, vouching: Vouching) -> None:
    waits(house)
    assert way(visitor, house.provider(address=vouching.url, joining=Joining.EVERYBODY)).status_code == 422
    assert house.refusals() == ["member"]
    assert seat(house).status == Status.PENDING  # type: ignore[union-attr]


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("asked", [True, False])
def test_in_the_domain_of_the_organisation_coming_is_a_yes(house: House, app: Flask, way: Way, vouching: Vouching, asked: bool) -> None:
    house.domain("away.example")
    if asked:
        waits(house)
    visitor = Visitor(app)
    assert way(visitor, house.provider(address=vouching.url)).status_code == 303
    assert visitor.get("/home/settings/").status_code == 200
    now = seat(house)
    assert now is not None
    assert (now.status, now.accepted) == (Status.ACTIVE, True)
    with unit_of_work():
        assert {place.slug for place in auth.organisations_of(now.identity_id)} == {"home", "away"}  # type: ignore[arg-type]
