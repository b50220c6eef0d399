"""Roles, permissions and who has them, by the API: made, changed, put away, granted and withdrawn, each in effect at the next request."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.core import access
from app.core.access import guarding
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from tests.core.visitors import Visitor, actor_of, enrol, found

API = "/api/v1/doors/"
ROLES, PERMISSIONS, MEMBERS = f"{API}access/roles/", f"{API}access/permissions/", f"{API}people/members/"
SITES = "/doors/organisation/sites/"


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an admin, a manager and a viewer."""
    place = found("doors")
    enrol(place, "olga@doors.example", "owner", password="")
    return place


def signed_in(app: Flask, place: Organisation, name: str, role: str) -> tuple[Visitor, Member]:
    """Somebody and their browser."""
    member = enrol(place, f"{name}@doors.example", role)
    browser = Visitor(app)
    assert browser.sign_in(member.email).status_code == 303
    return browser, member


def ask(browser: Visitor, method: str, address: str, **sent: Any) -> Any:
    """Ask an endpoint, with the token of our own pages."""
    headers = {"X-CSRF-Token": browser.token("/doors/settings/profile"), "If-Match": "*"}
    return browser.client.open(address, method=method, json=sent if method != "GET" else None, headers=headers)


@pytest.mark.requirement("PK-019")
def test_an_admin_lists_makes_changes_and_puts_away_roles_and_nobody_else_does(app: Flask, place: Organisation) -> None:
    adam, _member = signed_in(app, place, "adam", "admin")
    made = ask(adam, "POST", ROLES, label="Logistics Agent", lines=[{"pattern": "hse.incident.view", "scope": "company"}])
    assert made.status_code == 201
    one = f"{ROLES}{made.json['reference']}/"
    assert "logistics_agent" in {each["key"] for each in ask(adam, "GET", f"{ROLES}?key=logistics_agent&per_page=200").json["items"]} \
        or "Logistics Agent" in ask(adam, "GET", f"{ROLES}?q=Logistics").text
    assert ask(adam, "PATCH", one, description="Moves what is needed").status_code == 200
    assert ask(adam, "GET", one).json["description"] == "Moves what is needed"
    assert ask(adam, "POST", f"{one}archive").status_code == 200
    with acting(place, SYSTEM), unit_of_work():
        assert access.role_named("logistics_agent").archived_at is not None
    mia, _viewer = signed_in(app, place, "mia", "viewer")
    for method, address in (("GET", ROLES), ("POST", ROLES), ("PATCH", one), ("POST", f"{one}archive")):
        assert ask(mia, method, address, label="Sly").status_code == 403, (method, address)


@pytest.mark.requirement("PK-020")
def test_permissions_are_kept_by_endpoint_and_a_grant_holds_at_the_next_request(app: Flask, place: Organisation) -> None:
    adam, _admin = signed_in(app, place, "adam", "admin")
    made = ask(adam, "POST", PERMISSIONS, key="yard.gate.open", label="Open the gate")
    assert made.status_code == 201
    one = f"{PERMISSIONS}{made.json['reference']}/"
    assert "yard.gate.open" in ask(adam, "GET", PERMISSIONS).text
    assert ask(adam, "PATCH", one, label="Open and close the gate").status_code == 200
    role = ask(adam, "POST", ROLES, label="Reader", lines=[{"pattern": "yard.gate.open", "scope": "company"}]).json["reference"]
    ron, member = signed_in(app, place, "ron", "reader")
    assert ron.get(SITES).status_code == 403
    both = [{"pattern": "yard.gate.open", "scope": "company"}, {"pattern": "organisation.site.view", "scope": "company"}]
    assert ask(adam, "PATCH", f"{ROLES}{role}/", lines=both).status_code == 200
    assert ron.get(SITES).status_code == 200, "granted: the next request is let in"
    assert access.can(actor_of(place, member), "yard.gate.open")
    assert ask(adam, "PATCH", f"{ROLES}{role}/", lines=both[:1]).status_code == 200
    assert ron.get(SITES).status_code == 403, "withdrawn: the next request is refused"
    assert ask(adam, "POST", f"{one}archive").status_code == 200
    with acting(place, SYSTEM), unit_of_work():
        assert not access.can(actor_of(place, member), "yard.gate.open"), "a permission that was put away is nobody's"


