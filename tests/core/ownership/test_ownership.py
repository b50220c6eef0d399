"""Ownership: what an owner alone may do, and handing it over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, auth, people
from app.core.audit.models import AuditEntry
from app.core.people import Member
from app.kernel.current import SYSTEM, Impersonator, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden, NotFound
from app.kernel.i18n import reading
from tests.core.visitors import Visitor, actor_of, enrol, found

PAGE, DELETION = "/tenant/settings/ownership", "/tenant/settings/deletion"


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Sentences are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def place() -> Organisation:
    """An organisation."""
    return found("tenant")


def browser(app: Flask, email: str) -> Visitor:
    """Somebody signed in."""
    visitor = Visitor(app)
    visitor.sign_in(email)
    return visitor


def reference_of(place: Organisation, member: Member) -> str:
    """How the form names a member."""
    with acting(place, SYSTEM), unit_of_work() as work:
        return str(work.scalar(select(Member.reference).where(Member.id == member.id)))


@pytest.mark.requirement("GO-014")
def test_somebody_owns_a_workspace_until_it_is_handed_over(app: Flask, place: Organisation) -> None:
    olga, ada = enrol(place, "olga@tenant.example", "owner"), enrol(place, "ada@tenant.example", "admin")
    assert olga.identity_id
    assert ada.identity_id
    with unit_of_work():
        assert auth.is_workspace_owner(olga.identity_id, place.id) is True
        assert auth.is_workspace_owner(ada.identity_id, place.id) is False
    owner = browser(app, "olga@tenant.example")
    assert owner.send(PAGE, member=reference_of(place, ada)).status_code == 303
    with unit_of_work():
        assert auth.is_workspace_owner(olga.identity_id, place.id) is False
        assert auth.is_workspace_owner(ada.identity_id, place.id) is True
    assert owner.get(PAGE).status_code == 403
    assert owner.get("/tenant/people/members/new").status_code == 200
    assert browser(app, "ada@tenant.example").get(PAGE).status_code == 200
    with acting(place, SYSTEM), unit_of_work() as work:
        entry = work.scalars(select(AuditEntry).where(AuditEntry.action == "ownership.organisation.hand_over")).one()
        assert (entry.context["from"], entry.context["to"]) == (str(olga.id), str(ada.id))


@pytest.mark.requirement("FL-087")
def test_only_an_owner_removes_the_team_or_changes_another_owner_s_role(app: Flask, place: Organisation) -> None:
    people_by = {role: enrol(place, f"{role}@tenant.example", role) for role in ("owner", "admin", "manager", "viewer")}
    second = enrol(place, "second@tenant.example", "owner")
    with acting(place, SYSTEM), unit_of_work():
        viewer = str(access.role_named("viewer").id)
    for role in ("admin", "manager", "viewer"):
        visitor = browser(app, f"{role}@tenant.example")
        assert visitor.get(DELETION).status_code == 403
        assert visitor.send(DELETION, form="/tenant/settings/", reason="Not needed any more.", typed="Tenant").status_code == 403
        with pytest.raises((Forbidden, NotFound)), acting(place, actor_of(place, people_by[role]), channel="page"), unit_of_work():
            perform_one("people.member", "edit", second.id, {"role": viewer})
    with acting(place, actor_of(place, people_by["owner"]), channel="page"), unit_of_work():
        perform_one("people.member", "edit", second.id, {"role": viewer})
    assert actor_of(place, second).roles == ("viewer",)
    owner = browser(app, "owner@tenant.example")
    assert owner.get(DELETION).status_code == 200
    assert owner.send(DELETION, reason="Not needed any more.", typed="Tenant").status_code == 303


def test_only_the_owner_opens_ownership_and_deletion(app: Flask, place: Organisation) -> None:
    """GO-005 but for billing, which is a module of its own."""
    enrol(place, "olga@tenant.example", "owner")
    heir = enrol(place, "ada@tenant.example", "admin")
    admin, owner = browser(app, "ada@tenant.example"), browser(app, "olga@tenant.example")
    for address in (PAGE, DELETION):
        assert owner.get(address).status_code == 200
        assert address in owner.get(PAGE).text
        assert admin.get(address).status_code == 403
        assert address not in admin.get("/tenant/").text
    assert admin.send(PAGE, form="/tenant/settings/", member=reference_of(place, heir)).status_code == 403
    assert owner.send(PAGE, member="MEM-2026-99999").status_code == 422
    assert owner.send(PAGE, member="").status_code == 422


def test_it_is_handed_to_active_people_of_one_s_own_and_stays_with_somebody(app: Flask, place: Organisation) -> None:
    olga = enrol(place, "olga@tenant.example", "owner")
    guest = enrol(place, "gus@elsewhere.example", "viewer", kind=people.Kind.GUEST)
    away = enrol(place, "away@tenant.example", "viewer", status=people.Status.INACTIVE)
    owner = browser(app, "olga@tenant.example")
    for nobody in (olga, guest, away):
        assert owner.send(PAGE, member=reference_of(place, nobody)).status_code == 422
    assert actor_of(place, olga).roles == ("owner",)


def test_whoever_sees_what_an_owner_sees_is_no_owner(place: Organisation) -> None:
    olga = actor_of(place, enrol(place, "olga@tenant.example", "owner"))
    seen: Any = replace(olga, impersonator=Impersonator(olga.id, "Sam", "sam@tenant.example", olga.id, "2096-01-01T00:00:00+00:00"))
    assert access.is_owner(olga)
    assert not access.is_owner(seen)
