"""People by SCIM: taken on, read, changed, kept out, put away, taken back."""

from __future__ import annotations

from uuid import UUID

import pytest
from flask import Flask

from app.core import access, settings
from app.core.auth.tokens import make_service_token
from app.core.organisations import Department
from app.core.people import Member, Status
from app.core.privacy.erasing import anonymise
from app.core.scim.models import ScimUser
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.references import assign
from tests.core.scim.conftest import ENTERPRISE, MEDIA, Directory, House, token_of
from tests.core.visitors import Visitor, actor_of, enrol


def test_somebody_is_taken_on_by_the_same_door(directory: Directory) -> None:
    made = directory.make("nora@home.example", externalId="ext-1", title="Planner")
    member = directory.member(made["id"])
    assert (member.name, member.email, member.job_title, member.active) == ("Nora Test", "nora@home.example", "Planner", True)
    assert made["externalId"] == "ext-1"
    assert made["meta"]["location"].endswith(f"/scim/v2/home/Users/{made['id']}")
    assert directory.trail(made["id"]) == [("people.member.create", "scim")]


def test_the_answer_is_the_one_of_the_standard(directory: Directory) -> None:
    made = directory.make("nora@home.example")
    answer = directory.get(f"/Users/{made['id']}")
    assert answer.mimetype == MEDIA
    assert answer.headers["ETag"] == answer.json["meta"]["version"]
    assert answer.headers["Location"] == answer.json["meta"]["location"]
    assert answer.json["emails"] == [{"value": "nora@home.example", "type": "work", "primary": True}]
    assert answer.json["roles"] == [{"value": "member", "primary": True}]
    again = directory.ask("GET", f"/Users/{made['id']}", If_None_Match=answer.headers["ETag"])
    assert (again.status_code, again.data) == (304, b"")


def test_a_member_from_before_is_found_and_taken_over(directory: Directory, house: House) -> None:
    found = directory.get("/Users", filter='userName eq "BEN@home.example"').json["Resources"]
    assert [each["id"] for each in found] == [str(house.member.id)]
    assert (found[0]["name"]["givenName"], found[0]["name"]["familyName"]) == ("Ben", "Okoro")
    taken = directory.ask("POST", "/Users", {"userName": "ben@home.example"})
    assert (taken.status_code, taken.json["scimType"], taken.json["status"]) == (409, "uniqueness", "409")


@pytest.mark.parametrize("body", [{}, {"userName": "nora"}, {"userName": 7}, {"userName": "nora@home.example", "active": "perhaps"},
                                  {"userName": "nora@home.example", "emails": [{"value": 3}]},
                                  {"userName": "nora@home.example", "name": "Nora"},
                                  {"userName": "nora@home.example", "roles": [{"value": "king"}]},
                                  {"userName": "n@home.example", "timezone": "Moon"},
                                  {"userName": "nora@home.example", "displayName": "x" * 200}, {"userName": "nobody@"}])
def test_what_cannot_be_taken_is_refused_in_the_words_of_scim(directory: Directory, body: dict[str, object]) -> None:
    answer = directory.ask("POST", "/Users", body)
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidValue"), answer.text
    assert answer.json["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    assert answer.json["detail"]


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b'{"userName": "a\\u0000@home.example"}', b"\xff"])
def test_what_is_no_object_is_refused(app: Flask, directory: Directory, raw: bytes) -> None:
    answer = app.test_client().post("/scim/v2/home/Users", data=raw, content_type=MEDIA,
        headers={"Authorization": f"Bearer {directory.token}"})
    assert (answer.status_code, answer.json["scimType"]) == (400, "invalidSyntax")


def test_put_replaces_what_it_names_and_leaves_the_rest(directory: Directory) -> None:
    made = directory.make("nora@home.example", title="Planner", phoneNumbers=[{"value": "+44 1", "type": "work"}])
    answer = directory.ask("PUT", f"/Users/{made['id']}", {"userName": "nora@home.example", "displayName": "Nora Quist", "title": None,
                                                          "id": "ignored", "meta": {"version": "ignored"}})
    assert answer.status_code == 200, answer.text
    assert (answer.json["displayName"], "title" in answer.json, answer.json["id"]) == ("Nora Quist", False, made["id"])
    assert answer.json["phoneNumbers"] == [{"value": "+44 1", "type": "work"}]
    assert answer.json["name"]["familyName"] == "Quist"


def test_a_version_that_is_no_more_is_not_overwritten(directory: Directory) -> None:
    made = directory.make("nora@home.example")
    old = made["meta"]["version"]
    path = f"/Users/{made['id']}"
    first = directory.ask("PUT", path, {"userName": "nora@home.example", "title": "One"}, If_Match=old)
    assert first.status_code == 200
    assert directory.ask("PUT", path, {"userName": "nora@home.example", "title": "Two"}, If_Match=old).status_code == 412
    assert directory.ask("DELETE", path, If_Match=old).status_code == 412
    assert directory.ask("PUT", path, {"title": "Two"}, If_Match=first.headers["ETag"]).status_code == 200
    assert directory.ask("PUT", path, {"title": "Three"}, If_Match="*").status_code == 200


