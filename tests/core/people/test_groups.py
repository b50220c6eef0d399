"""Who is in a group, as its form says it."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.people import GroupMember
from app.kernel.door import perform_one
from tests.core.stand import Stand
from tests.core.visitors import Visitor, enrol, found

AT = ("owner", "auditor", "member")


@pytest.mark.parametrize("kept", [("auditor", "member"), ("member", "owner"), ("owner",), ("member", "auditor", "owner"), ()])
def test_whoever_is_struck_from_the_form_leaves_and_the_others_stay(app: Flask, kept: tuple[str, ...]) -> None:
    """The lines have no order, and nobody is in a group twice: not even while it is written."""
    stand = Stand()
    ids = {role: actor.id for role, actor in stand.actors.items()}

    def lines(roles: tuple[str, ...]) -> list[dict[str, Any]]:
        return [{"member": str(ids[role])} for role in roles]

    with stand.work():
        group = perform_one("people.group", "create", None, {"name": "Crew", "kind": "functional", "lines": lines(AT)}).record.id
    with stand.work():
        perform_one("people.group", "edit", group, {"lines": lines(kept)})
    with stand.work() as work:
        assert set(work.scalars(select(GroupMember.member_id).where(GroupMember.group_id == group))) == {ids[role] for role in kept}


@pytest.mark.requirement("OF-071")
def test_the_page_of_a_group_shows_the_members_of_those_below(app: Flask) -> None:
    """However deep they are; not of one that was put away."""
    place = found("below")
    roles = {"olga": "owner", "bea": "member", "cleo": "member"}
    people = {name: enrol(place, f"{name}@below.example", role) for name, role in roles.items()}
    olga = Visitor(app)
    olga.sign_in("olga@below.example")

    def make(name: str, parent: str, *inside: str) -> str:
        lines = {f"lines-{number}-member": str(people[each].id) for number, each in enumerate(inside)}
        answer = olga.send("/below/people/groups/new", name=name, kind="functional", parent=parent, **lines)
        assert answer.status_code == 303, answer.text[:500]
        return str(answer.location).rstrip("/").rpartition("/")[2]

    top = make("HSE department", "")
    middle = make("Permits", top, "bea")
    make("Night shift", middle, "cleo", "bea")
    page = olga.get(f"/below/people/groups/{top}/").text
    shown = page.partition("Members of the groups below")[2].partition("</section>")[0]
    assert re.findall(r">([\w ]+)</a>", shown) == ["Bea", "Night shift", "Bea", "Permits", "Cleo", "Night shift"]
    archived = olga.send(f"/below/people/groups/{middle}/archive", form=f"/below/people/groups/{middle}/")
    assert archived.status_code == 303, archived.status
    assert "Members of the groups below" not in olga.get(f"/below/people/groups/{top}/").text
