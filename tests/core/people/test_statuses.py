"""Active, inactive, suspended, archived: who is kept out is out at once, through every door, and the list says who it is."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import auth, people
from app.core.people import Member, Status
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict
from app.kernel.i18n import reading
from tests.core.visitors import Visitor, actor_of, enrol, found


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Refusals are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner and a member."""
    place = found("statuses")
    enrol(place, "olga@statuses.example", "owner")
    enrol(place, "mia@statuses.example", "member")
    return place


def one(place: Organisation, name: str) -> Member:
    """A member as the database has them now."""
    with acting(place, SYSTEM), unit_of_work() as work:
        member = work.scalars(select(Member).where(Member.email == f"{name}@statuses.example")).one()
        work.expunge(member)
    return member


def do(place: Organisation, action: str, name: str = "mia", who: str = "olga") -> None:
    """One act on a member."""
    actor, target = actor_of(place, one(place, who)), one(place, name).id
    with acting(place, actor, channel="page"), unit_of_work():
        perform_one("people.member", action, target)


@pytest.mark.requirement("OF-056")
@pytest.mark.parametrize(("action", "status"), [("suspend", "suspended"), ("deactivate", "inactive"), ("archive", "archived")])
def test_who_is_kept_out_cannot_come_in_and_the_list_finds_them(place: Organisation, app: Flask, action: str, status: str) -> None:
    mia, olga = Visitor(app), Visitor(app)
    mia.sign_in("mia@statuses.example")
    olga.sign_in("olga@statuses.example")
    actor = actor_of(place, one(place, "mia"))
    with acting(place, actor), unit_of_work():
        _token, secret = auth.make_token("script")
    assert mia.get("/statuses/settings/").status_code == 200
    do(place, action)
    for door in ("/statuses/", "/statuses/settings/", "/statuses/hse/incidents/", "/statuses/search?q=a"):
        assert mia.get(door).status_code == 404, door
    held = {"Authorization": f"Bearer {secret}"}
    assert Visitor(app).get("/api/v1/statuses/hse/incidents/", headers=held).status_code in (401, 404)
    again = Visitor(app)
    again.sign_in("mia@statuses.example")
    assert again.get("/statuses/settings/").status_code == 404
    assert one(place, "mia").status == Status(status)
    page = olga.get(f"/statuses/people/members/?status={status}").text
    assert "Mia" in page
    for other in {"active", "inactive", "suspended", "archived"} - {status}:
        listed = olga.get(f"/statuses/people/members/?status={other}").text
        assert "mia@statuses.example" not in listed, other


def test_whoever_is_restored_stays_out_until_somebody_lets_them_in(place: Organisation) -> None:
    do(place, "archive")
    do(place, "restore")
    assert one(place, "mia").status == Status.INACTIVE
    assert people.load_actor(place, one(place, "mia").id) is None
    do(place, "activate")
    assert one(place, "mia").active
    assert people.load_actor(place, one(place, "mia").id) is not None


@pytest.mark.parametrize("action", ["suspend", "deactivate", "archive"])
def test_the_last_owner_cannot_be_kept_out(place: Organisation, action: str) -> None:
    enrol(place, "adam@statuses.example", "admin")
    with pytest.raises(Conflict, match="last owner"):
        do(place, action, "olga", who="adam")


def test_the_same_status_twice_is_refused(place: Organisation) -> None:
    do(place, "suspend")
    with pytest.raises(Conflict, match="suspended already"):
        do(place, "suspend")
    do(place, "deactivate")
    with pytest.raises(Conflict, match="not active"):
        do(place, "deactivate")
