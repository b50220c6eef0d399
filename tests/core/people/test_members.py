"""Members: taken on with an identity, kept from leaving nobody in charge, and imported by the hundred."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import auth, people
from app.core.organisations import Department
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform, perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.i18n import reading
from app.kernel.records import new_id
from app.kernel.references import assign
from tests.core.visitors import Visitor, actor_of, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with one owner and one admin."""
    place = found("people-co", timezone="Europe/Paris", language="fr")
    enrol(place, "olga@people.example", "owner")
    enrol(place, "adam@people.example", "admin")
    return place


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    """Refusals are compared in the language of the source."""
    with reading("en"):
        yield


def _id(place: Organisation, name: str) -> Member:
    with acting(place, SYSTEM), unit_of_work() as work:
        member = work.scalars(select(Member).where(Member.email == f"{name}@people.example")).one()
        work.expunge(member)
    return member


def _do(place: Organisation, who: str, action: str, target: Member, **data: object) -> object:
    actor = actor_of(place, _id(place, who))
    with acting(place, actor, channel="page"), unit_of_work():
        return perform_one("people.member", action, target.id, data or None)


def test_a_member_speaks_the_organisation_s_language_unless_said(place: Organisation) -> None:
    member = enrol(place, "new@people.example")
    assert (member.language, member.timezone, member.digest_hour, member.active) == ("fr", "Europe/Paris", 7, True)
    assert member.reference.startswith("MEM-")
    assert member.identity_id == auth.identity_of("new@people.example")


def test_one_person_in_two_organisations_is_one_identity(place: Organisation) -> None:
    other = found("people-two")
    assert enrol(other, "olga@people.example", password="").identity_id == _id(place, "olga").identity_id


def test_an_address_is_taken_once(place: Organisation) -> None:
    actor = actor_of(place, _id(place, "adam"))
    with acting(place, SYSTEM), unit_of_work():
        role = str(people.with_role("admin")[0].role_id)
    with acting(place, actor, channel="page"), pytest.raises(Invalid), unit_of_work():
        perform("people.member", "create", data=[{"name": "Olga Two", "email": "olga@people.example", "role": role}])


@pytest.mark.parametrize("change", [{"timezone": "Mars/Base"}, {"email": "no address"}, {"email": ""}, {"name": ""}, {"role": ""}])
def test_what_cannot_be_is_refused_by_field(place: Organisation, change: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        _do(place, "olga", "edit", _id(place, "adam"), **change)
    assert set(refused.value.errors) == set(change)


def test_nobody_manages_themselves(place: Organisation) -> None:
    adam = _id(place, "adam")
    with pytest.raises(Invalid):
        _do(place, "olga", "edit", adam, manager=str(adam.id))


@pytest.mark.parametrize("action", ["archive", "deactivate"])
def test_the_last_owner_stays(place: Organisation, action: str) -> None:
    with pytest.raises(Conflict, match="last owner"):
        _do(place, "adam", action, _id(place, "olga"))
    enrol(place, "second@people.example", "owner")
    _do(place, "second", action, _id(place, "olga"))


def test_the_last_owner_cannot_become_something_else(place: Organisation) -> None:
    with pytest.raises(Conflict, match="last owner"):
        _do(place, "olga", "edit", _id(place, "olga"), role=str(_id(place, "adam").role_id))


def test_only_an_owner_names_owners(place: Organisation) -> None:
    owner = str(_id(place, "olga").role_id)
    enrol(place, "mia@people.example")
    with pytest.raises(Forbidden, match="Only an owner"):
        _do(place, "adam", "edit", _id(place, "mia"), role=owner)
    _do(place, "olga", "edit", _id(place, "mia"), role=owner)


def test_the_role_of_owner_comes_by_no_other_way(place: Organisation) -> None:
    """Not as a further role, and not by taking over the address that an owner signs in with."""
    owner = str(_id(place, "olga").role_id)
    with pytest.raises(Forbidden, match="Only an owner"):
        _do(place, "adam", "edit", _id(place, "adam"), lines=[{"role": owner}])
    with pytest.raises(Forbidden, match="Only an owner"):
        _do(place, "adam", "edit", _id(place, "olga"), email="adam.again@people.example")
    _do(place, "adam", "edit", _id(place, "olga"), job_title="Founder")
    _do(place, "olga", "edit", _id(place, "olga"), email="olga.new@people.example")
    _do(place, "olga.new", "edit", _id(place, "adam"), lines=[{"role": owner}])
    with pytest.raises(Forbidden, match="Only an owner"):
        enrol(place, "mia@people.example", "admin")
        _do(place, "mia", "edit", _id(place, "adam"), lines=[])


def test_nobody_deactivates_themselves(place: Organisation) -> None:
    with pytest.raises(Conflict, match="yourself"):
        _do(place, "adam", "deactivate", _id(place, "adam"))


def test_a_member_is_let_in_again(place: Organisation, app: Flask) -> None:
    adam = Visitor(app)
    adam.sign_in("adam@people.example")
    _do(place, "olga", "deactivate", _id(place, "adam"))
    assert adam.get("/people-co/settings/").status_code == 404
    _do(place, "olga", "activate", _id(place, "adam"))
    assert adam.get("/people-co/settings/").status_code == 200


def test_the_people_of_a_role_are_found_whichever_way_they_have_it(place: Organisation) -> None:
    from app.core import access

    mia = enrol(place, "mia@people.example")
    with acting(place, SYSTEM), unit_of_work():
        access.grant_further(mia.id, "admin")
        assert [member.email for member in people.with_role("admin")] == ["adam@people.example", "mia@people.example"]


def test_a_job_acts_with_today_s_rights_or_not_at_all(place: Organisation) -> None:
    adam = _id(place, "adam")
    assert people.load_actor(place, adam.id) is not None
    _do(place, "olga", "deactivate", adam)
    assert people.load_actor(place, adam.id) is None
    assert people.load_actor(place, new_id()) is None
    assert people.load_actor(place, SYSTEM.id) is SYSTEM


def test_a_department_is_in_no_circle(place: Organisation) -> None:
    with acting(place, SYSTEM), unit_of_work() as work:
        top = Department(name="Top")
        assign([top])
        work.add(top)
        work.flush()
        below = Department(name="Below", parent_id=top.id)
        assign([below])
        work.add(below)
        work.flush()
        top_id, below_id = top.id, below.id
    actor = actor_of(place, _id(place, "adam"))
    for parent in (top_id, below_id):
        with acting(place, actor), pytest.raises(Invalid, match="part of itself"), unit_of_work():
            perform_one("organisation.department", "edit", top_id, {"parent": str(parent)})


def test_many_members_come_through_the_door_at_once(place: Organisation) -> None:
    adam = _id(place, "adam")
    role = str(adam.role_id)
    rows = [{"name": f"Person {n}", "email": f"person{n}@people.example", "role": role, "manager": str(adam.id)} for n in range(20)]
    with acting(place, actor_of(place, adam), channel="page"), unit_of_work():
        assert {outcome.state for outcome in perform("people.member", "create", data=rows)} == {"done"}
    with acting(place, SYSTEM), unit_of_work() as work:
        made = list(work.scalars(select(Member.identity_id).where(Member.email.like("person%"))))
    assert len(made) == len(set(made)) == 20
