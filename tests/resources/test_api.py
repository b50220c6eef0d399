"""The verbs of the API: fields, versions, history, many at once, and calls that are repeated with a key."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import false, func, select

from app.core import access, auth
from app.core.audit.models import AuditEntry
from app.core.organisations import Site
from app.core.people import Member
from app.core.scheduler.retention import clear_away
from app.kernel import clock
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.idempotency import UsedKey
from tests.core.visitors import actor_of, enrol, found

PLACE = "/api/v1/home/organisation/sites/"


class Machine:
    """A program with a token."""

    def __init__(self, app: Flask, place: Organisation, scopes: tuple[str, ...] = ("admin",), member: str = "ada@home.example") -> None:
        self.client, self.place = app.test_client(), place
        with acting(place, SYSTEM), unit_of_work() as work:
            actor = actor_of(place, work.scalars(select(Member).where(Member.email == member)).one())
        with acting(place, actor), unit_of_work():
            self.token, secret = auth.make_token("machine", scopes)
            self.headers = {"Authorization": f"Bearer {secret}"}

    def ask(self, method: str, path: str = "", json: Any = None, **headers: str) -> Any:
        """Send a request below the list of sites; header names with _ for -."""
        more = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.open(PLACE + path, method=method, json=json, headers=self.headers | more)

    def site(self, name: str) -> dict[str, Any]:
        """A new site."""
        made = self.ask("POST", json={"name": name, "kind": "rig"})
        assert made.status_code == 201, made.text
        return dict(made.json)

    def count(self) -> int:
        """How many sites there are."""
        with acting(self.place, SYSTEM), unit_of_work() as work:
            return work.scalar(select(func.count()).select_from(Site)) or 0


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner."""
    made = found("home")
    enrol(made, "ada@home.example", "owner")
    return made


@pytest.fixture
def machine(app: Flask, place: Organisation) -> Machine:
    return Machine(app, place)


def test_a_change_names_its_version(machine: Machine) -> None:
    made = machine.site("Rowan")
    path = made["reference"] + "/"
    tag = machine.ask("GET", path).headers["ETag"]
    assert machine.ask("PATCH", path, {"location": "North"}).status_code == 428
    changed = machine.ask("PATCH", path, {"location": "North"}, If_Match=tag)
    assert (changed.status_code, changed.json["location"]) == (200, "North")
    stale = machine.ask("PATCH", path, {"location": "South"}, If_Match=tag)
    assert (stale.status_code, stale.mimetype, stale.json["version"]) == (412, "application/problem+json", changed.json["version"])
    either = machine.ask("PATCH", path, {"location": "East"}, If_Match=f'{tag}, {changed.headers["ETag"]}')
    assert (either.status_code, either.json["location"]) == (200, "East")
    assert machine.ask("PATCH", path, {"location": "West"}, If_Match="*").json["location"] == "West"
    assert machine.ask("POST", path + "archive", {}, If_Match=tag).status_code == 412
    assert machine.ask("GET", path).json["archived_at"] is None
    now = machine.ask("GET", path).headers["ETag"]
    assert machine.ask("POST", path + "archive", {}, If_Match=now).status_code == 200


def test_what_somebody_has_is_not_sent_again(machine: Machine) -> None:
    path = machine.site("Rowan")["reference"] + "/"
    tag = machine.ask("GET", path).headers["ETag"]
    same = machine.ask("GET", path, If_None_Match=tag)
    assert (same.status_code, same.data) == (304, b"")
    machine.ask("PATCH", path, {"location": "North"}, If_Match=tag)
    assert machine.ask("GET", path, If_None_Match=tag).json["location"] == "North"


def test_fields_are_chosen_and_a_wrong_one_is_named(machine: Machine) -> None:
    made = machine.site("Rowan")
    assert machine.ask("GET", "?fields=name,kind").json["items"] == [
        {"id": made["id"], "reference": made["reference"], "version": 1, "name": "Rowan", "kind": "rig"}]
    assert set(machine.ask("GET", f"{made['reference']}/?fields=name").json) == {"id", "reference", "version", "name"}
    refused = machine.ask("GET", "?fields=nane")
    assert refused.status_code == 422
    assert "“name”" in refused.json["errors"]["fields"][0]


