"""Everybody who has a permission, by any way, found by what gives it and not member by member."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from app.core import access, people
from app.core.access import MemberGrant
from app.core.access.reasons import holders, missing
from app.core.organisations import Site
from app.core.people import Group, GroupMember, GroupRole, MemberRole
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import session, unit_of_work
from app.kernel.references import assign
from tests.core.visitors import actor_of, enrol, found

WANTED = "organisation.site.edit"


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner and nine who may not."""
    place = found("able")
    enrol(place, "olga@able.example", "owner", password="")
    for number in range(9):
        enrol(place, f"viewer{number}@able.example", "viewer", password="")
    return place


def keep(record: Any) -> Any:
    """Store a record in the piece of work at hand."""
    if hasattr(record, "reference"):
        assign([record])
    session().add(record)
    session().flush()
    return record


def names(place: Organisation) -> tuple[list[str], int]:
    """Who may, and how many statements it took."""
    sent: list[str] = []
    with acting(place, SYSTEM), unit_of_work() as work:
        connection = work.connection()

        def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
            sent.append(statement)

        event.listen(connection, "before_cursor_execute", note)
        found = [actor.name for actor in people.able(WANTED)]
        event.remove(connection, "before_cursor_execute", note)
    return found, len(sent)


def test_main_further_by_group_at_a_site_and_singly(place: Organisation) -> None:
    members = {name: enrol(place, f"{name}@able.example", "viewer", password="").id for name in ("anna", "greg", "rita", "sam")}
    with acting(place, SYSTEM), unit_of_work():
        admin = access.role_named("admin").id
        keep(MemberRole(member_id=members["anna"], role_id=admin))
        group = keep(Group(name="Administrators"))
        keep(GroupMember(group_id=group.id, member_id=members["greg"]))
        keep(GroupRole(group_id=group.id, role_id=admin))
        keep(MemberRole(member_id=members["rita"], role_id=admin, site_id=keep(Site(name="Rowan")).id))
        keep(MemberGrant(member_id=members["sam"], pattern="organisation.site.*"))
    assert names(place)[0] == ["Anna", "Greg", "Olga", "Rita", "Sam"]


def test_it_costs_the_same_among_many(place: Organisation) -> None:
    found, few = names(place)
    for number in range(20):
        enrol(place, f"more{number}@able.example", "viewer", password="")
    later, more = names(place)
    assert later == found == ["Olga"]
    assert more <= few <= 10


def test_whoever_holds_it_singly_is_named_to_those_who_do_not(place: Organisation) -> None:
    sam = enrol(place, "sam@able.example", "viewer", password="")
    with acting(place, SYSTEM), unit_of_work():
        keep(MemberGrant(member_id=sam.id, pattern="organisation.site.edit"))
    viewer = actor_of(place, enrol(place, "vera@able.example", "viewer", password=""))
    with acting(place, viewer), unit_of_work():
        assert "Sam" in holders("organisation.site.edit")
        assert "Sam" in missing("organisation.site.edit")
