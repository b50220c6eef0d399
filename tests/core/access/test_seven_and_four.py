"""The system's roles, the seven actions, the four scopes, and permissions that come and go with their module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access
from app.core.access import Role
from app.core.access.answers import declared_permissions
from app.core.organisations import Department
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.manifest import Module
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.core.visitors import Visitor, actor_of, enrol, found

ACTIONS = ("view", "create", "edit", "archive", "manage", "approve", "export")
SYSTEM_ROLES = {"admin": "admin", "user": "member", "guest": "client"}


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner and an admin."""
    place = found("seven")
    enrol(place, "olga@seven.example", "owner", password="")
    return place


def signed_in(app: Flask, place: Organisation, name: str, role: str) -> Visitor:
    """Somebody's browser."""
    enrol(place, f"{name}@seven.example", role)
    browser = Visitor(app)
    assert browser.sign_in(f"{name}@seven.example").status_code == 303
    return browser


def role(place: Organisation, label: str, *lines: tuple[str, str]) -> None:
    """A role of the organisation's own."""
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": label, "lines": [{"pattern": p, "scope": s} for p, s in lines]})


@pytest.mark.requirement("OF-060")
@pytest.mark.parametrize(("called", "key"), SYSTEM_ROLES.items())
def test_the_roles_of_the_system_are_there_and_stay(app: Flask, place: Organisation, called: str, key: str) -> None:
    adam = signed_in(app, place, "adam", "admin")
    with acting(place, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(Role).where(Role.key == key)).one()
        assert found.system
        assert called in f"{found.key} {found.description}".lower(), "under this name people find it"
        one, label = f"/seven/access/roles/{found.reference}", found.label
    assert f">{label}<" in adam.get("/seven/access/overview").text
    assert adam.send(f"{one}/archive", form="/seven/access/roles/new").status_code == 409
    headers = {"X-CSRF-Token": adam.token("/seven/access/roles/new")}
    assert adam.client.post(f"/api/v1{one}/archive", json={}, headers=headers).status_code == 409
    with acting(place, SYSTEM), unit_of_work():
        assert access.role_named(key).archived_at is None


@pytest.mark.requirement("OF-065")
@pytest.mark.parametrize("given", ACTIONS)
def test_each_action_is_enforced_on_its_own(place: Organisation, given: str) -> None:
    """The product asks for these of something: `archive` is our delete, and approving is asked for by the organisation's own name."""
    with acting(place, SYSTEM), unit_of_work():
        for verb in ("manage", "approve"):
            perform_one("access.permission", "create", data={"key": f"reports.report.{verb}", "label": verb})
    names = {verb: f"reports.report.{verb}" if verb in ("manage", "approve") else f"organisation.site.{verb}" for verb in ACTIONS}
    role(place, "One thing", (names[given], "company"))
    actor = actor_of(place, enrol(place, "one@seven.example", "one_thing", password=""))
    with acting(place, actor), unit_of_work():
        assert [verb for verb in ACTIONS if access.can(actor, names[verb])] == [given]


@pytest.mark.requirement("OF-065")
def test_who_may_view_but_not_export_gets_the_list_without_the_export(app: Flask, place: Organisation) -> None:
    role(place, "Reader", ("organisation.site.view", "company"))
    ron = signed_in(app, place, "ron", "reader")
    page = ron.get("/seven/organisation/sites/")
    assert page.status_code == 200
    assert 'href="/seven/organisation/sites/export' not in page.text
    assert ron.get("/seven/organisation/sites/export").status_code == 403
    assert ron.get("/seven/organisation/sites/export?format=csv").status_code == 403


@pytest.mark.requirement("OF-066")
def test_the_list_grows_with_the_scope(app: Flask, place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work() as work:
        mine, other = Department(name="Drilling"), Department(name="Marine")
        assign([mine, other])
        work.add_all([mine, other])
        work.flush()
        ids = (mine.id, other.id)
    for scope in ("own", "department", "company", "all"):
        role(place, f"Scope {scope}", ("people.member.view", scope))
    enrol(place, "cora@seven.example", password="", department_id=ids[0])
    enrol(place, "mark@seven.example", password="", department_id=ids[1])
    sizes = []
    for scope in ("own", "department", "company", "all"):
        enrol(place, f"{scope}@seven.example", f"scope_{scope}", department_id=ids[0])
        browser = Visitor(app)
        assert browser.sign_in(f"{scope}@seven.example").status_code == 303
        people = [name for name in ("olga", "cora", "mark", scope) if f"{name}@seven.example" in browser.get("/seven/people/members/").text]
        assert people == {"own": ["own"], "department": ["cora", "department"]}.get(scope, ["olga", "cora", "mark", scope])
        sizes.append(len(people))
    assert sizes == [1, 2, 4, 4], "beyond the organisation itself there is nothing here but what it manages for its clients"


@pytest.fixture
def installed(app: Flask) -> Iterator[None]:
    """A module as it is after a start with it; taken out again as by a start without."""
    registry.modules["lab"] = Module("lab", label="Laboratory", permissions=("lab.sample.weigh",))
    declared_permissions.cache_clear()
    yield
    registry.modules.pop("lab", None)
    declared_permissions.cache_clear()


@pytest.mark.requirement("OF-067")
def test_a_module_brings_its_permissions_and_takes_them_along(app: Flask, place: Organisation, installed: None) -> None:
    adam, sheet = signed_in(app, place, "adam", "admin"), "/seven/access/overview/roles/new"
    assert 'value="lab.sample.weigh"' in adam.get(sheet).text
    assert "lab.sample.weigh" in adam.get("/seven/access/overview?q=lab.").text
    admin = actor_of(place, enrol(place, "anna@seven.example", "admin", password=""))
    with acting(place, admin), unit_of_work():
        assert access.can(admin, "lab.sample.weigh")
    del registry.modules["lab"]
    declared_permissions.cache_clear()
    assert "lab.sample.weigh" not in adam.get(sheet).text
    with acting(place, admin), unit_of_work():
        assert not access.can(admin, "lab.sample.weigh"), "what is no longer declared is nobody's"
