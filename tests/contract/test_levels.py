"""The levels, one above the other: each role lands on its own page, what lies higher is refused, and a viewer changes nothing."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.access.matrix import Cell, cells
from app.core.auth.models import UserSession
from app.kernel.db import as_identity, session
from app.kernel.forgery import SAFE
from app.kernel.registry import registry
from app.resources.features.acting import together
from tests.contract.gatehouse import SLUG, Seat, seat, terse

pytestmark = pytest.mark.timeout(600)
LANDING = {"owner": "inbox/", "admin": "people/members/", "manager": "inbox/", "approver": "inbox/", "editor": "inbox/", "member": "inbox/",
           "viewer": "inbox/", "client": "inbox/", "auditor": "audit/", "support": "people/members/", "finance_approver": "inbox/",
           "hse_manager": "hse/incidents/", "buyer": "procurement/requisitions/", "payments_clerk": "procurement/payments/"}
BELOW_OWNER = ("settings/ownership", "settings/deletion")
BELOW_ADMIN = ("people/members/new", "access/roles/new", "settings/agencies", "settings/organisation")
BELOW_MEMBER = ("hse/incidents/new", "procurement/requisitions/new", "people/members/")
ABOVE = {"owner": (), "admin": BELOW_OWNER, **dict.fromkeys(("viewer", "client"), (*BELOW_OWNER, *BELOW_ADMIN, *BELOW_MEMBER))}
OWN = ("member", "public", "access.request.create", "access.request.grant")  # oneself, and asking for more, which others decide


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
    """Every request that changes something of the organisation is refused; left are those about oneself and the check of a field."""
    terse(monkeypatch)
    sitting = seat(app, "viewer")
    assert sitting.client.get(f"/{SLUG}/", follow_redirects=True).status_code == 200
    before, wrong, asked = len(sitting.done()), {}, 0
    for cell in cells(app):
        if cell.method not in SAFE and concerns_others(cell):
            asked, answer = asked + 1, sitting.ask(cell.route, cell.method)
            if not refused(answer, cell):
                wrong[cell] = (answer.status_code, answer.text[:80])
    for address, answer in together_by(sitting):
        asked, wrong = asked + 1, wrong | ({address: answer.status_code} if answer.status_code != 403 else {})
    assert wrong == {}
    assert asked > 300
    assert len(sitting.done()) == before, sitting.done()[before:]


def concerns_others(cell: Cell) -> bool:
    """Whether a route is about more than whoever asks: not one's own account, and not whether what is typed would do."""
    return cell.needs not in OWN and not cell.route.endswith(("/validate/<name>", "/bulk"))


def refused(answer: Any, cell: Cell) -> bool:
    """403; or 404 for a record that a viewer does not even see."""
    return answer.status_code == 403 or (answer.status_code == 404 and "<" in cell.route.replace("<org>", ""))


def together_by(sitting: Seat) -> Any:
    """What can be done to many records at once, each of them asked for."""
    for resource in registry:
        for name in together(resource):
            address = f"/{SLUG}/{resource.module}/{resource.slug}/bulk"
            reference = sitting.records.get(f"{resource.module}/{resource.slug}", "X-1")
            data = {"action": name, "ids": reference, "_confirmed": "1"}
            yield f"{address} {name}", sitting.client.post(address, data=data, headers={"X-CSRF-Token": sitting.token})
