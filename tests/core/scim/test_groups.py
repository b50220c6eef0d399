"""Groups by SCIM: who is in them has their roles; nobody gives by them what they do not have."""

from __future__ import annotations

import dataclasses
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access, people
from app.core.people import GroupRole, Member
from app.kernel import events, outbox
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.references import assign
from app.kernel.registry import registry
from tests.core.scim.conftest import GROUP, Directory, House, token_of


def _roles(house: House, member_id: str) -> set[str]:
    actor = people.load_actor(house.home, UUID(member_id))
    return set(actor.roles) if actor else set()


def _give(house: House, group_id: str, role: str) -> None:
    with acting(house.home, SYSTEM), unit_of_work() as work:
        given = GroupRole(group_id=UUID(group_id), role_id=access.role_named(role).id)
        assign([given])
        work.add(given)


def _make(directory: Directory, name: str, *members: str, **said: Any) -> dict[str, Any]:
    made = directory.ask("POST", "/Groups",
        {"schemas": [GROUP], "displayName": name, "members": [{"value": each} for each in members], **said})
    assert made.status_code == 201, made.text
    found: dict[str, Any] = made.json
    return found


def _in(document: dict[str, Any]) -> list[str]:
    return [each["display"] for each in document.get("members", ())]


def test_a_group_brings_its_roles(directory: Directory, house: House) -> None:
    ben = str(house.member.id)
    made = _make(directory, "Crew", externalId="g-1")
    _give(house, made["id"], "approver")
    assert "approver" not in _roles(house, ben)
    joined = directory.patch(f"/Groups/{made['id']}", {"op": "add", "path": "members", "value": [{"value": ben}]})
    assert _in(joined.json) == ["Ben Okoro"]
    assert "approver" in _roles(house, ben)
    assert directory.get(f"/Users/{ben}").json["groups"][0]["display"] == "Crew"
    assert directory.names(filter=f'groups eq "{made["id"]}"') == directory.names(
        filter='groups[display eq "crew"]') == ["ben@home.example"]
    left = directory.patch(f"/Groups/{made['id']}", {"op": "remove", "path": f'members[value eq "{ben}"]'})
    assert _in(left.json) == []
    assert "approver" not in _roles(house, ben)
    with acting(house.home, SYSTEM), unit_of_work() as work:
        from app.core.audit.models import AuditEntry

        rows = work.scalars(select(AuditEntry).where(AuditEntry.resource == "people.group_member")).all()
        assert [(row.action, row.channel) for row in rows] == [("people.group_member.create", "scim"),
            ("people.group_member.delete", "scim")]


def test_groups_are_found_named_and_put_away(directory: Directory, house: House) -> None:
    made = _make(directory, "Crew", str(house.member.id), externalId="g-1")
    other = _make(directory, "Office")
    for text in ('displayName eq "crew"', 'externalId eq "g-1"', f'members eq "{house.member.id}"',
        f'members[value eq "{house.member.id}"]',
                 f'id eq "{made["id"]}" and members.value eq "{house.member.id}"', "members pr"):
        assert [each["id"] for each in directory.get("/Groups", filter=text).json["Resources"]] == [made["id"]], text
    assert directory.get("/Groups", filter="not (members pr)").json["Resources"][0]["id"] == other["id"]
    assert "members" not in directory.get("/Groups", excludedAttributes="members").json["Resources"][0]
    assert directory.get("/Groups", sortBy="displayName", sortOrder="descending").json["Resources"][0]["displayName"] == "Office"
    twin = directory.ask("POST", "/Groups", {"displayName": "CREW"})
    assert (twin.status_code, twin.json["scimType"]) == (409, "uniqueness")
    renamed = directory.patch(f"/Groups/{other['id']}", {"op": "replace", "value": {"id": other["id"], "displayName": "Crew"}})
    assert renamed.status_code == 409
    assert directory.ask("DELETE", f"/Groups/{made['id']}").status_code == 204
    assert directory.get(f"/Groups/{made['id']}").status_code == 404
    assert _make(directory, "Crew")["id"] != made["id"]


def test_put_makes_the_group_what_it_says(directory: Directory, house: House) -> None:
    made = _make(directory, "Crew", str(house.member.id))
    body = {"displayName": "Deck crew", "members": [{"value": str(house.admin.id)}], "externalId": "g-2"}
    answer = directory.ask("PUT", f"/Groups/{made['id']}", body, If_Match=made["meta"]["version"])
    assert (answer.json["displayName"], _in(answer.json), answer.json["externalId"]) == ("Deck crew", ["Cleo Roth"], "g-2")
    assert answer.json["meta"]["version"] != made["meta"]["version"]
    assert directory.ask("PUT", f"/Groups/{made['id']}", body, If_Match=made["meta"]["version"]).status_code == 412
    assert _in(directory.ask("PUT", f"/Groups/{made['id']}", {"displayName": "Deck crew"}).json) == ["Cleo Roth"]


