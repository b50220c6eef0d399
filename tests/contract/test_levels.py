"""The levels, one above the other: each role lands on its own page, what lies higher is refused, and a viewer changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.access.decisions import OWNER
from app.core.access.matrix import Cell, cells
from app.core.audit.models import AuditEntry
from app.core.auth.models import UserSession
from app.kernel.current import acting
from app.kernel.db import as_identity, enter, session
from app.kernel.forgery import SAFE
from app.kernel.registry import registry
from app.resources.features.acting import together
from tests.contract.gatehouse import SLUG, Seat, seat, terse

pytestmark = pytest.mark.timeout(600)
LANDING = {"owner": "inbox/", "admin": "people/members/", "manager": "inbox/", "approver": "inbox/", "editor": "inbox/", "member": "inbox/",
           "viewer": "inbox/", "client": "inbox/", "auditor": "audit/", "support": "people/members/", "finance_approver": "inbox/",
           "hse_manager": "hse/incidents/", "buyer": "procurement/requisitions/", "payments_clerk": "procurement/payments/",
           "integrator": "developers/"}
BELOW_OWNER = ("settings/ownership", "settings/deletion")
BELOW_ADMIN = ("people/members/new", "access/roles/new", "settings/agencies", "settings/organisation")
BELOW_MEMBER = ("hse/incidents/new", "procurement/requisitions/new", "people/members/")
ABOVE = {"owner": (), "admin": BELOW_OWNER, **dict.fromkeys(("viewer", "client"), (*BELOW_OWNER, *BELOW_ADMIN, *BELOW_MEMBER))}
ABOUT_ONESELF = tuple(f"/<org>/{place}" for place in (
    "settings/", "notifications/", "inbox/", "approvals/", "jobs/", "menu", "prove", "impersonation/", "people/members/<ref>/photo",
    "access/requests/", "privacy/requests/", "views/", "mail/opens"))
OWN = ("member", "public", "access.request.create", "access.request.grant", "privacy.person_request.create",
       "privacy.person_request.fulfil", "views.saved_view.create", "views.saved_view.edit",
       "views.saved_view.archive")  # oneself, what one looks at, and asking for more or for one's own data, which others decide
ARRANGED = ("/<org>/dashboards/<ref>/arrange", "/<org>/dashboards/<ref>/tile")  # for oneself, where one may not change it for all


@pytest.mark.requirement("LG-291")
@pytest.mark.parametrize("role", sorted(LANDING))
def test_each_role_lands_on_its_own_page_and_is_refused_what_lies_higher(app: Flask, role: str) -> None:
    sitting = seat(app, role)
    landed = sitting.client.get(f"/{SLUG}/")
    assert landed.location == f"/{SLUG}/{LANDING[role]}"
    assert sitting.client.get(landed.location).status_code == 200
    for address in ABOVE.get(role, (*BELOW_OWNER, *BELOW_ADMIN)):
        assert sitting.client.get(f"/{SLUG}/{address}").status_code == 403, address
    assert sitting.client.get("/platform/").status_code == 404, "above all organisations"
    assert sitting.client.get("/north/").status_code == 404, "beside one's own"
    assert sitting.actor.roles == (role,)
    assert sitting.actor.identity_id is not None
    with as_identity(sitting.actor.identity_id):
        assert session().scalars(select(UserSession.organisation_id)).all() == [sitting.place.id]


def test_every_declared_role_is_among_them(app: Flask) -> None:
    from app.core.access.roles import declared_roles

    assert {role.key for role in declared_roles()} == set(LANDING)


@pytest.mark.requirement("GO-008")
def test_a_viewer_opens_the_start_and_changes_nothing(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every POST, PUT, PATCH and DELETE is answered with 403; left are those about oneself, by name, and none of these reaches a record
    of somebody else's."""
    terse(monkeypatch)
    sitting = seat(app, "viewer")
    assert sitting.client.get(f"/{SLUG}/", follow_redirects=True).status_code == 200
    before, wrong, asked = len(sitting.done()), {}, 0
    for cell in cells(app):
        if cell.method not in SAFE and concerns_others(cell):
            asked, answer = asked + 1, sitting.ask(cell.route, cell.method)
            if answer.status_code != 403:
                wrong[cell] = (answer.status_code, answer.text[:80])
        elif cell.method not in SAFE and cell.needs != "public" and "<" in cell.route.replace("<org>", ""):
            asked, answer = asked + 1, sitting.ask(cell.route, cell.method)
            if answer.status_code not in (403, 404, 409, 422):
                wrong[cell] = (answer.status_code, answer.text[:80])
    for address, answer in together_by(sitting):
        asked += 1
        if answer.status_code != 403 and "/views/saved/" not in address:  # a view is one's own: others' are not found, one by one
            wrong[address] = answer.status_code
    assert wrong == {}
    assert asked > 300
    assert len(sitting.done()) == before, sitting.done()[before:]


