"""Roles as records: made by administrators through the door, never to give more than one has."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.access.models import Role, RoleGrant
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from tests.core.visitors import Visitor, enrol, found

ROW = {"label": "Importer", "lines-0-pattern": "hse.incident.import", "lines-0-scope": "company"}


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner, an admin and a member."""
    place = found("keys-co")
    for name, role in (("olga", "owner"), ("adam", "admin"), ("mia", "member")):
        enrol(place, f"{name}@keys.example", role)
    return place


def _in(app: Flask, name: str) -> Visitor:
    browser = Visitor(app)
    assert browser.sign_in(f"{name}@keys.example").status_code == 303
    return browser


def _send(browser: Visitor, **data: str) -> int:
    return int(browser.send("/keys-co/access/roles/new", **data).status_code)


def test_an_administrator_makes_a_role(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    assert _send(adam, **ROW) == 303
    with acting(place, SYSTEM), unit_of_work() as work:
        role = work.query(Role).filter_by(key="importer").one()
        assert [(g.pattern, str(g.scope)) for g in work.query(RoleGrant).filter_by(role_id=role.id)] == [("hse.incident.import", "company")]
        assert not role.system


@pytest.mark.parametrize("pattern", ["hse.incident", "hse", "HSE.incident.view", "hse.incident.view; drop", "hse..view"])
def test_a_pattern_that_means_nothing_is_refused(app: Flask, place: Organisation, pattern: str) -> None:
    assert _send(_in(app, "adam"), **{**ROW, "lines-0-pattern": pattern}) == 422


def test_nobody_gives_more_than_they_have(app: Flask, place: Organisation) -> None:
    adam = _in(app, "adam")
    assert _send(adam, **{**ROW, "lines-0-pattern": "*.*.*", "lines-0-scope": "all"}) == 422
    assert _send(_in(app, "olga"), **{**ROW, "lines-0-pattern": "*.*.*", "lines-0-scope": "all"}) == 303


def test_a_member_makes_no_role(app: Flask, place: Organisation) -> None:
    assert _in(app, "mia").get("/keys-co/access/roles/new").status_code == 403


@pytest.mark.parametrize("doing", ["edit", "archive"])
def test_the_system_s_roles_stay_as_they_are(app: Flask, place: Organisation, doing: str) -> None:
    with acting(place, SYSTEM), unit_of_work() as work:
        reference = work.query(Role).filter_by(key="admin").one().reference
    adam = _in(app, "adam")
    address = f"/keys-co/access/roles/{reference}/{doing}"
    answer = adam.send(address, form="/keys-co/access/roles/new", label="Emperor", key="admin", version="1")
    assert answer.status_code == 409
    with acting(place, SYSTEM), unit_of_work() as work:
        assert work.query(Role).filter_by(key="admin").one().label == "Admin"


def test_only_an_owner_makes_an_owner(app: Flask, place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work() as work:
        owner, mia = work.query(Role).filter_by(key="owner").one(), work.query(Member).filter_by(email="mia@keys.example").one()
        sent = {"name": "Mia", "email": "mia@keys.example", "role": str(owner.id), "kind": "own", "version": str(mia.version)}
        address = f"/keys-co/people/members/{mia.reference}/edit"
    assert _in(app, "adam").send(address, **sent).status_code == 403
    assert _in(app, "olga").send(address, **sent).status_code == 303


def test_the_role_that_may_do_everything_says_so(app: Flask, place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work() as work:
        reference = work.query(Role).filter_by(key="admin").one().reference
    page = _in(app, "olga").get(f"/keys-co/access/roles/{reference}/").text
    lines = page.partition('<section class="panel" aria-label="Permissions">')[2].partition("</section>")[0]
    assert ">Everything</td>" in lines
    assert "*.*.*" not in lines
