"""Lists by SCIM: filters, order, pages, chosen attributes. What cannot be understood is `invalidFilter`, never a crash."""

from __future__ import annotations

import random
from typing import Any

import pytest
from flask import Flask

from app.core import access, people
from app.core.people import Member
from app.core.scim.filters import Both, Compare, Either, Not, Within, parsed
from app.core.scim.refusals import Refused
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from tests.core.scim.conftest import ENTERPRISE, USER, Directory, House

FOUND = {  # filter: who is found among the three of the house and nora, who came by the directory
    'userName eq "ben@home.example"': "ben", 'USERNAME EQ "BEN@HOME.EXAMPLE"': "ben", 'userName ne "ben@home.example"': "ada cleo nora",
    'userName co "home"': "ada ben cleo nora", 'userName sw "n"': "nora", 'userName ew "A@home.example"': "ada nora",
    f'{USER}:userName sw "c"': "cleo", 'name.familyName eq "okoro"': "ben", 'name.givenName sw "A"': "ada", 'displayName co " R"': "cleo",
    'name.formatted eq "Nora Quist"': "nora", 'emails eq "ben@home.example"': "ben", 'emails.value ew "example"': "ada ben cleo nora",
    'emails[type eq "work" and value sw "ada"]': "ada", 'emails[type eq "home"]': "", 'emails[not (value sw "a")]': "ben cleo nora",
    'externalId eq "ext-7"': "nora", 'externalId eq "EXT-7"': "", "externalId pr": "nora", "not (externalId pr)": "ada ben cleo",
    'externalId ne "ext-7"': "ada ben cleo", "externalId eq null": "ada ben cleo", "title pr": "nora", 'title gt "K"': "nora",
    'title lt "K"': "", 'title ge "planner"': "nora", 'title le "planner"': "nora", "active eq true": "ada ben cleo nora",
    'active eq "False"': "", "active ne true": "", 'roles eq "admin"': "cleo",
    'roles.value eq "owner" or roles[value eq "admin"]': "ada cleo",
    'roles[primary eq true and value eq "owner"]': "ada", 'meta.created gt "2020-01-01T00:00:00Z"': "ada ben cleo nora",
    'meta.lastModified lt "2020-01-01T00:00:00+02:00"': "", 'meta.created ge "2020-01-01"': "ada ben cleo nora",
    'userName sw "a" or userName sw "b" and active eq false': "ada", '(userName sw "a" or userName sw "b") and active eq true': "ada ben",
    'not (userName sw "a") and not (userName sw "b")': "cleo nora", 'userName co "%"': "", 'userName co "_"': "", 'title eq "x\\"y"': "",
    'id eq "nobody"': "", 'id ne "nobody"': "ada ben cleo nora", f"{ENTERPRISE}:department pr": "", "groups pr": "",
    'manager eq "00000000-0000-7000-8000-000000000001"': "", 'groups.display eq "Crew"': "",
    'preferredLanguage eq "en"': "ada ben cleo nora",
    'userName eq "nørå@home.example"': "", 'phoneNumbers[type eq "work"]': "ada ben cleo nora",
}
BAD = ["userName", "userName eq", 'eq "x"', 'userName is "x"', 'userName eq "x', "userName eq x", "userName eq 'x'", 'userName eq "x" and',
       'and userName eq "x"', '(userName eq "x"', 'userName eq "x")', 'not userName eq "x"', "userName pr pr", 'password eq "x"',
       "nothing pr",
       "userName eq 5", "userName eq true", "active eq 1", "active gt true", 'active co "t"', 'active eq "perhaps"',
       'meta.created co "2020"',
       'meta.created gt "yesterday"', "meta.created gt 5", 'meta.created gt "0001-01-01T00:00:00+23:00"', 'id co "1"', 'id gt "1"',
       'emails[type eq "work"', "emails[]", 'emails type eq "work"]', 'nothing[type eq "work"]', 'emails[nothing eq "x"]',
       'emails[emails[type eq "x"]]', 'emails.type gt "a"', '"userName" eq "x"', "userName eq {}", "userName eq []", "()", "not ()", "[",
       "]",
       'userName eq "\\u0000"', 'userName eq "\\ud800"', 'userName eq "\\x"', "userName eq 1e999999", "userName eq " + "9" * 5_000,
       "(" * 3_000,
       "(" * 60 + 'userName eq "x"' + ")" * 60, "not (" * 60 + "userName pr" + ")" * 60, 'userName eq "' + "x" * 5_000 + '"',
       "'; DROP TABLE member; --", 'userName eq "x" or 1 eq 1', "userName eq NaN", "userName\x00 pr", "a.b.c pr", "$ref pr", "groups gt 1"]


@pytest.fixture
def people_here(directory: Directory) -> Directory:
    """Nora too, with everything."""
    directory.make("nora@home.example", externalId="ext-7", title="Planner", displayName="Nora Quist",
                   name={"givenName": "Nora", "familyName": "Quist"})
    return directory


def test_every_comparison_finds_whom_it_should(people_here: Directory) -> None:
    wrong = {}
    for text, wanted in FOUND.items():
        found = " ".join(sorted(name.partition("@")[0] for name in people_here.names(filter=text)))
        if found != wanted:
            wrong[text] = found
    assert wrong == {}


def test_what_is_no_filter_is_said_to_be_none(people_here: Directory) -> None:
    wrong = {}
    for text in BAD:
        for path in ("/Users", "/Groups"):
            answer = people_here.get(path, filter=text)
            if (answer.status_code, (answer.json or {}).get("scimType")) != (400, "invalidFilter"):
                wrong[text[:60], path] = answer.text[:200]
    assert wrong == {}