def test_history_says_who_changed_what(machine: Machine) -> None:
    path = machine.site("Rowan")["reference"] + "/"
    machine.ask("PATCH", path, {"name": "Rowan North"}, If_Match="*")
    items = machine.ask("GET", path + "history").json["items"]
    assert [item["action"] for item in items] == ["organisation.site.edit", "organisation.site.create"]
    assert {"field": "Name", "before": "Rowan", "after": "Rowan North"} in items[0]["changes"]
    assert items[0]["by"]["name"] == "Ada"


def test_many_have_a_result_each(machine: Machine) -> None:
    made = machine.ask("POST", "bulk", {"action": "create", "data": {"kind": "rig"}, "items": [
        {"data": {"name": "North"}}, {"data": {"name": ""}}, {"data": {"name": "South"}}, {"data": {"name": "East", "kind": "nothing"}}]})
    assert made.status_code == 200, made.text
    assert [item["status"] for item in made.json["items"]] == [200, 422, 200, 422]
    assert (made.json["done"], made.json["refused"], machine.count()) == (2, 2, 2)
    assert list(made.json["items"][1]["errors"]) == ["name"]
    north, south = (made.json["items"][place]["record"] for place in (0, 2))
    changed = machine.ask("POST", "bulk", {"action": "edit", "items": [
        {"reference": north["reference"], "version": 1, "data": {"location": "A"}},
        {"reference": south["reference"], "version": 9, "data": {"location": "B"}}, {"reference": "NONE-1", "data": {"location": "C"}}]})
    assert [(item["reference"], item["status"]) for item in changed.json["items"]] == [
        (north["reference"], 200), (south["reference"], 412), ("NONE-1", 404)]
    assert machine.ask("GET", south["reference"] + "/").json["location"] is None
    archived = machine.ask("POST", "bulk", {"action": "archive", "items": [
        {"reference": each["reference"]} for each in (north, south, north)]})
    assert [item["state"] for item in archived.json["items"]] == ["done", "done"]


@pytest.mark.parametrize("body", [
    {}, {"action": "archive"}, {"action": "archive", "items": []}, {"action": "archive", "items": ["X"]},
    {"action": "archive", "items": [{}]}, {"action": "fly", "items": [{"reference": "X"}]}, {"action": "create", "items": [{"data": 5}]},
    {"action": "create", "data": [], "items": 5}, {"action": "archive", "items": [{"reference": 5}]},
    {"action": "archive", "items": [{"reference": "X"}] * 501}])
def test_a_list_that_means_nothing_is_refused(machine: Machine, body: dict[str, Any]) -> None:
    assert machine.ask("POST", "bulk", body).status_code == 422


def test_a_taken_key_among_many_leaves_the_others(machine: Machine) -> None:
    machine.site("North")
    items = [{"data": {"name": name, "kind": "rig"}} for name in ("South", "NORTH", "East")]
    made = machine.ask("POST", "bulk", {"action": "create", "items": items})
    assert [item["status"] for item in made.json["items"]] == [200, 422, 200], made.text
    assert machine.count() == 3


def test_many_need_the_permission(app: Flask, place: Organisation, machine: Machine) -> None:
    made = machine.site("North")
    reader = Machine(app, place, ("read_only",))
    sent = {"action": "archive", "items": [{"reference": made["reference"]}]}
    assert reader.ask("POST", "bulk", sent).status_code == 403
    enrol(place, "mo@home.example", "member")
    member = Machine(app, place, ("admin",), "mo@home.example")
    assert member.ask("POST", "bulk", sent).status_code == 403
    assert machine.ask("GET", made["reference"] + "/").json["archived_at"] is None


def test_a_repeat_gets_the_first_answer_and_has_no_effect(app: Flask, place: Organisation, machine: Machine) -> None:
    sent = {"name": "Rowan", "kind": "rig"}
    first = machine.ask("POST", json=sent, Idempotency_Key="one")
    machine.ask("PATCH", f"{first.json['reference']}/", {"location": "North"}, If_Match="*")
    again = machine.ask("POST", json=sent, Idempotency_Key="one")
    assert (again.status_code, again.json, again.headers["Idempotency-Replayed"]) == (201, first.json, "true")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert "Idempotency-Replayed" not in first.headers
    other = machine.ask("POST", json=sent | {"name": "Birch"}, Idempotency_Key="one")
    assert (other.status_code, other.mimetype) == (422, "application/problem+json")
    assert machine.count() == 1
    assert machine.ask("POST", json=sent | {"name": "Birch"}, Idempotency_Key="x" * 201).status_code == 422
    second = Machine(app, place)
    assert second.ask("POST", json=sent | {"name": "Birch"}, Idempotency_Key="one").status_code == 201, "the key is of one token"


