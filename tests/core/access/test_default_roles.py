"""Every default role against every permission, as it is written down; a custom role with the same grants decides the same; and no more."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.core import access
from app.core.access import decisions
from app.core.access.answers import declared_permissions
from app.core.access.keeping import given_by
from app.core.access.matrix import REACHES
from app.kernel.current import SYSTEM, Actor, Grant, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.records import new_id
from tests.core.visitors import actor_of, enrol, found

ROWS = list(csv.DictReader(io.StringIO(REACHES.read_text())))
ROLES = sorted(set(ROWS[0]) - {"permission"})


DEPARTMENT = new_id()


class Thing:
    """A record of somebody else, at no place."""

    def __init__(self, owner: Any = None, department: Any = None) -> None:
        self.id, self.created_by, self.department_id = new_id(), owner or new_id(), department


def verdict(actor: Actor, permission: str) -> str:
    """What is decided: for everybody's records, for those of one's department, for one's own alone, or not at all."""
    if not access.can(actor, permission):
        return "-"
    if access.can(actor, permission, Thing()):
        return "everybody's"
    if access.can(actor, permission, Thing(department=DEPARTMENT)):
        return "department"
    return "own" if access.can(actor, permission, Thing(actor.id)) else "-"


def expected(cell: str) -> str:
    """What the file says, as a verdict."""
    return {"": "-", "own": "own", "department": "department"}.get(cell, "everybody's")


def mismatches(actor: Actor, role: str) -> list[str]:
    """The permissions for which a member with a role is decided otherwise than the file says."""
    actor = replace(actor, department_ids=frozenset({DEPARTMENT}))
    return [row["permission"] for row in ROWS if verdict(actor, row["permission"]) != expected(row[role])]


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation."""
    return found("defaults")


@pytest.mark.requirement("PK-018")
@pytest.mark.parametrize("role", ROLES)
def test_each_default_role_has_each_permission_or_not(place: Organisation, role: str) -> None:
    actor = actor_of(place, enrol(place, f"{role}@defaults.example", role, password=""))
    with acting(place, actor):
        assert mismatches(actor, role) == []


@pytest.mark.requirement("PK-018")
def test_the_table_has_every_permission_and_every_role(app: Flask) -> None:
    assert {row["permission"] for row in ROWS} == set(declared_permissions()), "renew it with `flask access matrix --write`"
    assert set(ROLES) == {role.key for role in access.roles.declared_roles()}


SABOTAGE: dict[str, Callable[[pytest.MonkeyPatch], None]] = {
    "whether it is held": lambda patch: patch.setattr(Actor, "grants_of", lambda self, _permission: self.grants),
    "how far it reaches": lambda patch: patch.setattr(decisions, "_covers", lambda *_said: True),
    "the decision": lambda patch: patch.setattr(access, "can", lambda *_said: access.ALLOWED)}


@pytest.mark.requirement("PK-018")
@pytest.mark.parametrize("check", SABOTAGE)
def test_without_one_of_the_checks_the_table_no_longer_holds(place: Organisation, monkeypatch: pytest.MonkeyPatch, check: str) -> None:
    actor = actor_of(place, enrol(place, "mia@defaults.example", "member", password=""))
    with acting(place, actor):
        assert mismatches(actor, "member") == []
        SABOTAGE[check](monkeypatch)
        assert mismatches(actor, "member")


@pytest.mark.requirement("PK-018")
def test_without_the_condition_a_limit_no_longer_holds(place: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    actor = Actor(id=new_id(), name="Somebody", grants=(Grant("hse.incident.edit", rule='["own",true]'),))
    with acting(place, actor):
        mine = Thing(actor.id)
        assert not access.can(actor, "hse.incident.edit", mine)
        monkeypatch.setattr(decisions, "holds", lambda *_said: True)
        assert access.can(actor, "hse.incident.edit", mine)


@pytest.mark.requirement("PK-016")
@pytest.mark.parametrize("role", ["manager", "member", "auditor", "client"])
def test_a_custom_role_with_the_same_grants_decides_the_same(place: Organisation, role: str) -> None:
    with acting(place, SYSTEM), unit_of_work():
        grants = {(grant.pattern, grant.scope) for grant in given_by(access.role_named(role).id)}
        perform_one("access.role", "create", data={"label": "Twin", "lines": [
            {"pattern": pattern, "scope": scope} for pattern, scope in sorted(grants)]})
    actor = actor_of(place, enrol(place, "twin@defaults.example", "twin", password=""))
    with acting(place, actor):
        assert mismatches(actor, role) == []


@pytest.mark.requirement("PK-017")
@pytest.mark.parametrize("action", ["hse.incident.fly", "nothing.at.all", "hse.incident", "", "*.*.*", "hse.*.view"])
def test_what_nothing_declares_is_refused_even_to_an_owner_and_noted(place: Organisation, caplog: pytest.LogCaptureFixture,
                                                                     action: str) -> None:
    olga = actor_of(place, enrol(place, "olga@defaults.example", "owner", password=""))
    with acting(place, olga), unit_of_work():
        assert access.can(olga, "hse.incident.view")
        caplog.clear()
        decision = access.can(olga, action)
        assert not decision
        assert action in decision.reason
        assert [record.message for record in caplog.records] == [f"unknown permission {action} was asked for: refused"]


@pytest.mark.requirement("OF-068")
def test_a_thousand_checks_take_no_time_and_a_changed_role_is_seen_at_once(place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work():
        clerk = perform_one("access.role", "create", data={"label": "Clerk", "lines": [
            {"pattern": "hse.incident.edit", "scope": "company", "condition": "not own"}]}).record.id
    member = enrol(place, "carl@defaults.example", "clerk", password="")
    actor = actor_of(place, member)
    took = []
    with acting(place, actor), unit_of_work():
        for number in range(1000):
            record = Thing(actor.id if number % 2 else None)
            begun = time.thread_time()
            allowed = access.can(replace(actor) if number % 10 == 0 else actor, "hse.incident.edit", record)
            took.append(time.thread_time() - begun)
            assert bool(allowed) is (number % 2 == 0)
    assert max(took) < 0.010, f"the slowest took {max(took) * 1000:.1f} ms"
    assert sorted(took)[500] < 0.000_050, "a warm decision stays under 50 µs"
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "edit", clerk, {"lines": [{"pattern": "hse.incident.view", "scope": "company"}]})
    now = actor_of(place, member)
    with acting(place, now):
        assert not access.can(now, "hse.incident.edit", Thing())
        assert access.can(now, "hse.incident.view", Thing())