def test_whatever_is_typed_never_breaks(people_here: Directory) -> None:
    """Pieces of filters, thrown together: an answer or a refusal, nothing else."""
    dice = random.Random(7)
    pieces = [*"()[]", "userName", "emails", "active", "id", "eq", "ne", "pr", "co", "gt", "and", "or", "not", '"x"', '"', "true", "null",
        "5",
              "urn:a:", ".value", "meta.created", '"2020-01-01"', "\\", "%", "$", "é", "\u202e"]
    for _turn in range(60):
        text = " ".join(dice.choices(pieces, k=dice.randint(1, 12)))
        answer = people_here.get("/Users", filter=text)
        assert answer.status_code in (200, 400), (text, answer.text)


def test_the_tree_of_a_filter() -> None:
    assert parsed('a eq "x" or b pr and not (c co "y")') == Either(
        Compare("a", "eq", "x"), Both(Compare("b", "pr"), Not(Compare("c", "co", "y"))))
    assert parsed('emails[type eq "work"]') == Within("emails", Compare("type", "eq", "work"))
    with pytest.raises(Refused):
        parsed("")


@pytest.fixture
def crowd(app: Flask, house: House) -> None:
    """250 people more."""
    with acting(house.home, SYSTEM), unit_of_work() as work:
        role = access.role_named("member").id
        rows = [Member(name=f"Person {n:03}", email=f"p{n:03}@home.example", role_id=role) for n in range(250)]
        for row in rows:
            people.services.before_save(row)
        assign(rows)
        for row in rows:
            refresh_keys(row)
        work.add_all(rows)


@pytest.mark.usefixtures("crowd")
def test_250_people_come_by_pages_each_once(directory: Directory) -> None:
    seen: list[str] = []
    start = 1
    while True:
        page = directory.get("/Users", startIndex=start, count=60).json
        assert (page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (253, start, len(page["Resources"]))
        if not page["Resources"]:
            break
        seen += [each["id"] for each in page["Resources"]]
        start += len(page["Resources"])
    assert len(seen) == len(set(seen)) == 253


@pytest.mark.usefixtures("crowd")
def test_pages_begin_and_end_where_the_standard_says(directory: Directory) -> None:
    assert directory.get("/Users").json["itemsPerPage"] == 200
    assert directory.get("/Users", count=1_000).json["itemsPerPage"] == 200
    for said in ({"count": 0}, {"count": -5}):
        page = directory.get("/Users", **said).json
        assert (page["totalResults"], page["itemsPerPage"], page["Resources"]) == (253, 0, [])
    assert directory.get("/Users", startIndex=-4, count=2).json["startIndex"] == 1
    assert directory.get("/Users", startIndex=9_999_999_999, count=2).json["Resources"] == []
    assert directory.get("/Users", startIndex="x").status_code == 400
    ordered = directory.names(sortBy="userName", sortOrder="descending", count=2, filter='userName sw "p"')
    assert ordered == ["p249@home.example", "p248@home.example"]
    assert directory.names(sortBy="name.familyName", count=1, filter='userName sw "p"') == ["p000@home.example"]
    assert directory.get("/Users", sortBy="password").status_code == directory.get("/Users", sortBy="groups").status_code == 400


def test_only_what_is_asked_for_comes(people_here: Directory) -> None:
    def first(**said: Any) -> dict[str, Any]:
        found: dict[str, Any] = people_here.get("/Users", filter='userName sw "nora"', **said).json["Resources"][0]
        return found

    assert set(first(attributes="userName")) == {"id", "schemas", "userName"}
    assert first(attributes=f"{USER}:name.givenName")["name"] == {"givenName": "Nora"}
    assert first(attributes="emails.value")["emails"] == [{"value": "nora@home.example"}]
    assert "emails" not in first(excludedAttributes="emails,meta")
    assert first(excludedAttributes="name.formatted")["name"] == {"givenName": "Nora", "familyName": "Quist"}
    assert {"id", "schemas"} <= set(first(excludedAttributes="id,schemas"))


def test_a_list_can_be_asked_for_in_a_body(people_here: Directory) -> None:
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"], "filter": 'userName sw "n"', "attributes": ["userName"],
            "startIndex": 1, "count": 10}
    answer = people_here.ask("POST", "/Users/.search", body)
    assert [each["userName"] for each in answer.json["Resources"]] == ["nora@home.example"]
    assert set(answer.json["Resources"][0]) == {"id", "schemas", "userName"}


def test_the_service_describes_itself(directory: Directory) -> None:
    said = directory.get("/ServiceProviderConfig").json
    assert said["patch"]["supported"] is said["filter"]["supported"] is said["etag"]["supported"] is said["sort"]["supported"] is True
    assert said["bulk"]["supported"] is said["changePassword"]["supported"] is False
    assert [each["id"] for each in directory.get("/ResourceTypes").json["Resources"]] == ["User", "Group"]
    assert directory.get("/ResourceTypes/User").json["endpoint"] == "/Users"
    assert directory.get("/ResourceTypes/Moon").status_code == 404
    for schema in (USER, ENTERPRISE):
        assert directory.get(f"/Schemas/{schema}").json["id"] == schema
    named = {each["name"] for each in directory.get(f"/Schemas/{USER}").json["attributes"]}
    made = directory.make("nora@home.example", phoneNumbers=[{"value": "1"}], title="x")
    assert set(made) - {"id", "externalId", "meta", "schemas", ENTERPRISE} <= named
