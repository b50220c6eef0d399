"""People from outside: a client, an auditor, a guest see what they were granted, and no directory."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core import auth
from app.kernel.current import Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.visitors import Visitor, actor_of, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with somebody of its own and one site."""
    place = found("hosting")
    owner = actor_of(place, enrol(place, "olga@hosting.example", "owner"))
    enrol(place, "mia@hosting.example")
    with acting(place, owner, channel="page"), unit_of_work():
        perform_one("organisation.site", "create", None, {"name": "Rowan", "kind": "rig"})
    return place


@pytest.mark.parametrize("kind", ["client", "auditor", "guest"])
@pytest.mark.parametrize("role", ["member", "auditor", "viewer"])
def test_nobody_from_outside_reads_the_directory_by_any_door(place: Organisation, app: Flask, kind: str, role: str) -> None:
    member = enrol(place, "gus@guest.example", role, kind=kind)
    with acting(place, actor_of(place, member)), unit_of_work():
        _token, secret = auth.make_token("script")
    gus, machine = Visitor(app), {"Authorization": f"Bearer {secret}"}
    gus.sign_in("gus@guest.example")
    doors = ("/hosting/people/members/", "/hosting/people/members/export?format=csv", "/hosting/search?q=mia", "/hosting/search?q=olga",
             "/hosting/people/members/pick?q=mia", "/hosting/people/members/?q=olga", "/hosting/inbox/delegations/")
    for door in doors:
        said = gus.get(door).text
        for colleague in ("mia@hosting.example", "olga@hosting.example", ">Mia<", ">Olga<"):
            assert colleague not in said, door
    said = Visitor(app).get("/api/v1/hosting/people/members/", headers=machine).text
    assert "mia@hosting.example" not in said


def test_our_own_people_see_each_other_and_those_from_outside(place: Organisation, app: Flask) -> None:
    enrol(place, "gus@guest.example", "viewer", kind="guest")
    mia = Visitor(app)
    mia.sign_in("mia@hosting.example")
    listed = mia.get("/hosting/people/members/pick?q=").text
    for name in ("Olga", "Gus", "Mia"):
        assert name in listed


def test_whoever_is_taken_in_from_outside_sees_everybody_from_then_on(place: Organisation, app: Flask) -> None:
    gus = enrol(place, "gus@guest.example", "member", kind="guest")
    browser = Visitor(app)
    browser.sign_in("gus@guest.example")
    assert "Mia" not in browser.get("/hosting/people/members/pick?q=").text
    with acting(place, actor_of(place, enrol(place, "ada@hosting.example", "admin")), channel="page"), unit_of_work():
        perform_one("people.member", "edit", gus.id, {"kind": "own"})
    assert "Mia" in browser.get("/hosting/people/members/pick?q=").text
