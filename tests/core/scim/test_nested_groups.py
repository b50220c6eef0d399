"""Groups in groups by SCIM: their people have the roles of what they are part of; nobody goes around in a circle."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.core.scim.conftest import Directory, House, token_of
from tests.core.scim.test_groups import _give, _make, _roles


def _members(document: dict[str, Any]) -> list[tuple[str, str]]:
    return [(each["type"], each["display"]) for each in document.get("members", ())]


def _add(directory: Directory, group: dict[str, Any], *members: str, **said: Any) -> Any:
    values = [{"value": each, **said} for each in members]
    return directory.patch(f"/Groups/{group['id']}", {"op": "add", "path": "members", "value": values})


def test_the_people_of_a_group_have_the_roles_of_what_it_is_part_of(directory: Directory, house: House) -> None:
    ben = str(house.member.id)
    crew, office = _make(directory, "Crew", ben), _make(directory, "Office", str(house.admin.id))
    _give(house, office["id"], "approver")
    assert "approver" not in _roles(house, ben)
    joined = _add(directory, office, crew["id"], type="Group").json
    assert _members(joined) == [("User", "Cleo Roth"), ("Group", "Crew")]
    assert joined["members"][1]["$ref"].endswith(f"/scim/v2/home/Groups/{crew['id']}")
    assert directory.get(f"/Groups/{office['id']}").json["meta"]["version"] != office["meta"]["version"]
    assert "approver" in _roles(house, ben)
    assert _members(directory.get(f"/Groups/{crew['id']}").json) == [("User", "Ben Okoro")], "what is in it stays"
    left = directory.patch(f"/Groups/{office['id']}", {"op": "remove", "path": f'members[value eq "{crew["id"]}"]'})
    assert _members(left.json) == [("User", "Cleo Roth")]
    assert "approver" not in _roles(house, ben)
    assert ("people.group.edit", "scim") in directory.trail(crew["id"]), "by the door, as on the page"


def test_groups_are_found_by_the_groups_in_them(directory: Directory, house: House) -> None:
    crew = _make(directory, "Crew", str(house.member.id))
    office = _make(directory, "Office", crew["id"])
    _make(directory, "Empty")
    for text in (f'members eq "{crew["id"]}"', f'members[value eq "{crew["id"]}"]', f'members[value eq "{crew["id"]}" and type eq "Group"]',
                 'members.type eq "group"'):
        assert [each["id"] for each in directory.get("/Groups", filter=text).json["Resources"]] == [office["id"]], text
    assert directory.get("/Groups", filter=f'members[value eq "{crew["id"]}" and type eq "User"]').json["totalResults"] == 0
    assert directory.get("/Groups", filter="not (members pr)").json["totalResults"] == 1


def test_put_says_who_and_what_is_in_a_group(directory: Directory, house: House) -> None:
    crew, deck = _make(directory, "Crew"), _make(directory, "Deck")
    office = _make(directory, "Office", crew["id"], str(house.member.id))
    body = {"displayName": "Office", "members": [{"value": deck["id"], "type": "Group"}, {"value": str(house.admin.id)}]}
    assert _members(directory.ask("PUT", f"/Groups/{office['id']}", body).json) == [("User", "Cleo Roth"), ("Group", "Deck")]
    assert _members(directory.patch(f"/Groups/{office['id']}", {"op": "remove", "path": "members"}).json) == []
    assert _members(_add(directory, crew, deck["id"]).json) == [("Group", "Deck")], "it is part of nothing now"


def test_no_group_is_part_of_itself_however_far_around(directory: Directory, house: House) -> None:
    crew, office, yard = (_make(directory, name) for name in ("Crew", "Office", "Yard"))
    assert _add(directory, office, crew["id"]).status_code == 200
    assert _add(directory, yard, office["id"]).status_code == 200
    for inner, group in ((yard, crew), (crew, crew), (office, crew)):
        answer = _add(directory, group, inner["id"], type="Group")
        assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue"), answer.text
    assert _members(directory.get(f"/Groups/{crew['id']}").json) == []


@pytest.mark.parametrize("said", [{"type": "Device"}, {"type": "Group", "value": "00000000-0000-7000-8000-000000000001"}])
def test_what_is_no_group_here_is_refused_whole(directory: Directory, house: House, said: dict[str, str]) -> None:
    crew, office = _make(directory, "Crew"), _make(directory, "Office")
    sent = [{"value": crew["id"], "type": "Group"}, {"value": crew["id"], **said}]
    answer = directory.patch(f"/Groups/{office['id']}", {"op": "add", "path": "members", "value": sent})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue")
    assert _members(directory.get(f"/Groups/{office['id']}").json) == []


def test_a_group_is_part_of_one_other_at_most(directory: Directory, house: House) -> None:
    crew = _make(directory, "Crew")
    _make(directory, "Office", crew["id"])
    yard = _make(directory, "Yard")
    answer = _add(directory, yard, crew["id"])
    assert answer.status_code == 400
    assert "part of another one" in answer.json["detail"]


def test_a_group_in_a_group_does_not_give_more_than_the_token_has(app: Flask, directory: Directory, house: House) -> None:
    crew, chiefs = _make(directory, "Crew", str(house.member.id)), _make(directory, "Administrators")
    _give(house, chiefs["id"], "admin")
    narrow = Directory(app, house.home, token_of(house.home, house.admin, "people.*.*", "*.*.view"))
    assert _add(narrow, chiefs, crew["id"]).status_code == 403
    assert "admin" not in _roles(house, str(house.member.id))
    assert _add(directory, chiefs, crew["id"]).status_code == 200
