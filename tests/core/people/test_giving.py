"""Nobody makes somebody, or themselves, more than they are: by a role, a further role, or the address that one signs in with."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, people
from app.core.mail import MailMessage
from app.core.people import Member
from app.kernel import outbox
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Forbidden
from tests.core.visitors import actor_of, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with a role of its own for those who keep the members."""
    place = found("giving")
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": "Registrar", "lines": [
            {"pattern": "people.*.*", "scope": "company"}, {"pattern": "access.role.view", "scope": "company"}]})
    return place


@pytest.fixture
def registrar(place: Organisation) -> Actor:
    """Somebody who keeps the members and may do nothing else."""
    return actor_of(place, enrol(place, "rita@giving.example", "registrar"))


def do(place: Organisation, who: Actor, action: str, target: Member | None, **data: Any) -> None:
    """One call of the door."""
    with acting(place, who, channel="page"), unit_of_work():
        perform_one("people.member", action, target.id if target else None, data)


def role(place: Organisation, key: str) -> str:
    """The id of a role."""
    with acting(place, SYSTEM), unit_of_work():
        return str(access.role_named(key).id)


def test_a_role_with_more_is_not_given_to_oneself_or_anybody(place: Organisation, registrar: Actor) -> None:
    other = enrol(place, "otto@giving.example", "registrar")
    admin = role(place, "admin")
    with acting(place, SYSTEM), unit_of_work() as work:
        self = work.get_one(Member, (place.id, registrar.id))
        work.expunge(self)
    for target in (self, other):
        with pytest.raises(Forbidden, match="more than you have"):
            do(place, registrar, "edit", target, role=admin)
        with pytest.raises(Forbidden, match="more than you have"):
            do(place, registrar, "edit", target, lines=[{"role": admin}])
    with pytest.raises(Forbidden, match="more than you have"):
        do(place, registrar, "create", None, name="New", email="new@giving.example", role=admin)


def test_what_one_has_may_be_given(place: Organisation, registrar: Actor) -> None:
    do(place, registrar, "create", None, name="New", email="new@giving.example", role=role(place, "registrar"))


def test_nobody_takes_the_place_of_somebody_with_more(place: Organisation, registrar: Actor) -> None:
    admin = enrol(place, "ada@giving.example", "admin")
    with pytest.raises(Forbidden, match="more than you have"):
        do(place, registrar, "edit", admin, email="mine@giving.example")
    do(place, registrar, "edit", admin, job_title="Head of IT")


def test_the_former_address_hears_of_another_that_somebody_wrote(place: Organisation, registrar: Actor) -> None:
    other = enrol(place, "otto@giving.example", "registrar")
    do(place, registrar, "edit", other, job_title="Clerk")
    do(place, registrar, "edit", other, email="otto.new@giving.example")
    with acting(None, None):
        outbox.drain(place.id)
    with acting(place, SYSTEM), unit_of_work() as work:
        (told,) = work.scalars(select(MailMessage).where(MailMessage.to_address == "otto@giving.example"))
        assert "otto.new@giving.example" in told.text
        assert registrar.name in told.text


def test_an_admin_gives_every_role_but_that_of_an_owner(place: Organisation) -> None:
    admin = actor_of(place, enrol(place, "ada@giving.example", "admin"))
    enrol(place, "olga@giving.example", "owner")
    for key in ("manager", "member", "auditor", "finance_approver", "admin"):
        do(place, admin, "create", None, name=key, email=f"{key}@giving.example", role=role(place, key))
    assert people.load_actor(place, admin.id) is not None


@pytest.mark.parametrize("way", ["group", "group above", "single"])
def test_nor_of_somebody_who_has_more_by_a_group_or_a_single_permission(place: Organisation, registrar: Actor, way: str) -> None:
    target, admin = enrol(place, "gus@giving.example", "registrar"), role(place, "admin")
    do(place, registrar, "edit", target, email="still.mine@giving.example")
    with acting(place, SYSTEM), unit_of_work():
        if way == "single":
            perform_one("access.single_permission", "create", data={"member": str(target.id), "pattern": "*.*.*", "scope": "company"})
        else:
            top = perform_one("people.group", "create", data={"name": "Top"}).record.id
            below = perform_one("people.group", "create", data={"name": "Below", "parent": str(top)}).record.id
            perform_one("people.group", "edit", below if way == "group above" else top, {"lines": [{"member": str(target.id)}]})
            perform_one("people.group_role", "create", data={"group": str(top), "role": admin})
    with pytest.raises(Forbidden, match="more than you have"):
        do(place, registrar, "edit", target, email="mine@giving.example")


def test_a_group_that_is_over_is_not_begun_again_for_its_roles(place: Organisation, registrar: Actor) -> None:
    admin = role(place, "admin")
    with acting(place, SYSTEM), unit_of_work():
        group = perform_one("people.group", "create", data={"name": "Later", "starts_on": "2096-01-05"}).record.id
        perform_one("people.group", "edit", group, {"lines": [{"member": str(registrar.id)}]})
        perform_one("people.group_role", "create", data={"group": str(group), "role": admin})
    with pytest.raises(Forbidden, match="more than you have"), acting(place, registrar, channel="page"), unit_of_work():
        perform_one("people.group", "edit", group, {"starts_on": "2026-01-05"})
