"""What Microsoft Entra ID (Azure AD) and Okta really send, in their order.

Entra ID: learn.microsoft.com/entra/identity/app-provisioning/use-scim-to-provision-users-and-groups, and the page beside it,
application-provisioning-config-problem-scim-compatibility, for booleans as text and the two ways to remove members.
Okta: developer.okta.com/docs/api/openapi/okta-scim/guides/scim-20. PATCH: RFC 7644, 3.5.2.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.core.scim.conftest import ENTERPRISE, GROUP, USER, Directory, House


def test_entra_takes_somebody_on_changes_them_and_lets_them_go(directory: Directory, house: House) -> None:
    """The sequence of its documentation: test of the connection, look-up, POST, GET, PATCH, disable, DELETE."""
    probe = directory.get("/Users", filter='userName eq "non-existent-user"').json
    assert (probe["totalResults"], probe["Resources"]) == (0, [])
    made = directory.ask("POST", "/Users", {
        "schemas": [USER, ENTERPRISE], "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "Quist_Nora@tenant.example",
        "active": True, "addresses": [{"primary": False, "type": "work", "country": "NO", "formatted": "x"}], "displayName": "Nora Quist",
        "emails": [{"primary": True, "type": "work", "value": "Nora.Quist@home.example"}], "meta": {"resourceType": "User"},
        "name": {"formatted": "Nora Quist", "familyName": "Quist", "givenName": "Nora"}, "preferredLanguage": "fr-FR",
        "phoneNumbers": [{"type": "mobile", "value": "+47 2"}, {"type": "work", "value": "+47 1"}], "roles": [], "title": "Planner"})
    assert made.status_code == 201, made.text
    path = f"/Users/{made.json['id']}"
    member = directory.member(made.json["id"])
    assert (member.email, member.phone, str(member.language.value)) == ("nora.quist@home.example", "+47 1", "fr")
    assert directory.names(filter='externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"') == ["Quist_Nora@tenant.example"]
    changed = directory.patch(
        path, {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "nora@home.example"},
        {"op": "Replace", "path": "name.familyName", "value": "Lie"},
        {"op": "Add", "path": 'phoneNumbers[type eq "mobile"].value', "value": "+47 9"},
        {"op": "Add", "path": f"{ENTERPRISE}:manager", "value": str(house.admin.id)},
        {"op": "Replace", "path": 'addresses[type eq "work"].formatted', "value": "elsewhere"},
        {"op": "Replace", "path": f"{ENTERPRISE}:employeeNumber", "value": "7"})
    assert changed.status_code == 200, changed.text
    assert (changed.json["displayName"], changed.json["name"]["familyName"], changed.json["emails"][0]["value"]) == (
        "Nora Lie", "Lie", "nora@home.example")
    assert changed.json["phoneNumbers"] == [{"value": "+47 1", "type": "work"}]
    assert changed.json[ENTERPRISE]["manager"]["value"] == str(house.admin.id)
    disabled = directory.patch(path, {"op": "Replace", "path": "active", "value": "False"})
    assert disabled.json["active"] is False
    assert directory.names(filter='userName eq "quist_nora@tenant.example"') == ["Quist_Nora@tenant.example"]  # still shown
    assert directory.patch(path, {"op": "Replace", "path": "active", "value": "True"}).json["active"] is True
    assert directory.ask("DELETE", path).status_code == 204
    assert directory.ask("DELETE", path).status_code == 404
    assert directory.trail(made.json["id"])[0] == ("people.member.create", "scim")
    assert {channel for _action, channel in directory.trail(made.json["id"])} == {"scim"}


def test_entra_writes_dotted_names_without_a_path(directory: Directory, house: House) -> None:
    made = directory.make("nora@home.example")
    answer = directory.patch(f"/Users/{made['id']}", {"op": "replace", "value": {
        "displayName": "Nora Lie", "name.givenName": "Nora", "name.familyName": "Lie", 'emails[type eq "work"].value': "lie@home.example",
        "active": "True", f"{ENTERPRISE}:manager": str(house.admin.id), 'roles[primary eq "True"].value': "editor", "id": made["id"]}})
    assert answer.status_code == 200, answer.text
    assert (answer.json["displayName"], answer.json["emails"][0]["value"], answer.json["roles"][0]["value"]) == (
        "Nora Lie", "lie@home.example", "editor")
    assert answer.json["userName"] == "nora@home.example"
    gone = directory.patch(f"/Users/{made['id']}", {"op": "Remove", "path": f"{ENTERPRISE}:manager"}, {"op": "Remove", "path": "title"},
                           {"op": "Remove", "path": "externalId"})
    assert ENTERPRISE not in gone.json


def test_entra_keeps_groups(directory: Directory, house: House) -> None:
    made = directory.ask("POST", "/Groups", {"schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
                                             "externalId": "8aa1a0c0", "displayName": "Crew", "meta": {"resourceType": "Group"}})
    assert made.status_code == 201, made.text
    path, ben, cleo = f"/Groups/{made.json['id']}", str(house.member.id), str(house.admin.id)
    found = directory.get("/Groups", excludedAttributes="members", filter='displayName eq "Crew"').json
    assert [set(each) for each in found["Resources"]] == [{"schemas", "id", "externalId", "displayName", "meta"}]
    assert directory.patch(path, {"op": "Replace", "path": "displayName", "value": "Deck crew"}).json["displayName"] == "Deck crew"
    both = directory.patch(path, {"op": "Add", "path": "members", "value": [{"$ref": None, "value": ben}, {"$ref": None, "value": cleo}]})
    assert len(both.json["members"]) == 2
    old = directory.patch(path, {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": ben}]})
    assert [each["value"] for each in old.json["members"]] == [cleo]
    assert directory.patch(path, {"op": "Remove", "path": "members", "value": [{"value": ben}]}).status_code == 200  # once more
    new = directory.patch(path, {"op": "Remove", "path": f'members[value eq "{cleo}"]'})
    assert new.json.get("members", []) == []
    directory.patch(path, {"op": "Add", "path": "members", "value": [{"value": ben}]})
    assert directory.get("/Groups", filter=f'id eq "{made.json["id"]}" and members eq "{ben}"').json["totalResults"] == 1
    assert directory.patch(path, {"op": "Remove", "path": "members"}).json.get("members", []) == []
    assert directory.ask("DELETE", path).status_code == 204


def test_okta_takes_somebody_on_pushes_the_profile_and_lets_them_go(directory: Directory) -> None:
    """The sequence of its guide: look-up, POST, PUT of the whole profile, PATCH without a path."""
    probe = directory.get("/Users", filter='userName eq "nora@home.example"', startIndex=1, count=100).json
    assert (probe["totalResults"], probe["startIndex"], probe["itemsPerPage"]) == (0, 1, 0)
    body: dict[str, Any] = {
        "schemas": [USER], "userName": "nora@home.example", "name": {"givenName": "Nora", "familyName": "Quist"},
        "emails": [{"primary": True, "value": "nora@home.example", "type": "work"}], "displayName": "Nora Quist", "locale": "en-US",
        "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": True}
    made = directory.ask("POST", "/Users", body)
    assert made.status_code == 201, made.text
    assert "password" not in made.text
    path = f"/Users/{made.json['id']}"
    got = directory.get(path).json
    pushed = directory.ask("PUT", path, {**got, "name": {**got["name"], "familyName": "Lie"}, "displayName": "Nora Lie"})
    assert (pushed.status_code, pushed.json["displayName"], pushed.json["externalId"]) == (200, "Nora Lie", "00ujl29u0le5T6Aj10h7")
    off = directory.patch(path, {"op": "replace", "value": {"active": False}})
    assert (off.status_code, off.json["active"]) == (200, False)
    assert directory.patch(path, {"op": "replace", "value": {"active": True}}).json["active"] is True


def test_okta_pushes_groups(directory: Directory, house: House) -> None:
    ben, cleo = str(house.member.id), str(house.admin.id)
    made = directory.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": "Crew", "members": []})
    path = f"/Groups/{made.json['id']}"
    named = directory.patch(path, {"op": "replace", "value": {"id": made.json["id"], "displayName": "Deck crew"}})
    assert named.json["displayName"] == "Deck crew"
    moved = directory.patch(path, {"op": "add", "path": "members", "value": [{"value": ben, "display": "ben@home.example"}]},
                            {"op": "add", "path": "members", "value": [{"value": cleo, "display": "cleo@home.example"}]},
                            {"op": "remove", "path": f'members[value eq "{ben}"]'})
    assert [each["value"] for each in moved.json["members"]] == [cleo]
    whole = directory.patch(path, {"op": "replace", "path": "members", "value": [{"value": ben, "display": "x"}]})
    assert [each["value"] for each in whole.json["members"]] == [ben]
    assert directory.get("/Groups", startIndex=1, count=100).json["totalResults"] == 1
    both = directory.ask("PUT", path, {"schemas": [GROUP], "id": made.json["id"], "displayName": "Deck crew", "members": [
        {"value": ben, "display": "x"}, {"value": cleo, "display": "y"}]})
    assert len(both.json["members"]) == 2


def test_the_address_follows_the_user_name_while_they_are_one(directory: Directory, house: House) -> None:
    renamed = directory.patch(f"/Users/{house.member.id}", {"op": "replace", "path": "userName", "value": "benedict@home.example"})
    assert (renamed.json["userName"], renamed.json["emails"][0]["value"]) == ("benedict@home.example", "benedict@home.example")
    apart = directory.patch(f"/Users/{house.member.id}", {"op": "replace", "path": "emails.value", "value": "b@home.example"})
    assert (apart.json["userName"], apart.json["emails"][0]["value"]) == ("benedict@home.example", "b@home.example")
    again = directory.patch(f"/Users/{house.member.id}", {"op": "replace", "path": "userName", "value": "ben2@home.example"})
    assert (again.json["userName"], again.json["emails"][0]["value"]) == ("ben2@home.example", "b@home.example")


@pytest.mark.parametrize(("operation", "kind"), [
    ({"op": "replace", "path": "id", "value": "x"}, "mutability"), ({"op": "add", "path": "groups", "value": []}, "mutability"),
    ({"op": "remove", "path": "userName"}, "mutability"), ({"op": "remove", "path": "emails"}, "mutability"),
    ({"op": "remove"}, "noTarget"),
    ({"op": "replace", "path": "moon", "value": 1}, "invalidPath"), ({"op": "replace", "path": "emails[", "value": "x"}, "invalidPath"),
    ({"op": "replace", "path": 'emails[type co "w"].value', "value": "x@y.example"}, "invalidPath"),
    ({"op": "replace", "path": 'emails[type eq "work"] value', "value": "x"}, "invalidValue"),
    ({"op": "copy", "path": "title"}, "invalidSyntax"), ({"op": "replace", "path": 7, "value": "x"}, "invalidSyntax"),
    ({"op": "replace", "path": "active", "value": "perhaps"}, "invalidValue"),
    ({"op": "replace", "path": "title", "value": {"a": 1}}, "invalidValue"),
    ({"op": "replace", "path": "emails", "value": [{"value": "no address"}]}, "invalidValue"),
    ({"op": "replace", "path": f"{ENTERPRISE}:manager", "value": "nobody"}, "invalidValue"),
    ({"op": "replace", "value": []}, "invalidValue")])
def test_what_cannot_be_changed_so_is_refused_whole(directory: Directory, house: House, operation: dict[str, Any], kind: str) -> None:
    path = f"/Users/{house.member.id}"
    answer = directory.patch(path, {"op": "replace", "path": "title", "value": "First"}, operation)
    assert (answer.status_code, answer.json.get("scimType")) == (400, kind), answer.text
    assert "title" not in directory.get(path).json


@pytest.mark.parametrize("body", [{}, {"Operations": []}, {"Operations": "x"}, {"Operations": [1]}, {"Operations": {}}])
def test_a_patch_has_operations(directory: Directory, house: House, body: dict[str, Any]) -> None:
    answer = directory.ask("PATCH", f"/Users/{house.member.id}", body)
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidSyntax")