def test_a_user_name_that_is_no_address_is_kept_beside_it(directory: Directory) -> None:
    made = directory.make("nora@home.example", userName="Nora.Quist@tenant.example")
    assert directory.names(filter='userName eq "nora.quist@TENANT.example"') == ["Nora.Quist@tenant.example"]
    assert directory.member(made["id"]).email == "nora@home.example"
    twin = directory.ask("POST", "/Users", {"userName": "nora.quist@tenant.example", "emails": [{"value": "other@home.example"}]})
    assert (twin.status_code, twin.json["scimType"]) == (409, "uniqueness")


def test_whoever_is_removed_keeps_the_record_and_can_come_back(directory: Directory) -> None:
    made = directory.make("nora@home.example", externalId="one")
    assert directory.ask("DELETE", f"/Users/{made['id']}").status_code == 204
    assert directory.get(f"/Users/{made['id']}").status_code == 404
    assert directory.names(filter='externalId eq "one"') == []
    assert directory.member(made["id"]).is_archived
    again = directory.make("nora@home.example", externalId="two")
    assert (again["id"], again["active"], again["externalId"]) == (made["id"], True, "two")


def test_what_is_linked_to_somebody_comes_with_them(directory: Directory, house: House) -> None:
    with acting(house.home, SYSTEM), unit_of_work() as work:
        department = Department(name="Roads")
        assign([department])
        work.add(department)
    made = directory.make("nora@home.example", **{ENTERPRISE: {"department": "roads", "manager": {"value": str(house.admin.id)}}})
    assert made[ENTERPRISE]["department"] == "Roads"
    assert made[ENTERPRISE]["manager"]["displayName"] == "Cleo Roth"
    assert directory.names(filter=f'{ENTERPRISE}:manager.value eq "{house.admin.id}"') == ["nora@home.example"]
    unknown = directory.ask("PUT", f"/Users/{made['id']}",
        {ENTERPRISE: {"department": "Moon", "manager": {"value": str(house.stranger.id)}}})
    assert unknown.status_code == 400
    assert directory.ask("PUT", f"/Users/{made['id']}", {ENTERPRISE: {"department": "Moon"}}).json[ENTERPRISE]["department"] == "Roads"


def test_the_role_of_newcomers_is_a_setting(directory: Directory, house: House) -> None:
    with acting(house.home, SYSTEM), unit_of_work():
        settings.set("scim.role", "viewer")
    assert directory.make("nora@home.example")["roles"] == [{"value": "viewer", "primary": True}]


def test_nobody_becomes_or_ceases_to_be_an_owner_by_a_directory(app: Flask, house: House) -> None:
    """Not even with a token of an owner."""
    enrol(house.home, "otto@home.example", "owner")
    mighty = Directory(app, house.home, token_of(house.home, house.owner))
    made = mighty.make("nora@home.example")
    owner = f"/Users/{house.owner.id}"
    for path, body in ((f"/Users/{made['id']}", {"roles": [{"value": "owner"}]}), (owner, {"roles": [{"value": "member"}]}),
                       (owner, {"emails": [{"value": "mallory@home.example"}]}), (owner, {"userName": "mallory@home.example"})):
        answer = mighty.ask("PUT", path, body)
        assert (answer.status_code, answer.mimetype) == (403, MEDIA), answer.text
    assert mighty.ask("POST", "/Users", {"userName": "new@home.example", "roles": [{"value": "owner"}]}).status_code == 403


def test_an_owner_who_was_put_away_is_not_taken_back_by_a_directory(app: Flask, house: House) -> None:
    otto = enrol(house.home, "otto@home.example", "owner")
    mighty = Directory(app, house.home, token_of(house.home, house.owner))
    assert mighty.ask("DELETE", f"/Users/{otto.id}").status_code == 204
    assert mighty.ask("POST", "/Users", {"userName": "otto@home.example"}).status_code == 403
    assert mighty.member(str(otto.id)).is_archived


def test_the_last_owner_and_the_one_to_fall_back_on_stay(app: Flask, house: House) -> None:
    mighty = Directory(app, house.home, token_of(house.home, house.admin))
    last = mighty.patch(f"/Users/{house.owner.id}", {"op": "replace", "path": "active", "value": False})
    assert last.status_code == 409
    enrol(house.home, "otto@home.example", "owner")
    with acting(house.home, SYSTEM), unit_of_work():
        settings.set("auth.sso_only", str(house.owner.id))
    for answer in (mighty.patch(f"/Users/{house.owner.id}", {"op": "replace", "path": "active", "value": False}),
                   mighty.ask("DELETE", f"/Users/{house.owner.id}")):
        assert answer.status_code == 409, answer.text
        assert "falls back" in answer.json["detail"]
    assert mighty.member(str(house.owner.id)).active


