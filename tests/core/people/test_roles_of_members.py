"""Members are added, given another role and removed, and what they may do follows at each step, in each organisation by itself."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from app.core import access
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, Invalid
from app.kernel.i18n import reading
from tests.core.visitors import Visitor, actor_of, enrol, found

NEW, LIST = "/roles-co/hse/incidents/new", "/roles-co/hse/incidents/"


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Refusals are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner."""
    place = found("roles-co")
    enrol(place, "olga@roles.example", "owner")
    return place


def role(place: Organisation, key: str) -> str:
    """The id of a role."""
    with acting(place, SYSTEM), unit_of_work():
        return str(access.role_named(key).id)


def do(place: Organisation, who: Member, action: str, target: Member, **data: str) -> None:
    """One act of a member on another."""
    with acting(place, actor_of(place, who), channel="page"), unit_of_work():
        perform_one("people.member", action, target.id, data or None)


@pytest.mark.requirement("GO-003")
def test_access_follows_each_step_from_viewer_to_editor_to_nobody(place: Organisation, app: Flask) -> None:
    owner = enrol(place, "second@roles.example", "owner")
    vera = enrol(place, "vera@roles.example", "viewer")
    browser = Visitor(app)
    browser.sign_in("vera@roles.example")
    assert (browser.get(LIST).status_code, browser.get(NEW).status_code) == (200, 403)
    do(place, owner, "edit", vera, role=role(place, "editor"))
    assert (browser.get(LIST).status_code, browser.get(NEW).status_code) == (200, 200)
    do(place, owner, "archive", vera)
    assert (browser.get(LIST).status_code, browser.get(NEW).status_code) == (404, 404)


@pytest.mark.requirement("GO-004")
def test_one_account_has_different_roles_in_two_places_and_only_known_ones(place: Organisation, app: Flask) -> None:
    other = found("roles-two")
    enrol(other, "zoe@roles.example", "viewer")
    zoe = enrol(place, "zoe@roles.example", "editor", password="")
    browser = Visitor(app)
    browser.sign_in("zoe@roles.example")
    assert browser.get(NEW).status_code == 200
    assert browser.get("/roles-two/hse/incidents/new").status_code == 403
    owner = enrol(place, "second@roles.example", "owner")
    for unknown in ("emperor", role(other, "owner"), "00000000-0000-7000-8000-000000000000"):
        with pytest.raises(Invalid):
            do(place, owner, "edit", zoe, role=unknown)


@pytest.mark.requirement("GO-006")
def test_an_admin_sets_services_and_members_and_does_not_give_ownership(place: Organisation, app: Flask) -> None:
    admin, mia = enrol(place, "adam@roles.example", "admin"), enrol(place, "mia@roles.example")
    browser = Visitor(app)
    browser.sign_in("adam@roles.example")
    assert browser.send("/roles-co/settings/organisation/files", form="/roles-co/settings/organisation",
                        **{"files.max_megabytes": "30"}).status_code == 303
    do(place, admin, "edit", mia, job_title="Geologist")
    for target in (mia, admin):
        with pytest.raises(Forbidden, match="Only an owner"):
            do(place, admin, "edit", target, role=role(place, "owner"))


@pytest.mark.requirement("GO-007")
def test_an_editor_writes_business_and_administers_nobody(place: Organisation, app: Flask) -> None:
    enrol(place, "edda@roles.example", "editor")
    browser = Visitor(app)
    browser.sign_in("edda@roles.example")
    assert browser.get(NEW).status_code == 200
    for door in ("members/new", "members/import", "invitations/new"):
        assert browser.get(f"/roles-co/people/{door}").status_code == 403, door