def concerns_others(cell: Cell) -> bool:
    """Whether a route is about more than whoever asks: not one's own account. What is done to many is asked action by action."""
    return cell.needs not in OWN and not cell.route.endswith("/bulk") and cell.route not in ARRANGED


@pytest.mark.requirement("GO-008")
def test_what_a_viewer_may_send_is_about_themselves(app: Flask) -> None:
    """Their account, their notices and inbox, what is shown of them, and asking for more: a route beside these needs a permission."""
    left = {cell.route for cell in cells(app) if cell.method not in SAFE and cell.needs in OWN and "<org>" in cell.route}
    assert left
    assert [route for route in sorted(left) if not route.removeprefix("/api/v1").startswith(ABOUT_ONESELF)] == []


def test_whoever_may_create_has_what_they_type_looked_at(app: Flask) -> None:
    """A field of a new record takes the right to create one, that of an existing record the right to change it; nothing is noted."""
    sitting = seat(app, "member")
    fresh, of_theirs = (f"/{SLUG}/access/requests/{place}validate/permission" for place in ("", f"{sitting.records['access/requests']}/"))
    assert f'"{fresh}"' in sitting.client.get(f"/{SLUG}/access/requests/new").text
    answer = sitting.client.post(fresh, data={"permission": ""}, headers={"X-CSRF-Token": sitting.token})
    assert answer.status_code == 200, answer.text[:200]
    assert refusals(sitting) == 0
    assert sitting.client.post(of_theirs, headers={"X-CSRF-Token": sitting.token}).status_code == 403
    assert refusals(sitting) == 1
    changed = seat(app, "owner").ask("/<org>/access/requests/<reference>/validate/permission", "POST")
    assert changed.status_code == 200, changed.text[:200]


def refusals(sitting: Seat) -> int:
    """How often the trail says that the member asked for something they may not do."""
    with acting(sitting.place):
        enter()
        query = select(AuditEntry.id).where(AuditEntry.action == "access.permission.refuse", AuditEntry.actor_id == sitting.actor.id)
        return len(session().scalars(query).all())


@pytest.mark.requirement("LG-292")
def test_a_route_that_says_nothing_is_refused_to_everybody(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever forgets to declare who may come in has let in nobody: not the owner either."""
    sitting, address = seat(app, "owner"), f"/{SLUG}/settings/deletion"
    view = app.view_functions["closing.page"]
    assert sitting.client.get(address).status_code == 200
    monkeypatch.delattr(view, "needs", raising=False)
    monkeypatch.delattr(app.blueprints["closing"], "needs", raising=False)
    assert sitting.client.get(address).status_code == 403


def test_owners_alone_hand_over_and_delete_the_organisation(app: Flask) -> None:
    """Of GO-005, without billing, which is not built: an admin is refused both pages and every deed on them."""
    deeds = [cell for cell in cells(app) if cell.needs == OWNER]
    assert {cell.route for cell in deeds} >= {f"/<org>/{address}" for address in BELOW_OWNER}
    owner, admin = seat(app, "owner"), seat(app, "admin")
    for cell in deeds:
        assert admin.ask(cell.route, cell.method).status_code == 403, cell
    for address in BELOW_OWNER:
        assert owner.client.get(f"/{SLUG}/{address}").status_code == 200, address


def together_by(sitting: Seat) -> Any:
    """What can be done to many records at once, each of them asked for."""
    for resource in registry:
        for name in together(resource):
            address = f"/{SLUG}/{resource.module}/{resource.slug}/bulk"
            reference = sitting.records.get(f"{resource.module}/{resource.slug}", "X-1")
            data = {"action": name, "ids": reference, "_confirmed": "1"}
            yield f"{address} {name}", sitting.client.post(address, data=data, headers={"X-CSRF-Token": sitting.token})