def test_a_token_gives_no_more_than_it_has(app: Flask, house: House) -> None:
    narrow = Directory(app, house.home, token_of(house.home, house.admin, "people.*.*", "*.*.view"))
    refused = narrow.ask("POST", "/Users", {"userName": "nora@home.example", "roles": [{"value": "admin"}]})
    assert refused.status_code == 403
    reading = Directory(app, house.home, token_of(house.home, house.admin, "read_only"))
    for answer in (reading.get("/Users"), reading.ask("POST", "/Users", {"userName": "nora@home.example"}),
                   reading.ask("DELETE", f"/Users/{house.member.id}")):
        assert (answer.status_code, answer.json["status"]) == (403, "403")


def test_whoever_was_suspended_here_is_not_let_in_by_the_directory(directory: Directory, house: House) -> None:
    with acting(house.home, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (house.home.id, house.member.id)).status = Status.SUSPENDED
    answer = directory.ask("PUT", f"/Users/{house.member.id}", {"userName": "ben@home.example", "active": True})
    assert answer.json["active"] is False
    assert directory.member(str(house.member.id)).status == Status.SUSPENDED


def test_another_organisation_looks_like_nothing(directory: Directory, house: House) -> None:
    foreign, nobody = (directory.get(f"/Users/{each}") for each in (house.stranger.id, "00000000-0000-7000-8000-000000000000"))
    assert foreign.status_code == nobody.status_code == directory.get("/Users/none").status_code == 404
    assert foreign.data == nobody.data
    assert foreign.mimetype == MEDIA
    elsewhere = directory.app.test_client().get("/scim/v2/away/Users", headers={"Authorization": f"Bearer {directory.token}"})
    missing = directory.app.test_client().get("/scim/v2/nowhere/Users", headers={"Authorization": f"Bearer {directory.token}"})
    assert (elsewhere.status_code, elsewhere.data) == (404, missing.data)


def test_without_a_token_nobody_comes_in(app: Flask, house: House) -> None:
    answer = app.test_client().get("/scim/v2/home/Users")
    assert (answer.status_code, answer.mimetype, answer.json["status"]) == (401, MEDIA, "401")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_what_a_directory_knows_of_somebody_goes_when_they_are_erased(directory: Directory, house: House) -> None:
    made = directory.make("nora@home.example", externalId="known", userName="nora@tenant.example")
    with acting(house.home, SYSTEM), unit_of_work() as work:
        anonymise(work.get_one(Member, (house.home.id, UUID(made["id"]))))
    with acting(house.home, SYSTEM), unit_of_work() as work:
        assert work.query(ScimUser).count() == 0


def test_the_page_says_where_the_directory_knocks(house: House, directory: Directory) -> None:
    directory.make("nora@home.example")
    browser = Visitor(directory.app)
    browser.sign_in("cleo@home.example")
    page = browser.get("/home/settings/provisioning")
    assert "/scim/v2/home" in page.text
    other = Visitor(directory.app)
    other.sign_in("ben@home.example")
    assert other.get("/home/settings/provisioning").status_code == 403


def test_a_token_of_a_service_serves_with_its_own_role(app: Flask, house: House) -> None:
    """It has the rights of its role, whoever answers for it."""
    with acting(house.home, actor_of(house.home, house.owner)), unit_of_work():
        made = [make_service_token("directory", access.role_named(role).id, house.owner.id, (scope,))[1]
                for role, scope in (("admin", "admin"), ("viewer", "admin"), ("admin", "write"))]
    mighty, weak, narrow = (Directory(app, house.home, token) for token in made)
    assert mighty.make("nora@home.example")["active"] is True
    assert narrow.get("/Users").status_code == 403
    for each in (weak, narrow):
        answer = each.ask("POST", "/Users", {"userName": "new@home.example"})
        assert (answer.status_code, answer.mimetype) == (403, MEDIA)


def test_me_is_whoever_holds_the_token(app: Flask, directory: Directory, house: House) -> None:
    found = directory.get("/Me")
    assert (found.status_code, found.json["id"]) == (200, str(house.admin.id))
    assert found.headers["Content-Location"].endswith(f"/Users/{house.admin.id}")
    assert found.json == directory.get(f"/Users/{house.admin.id}").json
    with acting(house.home, actor_of(house.home, house.admin)), unit_of_work():
        _token, secret = make_service_token("Directory", access.role_named("auditor").id, house.admin.id, ("admin",))
    service = Directory(app, house.home, secret)
    assert service.get("/Users").status_code == 200
    assert service.get("/Me").status_code == 404, "a service is nobody"