def test_a_refusal_leaves_the_key_free(machine: Machine) -> None:
    assert machine.ask("POST", json={"name": ""}, Idempotency_Key="one").status_code == 422
    assert machine.ask("POST", json={"name": "Rowan", "kind": "rig"}, Idempotency_Key="one").status_code == 201


def test_actions_and_lists_are_repeated_too(machine: Machine) -> None:
    path = machine.site("Rowan")["reference"]
    asked = [machine.ask("POST", f"{path}/archive", {}, Idempotency_Key="a") for _time in range(2)]
    assert [answer.status_code for answer in asked] == [200, 200]
    assert asked[0].json == asked[1].json
    body = {"action": "create", "items": [{"data": {"name": name, "kind": "rig"}} for name in ("A", "B")]}
    many = [machine.ask("POST", "bulk", body, Idempotency_Key="a") for _time in range(2)]
    assert many[0].json == many[1].json
    assert machine.count() == 3


def test_a_kept_answer_is_given_to_nobody_who_lost_the_right(app: Flask, place: Organisation, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever may not do it by now, or sees the record no more, gets what anybody would who asks for the first time."""
    mo = enrol(place, "mo@home.example", "admin")
    machine = Machine(app, place, member=mo.email)
    path = machine.site("Rowan")["reference"]
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "", {"name": "Birch", "kind": "rig"}), ("PATCH", f"{path}/", {"location": "North"}), ("POST", f"{path}/archive", {}),
        ("POST", "bulk", {"action": "create", "items": [{"data": {"name": "Alder", "kind": "rig"}}, {"data": {"name": ""}}]})]

    def answers() -> list[int]:
        return [machine.ask(*call, If_Match="*", Idempotency_Key="one").status_code for call in calls]

    assert answers() == answers() == [201, 200, 200, 200]
    with monkeypatch.context() as hidden:
        hidden.setattr("app.core.access.visible", lambda _resource, _user: false())
        assert answers() == [404] * 4
    with acting(place, SYSTEM), unit_of_work() as work:
        work.get_one(Member, (place.id, mo.id)).role_id = access.role_named("viewer").id
    assert answers() == [403] * 4
    assert machine.ask("GET", f"{path}/").status_code == 200


def test_a_kept_answer_of_what_is_confidential_leaves_its_trace(place: Organisation, machine: Machine) -> None:
    enrol(place, "zoe@home.example", "admin")  # who may decide it
    someone = enrol(place, "mo@home.example")
    sent = {"kind": "access", "member": str(someone.id), "reason": "A letter of 3 March."}

    def traces() -> int:
        made = machine.client.post("/api/v1/home/privacy/requests/", json=sent, headers=machine.headers | {"Idempotency-Key": "one"})
        assert made.status_code == 202, made.text
        with acting(place, SYSTEM), unit_of_work() as work:
            read = work.scalars(select(AuditEntry).where(AuditEntry.action == "privacy.person_request.view"))
            return sum(each.context["confidential"] and each.record_reference == made.json["reference"] for each in read)

    assert [traces() for _time in range(2)] == [0, 1]


def test_a_key_holds_for_a_day(place: Organisation, machine: Machine) -> None:
    sent = {"name": "Rowan", "kind": "rig"}
    first = machine.ask("POST", json=sent, Idempotency_Key="one")
    later = clock.now() + timedelta(hours=25)
    with clock.at(later):
        assert machine.ask("POST", json={"name": "Birch", "kind": "rig"}, Idempotency_Key="one").status_code == 201
    assert first.status_code == 201
    with clock.at(later + timedelta(hours=25)), acting(place, SYSTEM):
        assert clear_away()["keys"] == 1
        with unit_of_work() as work:
            assert work.scalar(select(func.count()).select_from(UsedKey)) == 0


def test_every_refusal_is_a_problem_with_its_number(machine: Machine) -> None:
    asked = [machine.ask("GET", "nothing/"), machine.ask("DELETE"), machine.ask("PATCH", "x/", {}), machine.ask("GET", "?zz=1"),
             machine.client.get("/api/v1/home/nowhere"), machine.client.get(PLACE),
             machine.client.post(PLACE, data=b"{", headers=machine.headers)]
    assert [answer.status_code for answer in asked] == [404, 405, 404, 422, 404, 401, 422]
    for answer in asked:
        assert answer.mimetype == "application/problem+json"
        assert (answer.json["status"], bool(UUID(answer.json["request_id"]))) == (answer.status_code, True)
