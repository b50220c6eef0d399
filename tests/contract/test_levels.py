"""The levels, one above the other: each role lands on its own page, and what lies higher is refused."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.auth.models import UserSession
from app.kernel.db import as_identity, session
from tests.contract.gatehouse import SLUG, seat

pytestmark = pytest.mark.timeout(600)
LANDING = {"owner": "inbox/", "admin": "people/members/", "manager": "inbox/", "approver": "inbox/", "editor": "inbox/", "member": "inbox/",
           "viewer": "inbox/", "client": "inbox/", "auditor": "audit/", "support": "people/members/", "finance_approver": "inbox/",
           "hse_manager": "hse/incidents/", "buyer": "procurement/requisitions/", "payments_clerk": "procurement/payments/"}
BELOW_OWNER = ("settings/ownership", "settings/deletion")
BELOW_ADMIN = ("people/members/new", "access/roles/new", "settings/agencies", "settings/organisation")
BELOW_MEMBER = ("hse/incidents/new", "procurement/requisitions/new", "people/members/")
ABOVE = {"owner": (), "admin": BELOW_OWNER, **dict.fromkeys(("viewer", "client"), (*BELOW_OWNER, *BELOW_ADMIN, *BELOW_MEMBER))}


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
