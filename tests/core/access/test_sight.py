"""What may be seen, in SQL: it agrees with the decision on one record, for every scope."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access
from app.core.access import sight
from app.core.organisations import Department, Site
from app.core.people import Member
from app.kernel.current import SYSTEM, Actor, Grant, Organisation, acting
from app.kernel.db import enter, session, unit_of_work
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.core.visitors import actor_of, enrol, found

EVERYBODY = {"ada", "ben", "cat", "dan", "eve"}


@pytest.fixture
def place(app: Flask) -> Organisation:
    """Five members in a tree of three departments and at two sites."""
    place = found("sight")
    with acting(place, SYSTEM), unit_of_work() as work:
        top, side = Department(name="Top"), Department(name="Side")
        rig, base = Site(name="Rig"), Site(name="Base")
        for records in ([top, side], [rig, base]):
            assign(records)
            work.add_all(records)
        work.flush()
        below = Department(name="Below", parent_id=top.id)
        assign([below])
        work.add(below)
        work.flush()
        ids = {"top": top.id, "side": side.id, "below": below.id, "rig": rig.id, "base": base.id}
    posts = (("ada", "top", "rig"), ("ben", "below", "base"), ("cat", "side", "rig"), ("dan", "side", "base"))
    for name, department, site in posts:
        enrol(place, f"{name}@sight.example", password="", department_id=ids[department], site_id=ids[site])
    enrol(place, "eve@sight.example", password="")
    return place


def _as(place: Organisation, scope: str) -> Actor:
    with acting(place, SYSTEM), unit_of_work() as work:
        ada = work.scalars(select(Member).where(Member.email == "ada@sight.example")).one()
        work.expunge(ada)
    return replace(actor_of(place, ada), grants=(Grant("people.member.view", scope),) if scope else ())


def _seen(place: Organisation, user: Actor) -> set[str]:
    with acting(place, user), unit_of_work() as work:
        criterion = access.visible(registry.resource("people.member"), user)
        return {email.partition("@")[0] for email in work.scalars(select(Member.email).where(criterion))}


@pytest.mark.parametrize(("scope", "seen"), [("", set()), ("own", {"ada"}), ("department", {"ada", "ben"}), ("site", {"ada", "cat"}),
                                             ("company", EVERYBODY), ("all", EVERYBODY)])
def test_each_scope_shows_what_it_reaches(place: Organisation, scope: str, seen: set[str]) -> None:
    assert _seen(place, _as(place, scope)) == seen


@pytest.mark.parametrize("scope", ["", "own", "department", "site", "company"])
def test_sight_and_decision_agree(place: Organisation, scope: str) -> None:
    user = _as(place, scope)
    with acting(place, user), unit_of_work() as work:
        members = work.scalars(select(Member))
        allowed = {each.email.partition("@")[0] for each in members if access.can(user, "people.member.view", each)}
    assert allowed == _seen(place, user)


def test_the_manager_of_a_department_reaches_it(place: Organisation) -> None:
    user = _as(place, "department")
    with acting(place, SYSTEM):
        enter()
        session().scalars(select(Department).where(Department.name == "Side")).one().manager_id = user.id
        session().commit()
    assert _seen(place, _as(place, "department")) == {"ada", "ben", "cat", "dan"}


@pytest.fixture
def shown(place: Organisation) -> Iterator[list[Any]]:
    """What a service adds to sight, for one test."""
    before = list(sight._more)
    yield sight._more
    sight._more[:] = before


def test_what_one_is_asked_about_is_seen_as_well(place: Organisation, shown: list[Any]) -> None:
    access.also_visible(lambda resource, user: Member.email == "dan@sight.example" if resource.name == "member" else None)
    assert _seen(place, _as(place, "")) == {"dan"}
    assert _seen(place, _as(place, "own")) == {"ada", "dan"}


def test_a_module_s_own_rule_narrows(place: Organisation) -> None:
    resource = replace(registry.resource("people.member"), visible_to=lambda user: Member.id != user.id)
    user = _as(place, "site")
    with acting(place, user), unit_of_work() as work:
        assert set(work.scalars(select(Member.email).where(access.visible(resource, user)))) == {"cat@sight.example"}