@pytest.mark.parametrize(("operation", "kind"), [
    ({"op": "add", "path": "members", "value": [{"value": "nobody"}]}, "invalidValue"),
    ({"op": "add", "path": "members", "value": [{"value": "00000000-0000-7000-8000-000000000001"}]}, "invalidValue"),
    ({"op": "remove", "path": "displayName"}, "mutability"), ({"op": "replace", "path": "id", "value": "x"}, "mutability"),
    ({"op": "replace", "path": "moon", "value": "x"}, "invalidPath"), ({"op": "remove", "path": 'members[display eq "x"]'}, "invalidPath"),
    ({"op": "remove", "path": "members["}, "invalidPath"), ({"op": "remove"}, "noTarget"),
    ({"op": "move", "path": "members"}, "invalidSyntax"),
    ({"op": "replace", "path": "displayName", "value": ""}, "invalidValue"),
    ({"op": "replace", "path": "displayName", "value": 5}, "invalidValue"),
    ({"op": "replace", "value": "x"}, "invalidValue"), ({"op": "replace", "path": "displayName", "value": "x" * 300}, "invalidValue")])
def test_what_cannot_be_done_to_a_group_is_refused_whole(directory: Directory, house: House, operation: dict[str, Any], kind: str) -> None:
    made = _make(directory, "Crew")
    first = {"op": "add", "path": "members", "value": [{"value": str(house.member.id)}]}
    answer = directory.patch(f"/Groups/{made['id']}", first, operation)
    assert (answer.status_code, answer.json["scimType"]) == (400, kind), answer.text
    assert _in(directory.get(f"/Groups/{made['id']}").json) == []


def test_nobody_of_another_organisation_gets_in(directory: Directory, house: House) -> None:
    made = _make(directory, "Crew")
    answer = directory.patch(f"/Groups/{made['id']}", {"op": "add", "path": "members", "value": [{"value": str(house.stranger.id)}]})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")


def test_a_group_does_not_give_more_than_the_token_has(app: Flask, directory: Directory, house: House) -> None:
    made = _make(directory, "Administrators")
    _give(house, made["id"], "admin")
    narrow = Directory(app, house.home, token_of(house.home, house.admin, "people.*.*", "*.*.view"))
    operation = {"op": "add", "path": "members", "value": [{"value": str(house.member.id)}]}
    assert narrow.patch(f"/Groups/{made['id']}", operation).status_code == 403
    assert directory.patch(f"/Groups/{made['id']}", operation).status_code == 200


def _heard(_fact: events.RecordEvent) -> None:
    """A rule that waits for a change of a group."""


def test_who_is_in_a_group_changes_by_the_door(directory: Directory, house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    made = _make(directory, "Crew")
    monkeypatch.setitem(events._handlers, "people.group.edited", [_heard])
    directory.patch(f"/Groups/{made['id']}", {"op": "add", "path": "members", "value": [{"value": str(house.member.id)}]})
    with acting(house.home, SYSTEM), unit_of_work() as work:
        told = work.scalars(select(outbox.OutboxRow).where(outbox.OutboxRow.name == "people.group.edited")).all()
        assert [row.payload["fact"]["ids"] for row in told] == [[made["id"]]]
    locked = dataclasses.replace(registry.resource("people.group"), lock=lambda _group: "Groups rest today.")
    monkeypatch.setitem(registry.resources, "people.group", locked)
    answer = directory.patch(f"/Groups/{made['id']}", {"op": "remove", "path": "members"})
    assert answer.status_code == 409
    assert _in(directory.get(f"/Groups/{made['id']}").json) == ["Ben Okoro"]


def test_a_group_of_hundreds_is_taken_over_in_one_go(app: Flask, directory: Directory, house: House) -> None:
    with acting(house.home, SYSTEM), unit_of_work() as work:
        made = [people.enrol(f"Person {n:03}", f"p{n:03}@home.example").id for n in range(230)]
        work.flush()
    group = _make(directory, "Everybody", *map(str, made))
    assert len(group["members"]) == 230
    gone = directory.patch(f"/Groups/{group['id']}", {"op": "remove", "path": "members", "value": [{"value": str(made[0])}]})
    assert len(gone.json["members"]) == 229
    with acting(house.home, SYSTEM), unit_of_work() as work:
        assert work.get_one(Member, (house.home.id, made[0])).active