@pytest.mark.requirement("PK-021")
def test_roles_are_given_and_taken_by_endpoint(app: Flask, place: Organisation) -> None:
    adam, _admin = signed_in(app, place, "adam", "admin")
    with acting(place, SYSTEM), unit_of_work():
        keeper = str(perform_one("access.role", "create", data={"label": "Site keeper", "lines": [
            {"pattern": "organisation.site.edit", "scope": "company"}]}).record.id)
    mia, member = signed_in(app, place, "mia", "viewer")
    one, form = f"{MEMBERS}{member.reference}/", f"{SITES}new"
    with acting(place, SYSTEM), unit_of_work():
        site = perform_one("organisation.site", "create", data={"name": "Rowan", "kind": "rig"}).record.reference
    form = f"{SITES}{site}/edit"
    assert mia.get(form).status_code == 403
    assert ask(adam, "PATCH", one, lines=[{"role": keeper}]).status_code == 200
    assert mia.get(form).status_code == 200
    assert ask(adam, "PATCH", one, lines=[]).status_code == 200
    assert mia.get(form).status_code == 403


@pytest.mark.requirement("PK-012", "PK-008")
def test_a_permission_made_in_its_page_is_asked_for_at_once(app: Flask, place: Organisation) -> None:
    """Archiving a site needs a permission that nobody thought of when the product was written."""
    adam, _admin = signed_in(app, place, "adam", "admin")
    mona, manager = signed_in(app, place, "mona", "editor")
    with acting(place, SYSTEM), unit_of_work():
        given = {"label": "Sites", "lines": [{"pattern": "organisation.site.*", "scope": "company"}]}
        perform_one("access.role", "create", data=given)
        rig, office = (perform_one("organisation.site", "create", data={"name": name, "kind": kind}).record.reference
                       for name, kind in (("Rowan", "rig"), ("Oslo", "office")))
    with acting(place, SYSTEM), unit_of_work():
        access.grant_further(manager.id, "sites")
    assert mona.get(f"{SITES}{rig}/edit").status_code == 200
    made = adam.send("/doors/access/permissions/new", key="rigs.change.sign", label="Sign for a rig", guards="organisation.site.edit",
                     condition="kind = rig")
    assert made.status_code == 303
    assert mona.get(f"{SITES}{rig}/edit").status_code == 403, "nothing was deployed, and yet it is asked for"
    assert mona.get(f"{SITES}{office}/edit").status_code == 200, "for what it does not protect it is not needed"
    actor = actor_of(place, manager)
    with acting(place, actor), unit_of_work():
        assert not access.can(actor, "organisation.site.edit", _site(rig))
        assert "rigs.change.sign" in access.can(actor, "organisation.site.edit", _site(rig)).reason
        assert _reached(actor) == {"Oslo"}, "lists agree with the decision on one record"
    adam.send("/doors/access/roles/new", label="Signer", **{"lines-0-pattern": "rigs.change.sign", "lines-0-scope": "company"})
    with acting(place, SYSTEM), unit_of_work():
        access.grant_further(manager.id, "signer")
    assert mona.get(f"{SITES}{rig}/edit").status_code == 200, "a role gives it like any other"
    actor = actor_of(place, manager)
    with acting(place, actor), unit_of_work():
        assert _reached(actor) == {"Oslo", "Rowan"}


@pytest.mark.parametrize("said", [{"key": "hse.incident.view"}, {"guards": "hse.incident.fly"}, {"condition": "kind = rig"},
                                  {"guards": "organisation.site.edit", "condition": "knid = rig"}])
def test_a_permission_that_means_nothing_is_refused(app: Flask, place: Organisation, said: dict[str, str]) -> None:
    adam, _admin = signed_in(app, place, "adam", "admin")
    answer = ask(adam, "POST", PERMISSIONS, **{"key": "yard.gate.open", "label": "Open the gate", **said})
    assert answer.status_code == 422
    with acting(place, SYSTEM), unit_of_work():
        assert guarding.own_permissions() == {}


def _site(reference: str) -> Any:
    from sqlalchemy import select

    from app.core.organisations import Site
    from app.kernel.db import session

    return session().scalars(select(Site).where(Site.reference == reference)).one()


def _reached(actor: Any) -> set[str]:
    from sqlalchemy import select

    from app.core.organisations import Site
    from app.kernel.db import session

    return set(session().scalars(select(Site.name).where(access.reached(Site, actor, "organisation.site.edit"))))
