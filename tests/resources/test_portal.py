"""What developers take along: the Postman collection and the samples say what the description says, and work."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from app.core import auth, search
from app.core.people import Member
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.registry import registry
from app.resources.openapi import document, operations
from app.resources.portal import changes
from app.resources.portal.calls import calls
from app.resources.portal.postman import SCHEMA
from app.resources.portal.samples import TOKEN, samples_of
from tests.contract.schemas import wrong
from tests.core.visitors import Visitor, actor_of, enrol, found


@pytest.fixture
def place(app: Flask) -> Organisation:
    """An organisation with an owner."""
    made = found("home")
    enrol(made, "ada@home.example", "owner")
    return made


@pytest.fixture
def ada(app: Flask, place: Organisation) -> Visitor:
    """The owner's browser, signed in."""
    browser = Visitor(app)
    assert browser.sign_in("ada@home.example").status_code == 303
    return browser


def secret_of(place: Organisation) -> str:
    """The value of a new token of the owner."""
    with acting(place, SYSTEM), unit_of_work() as work:
        owner = actor_of(place, work.scalars(select(Member)).one())
    with acting(place, owner), unit_of_work():
        return auth.make_token("sample", ("write",))[1]


def _requests(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for item in items:
        if "item" in item:
            yield from _requests(item["item"])
        else:
            yield item["request"]


def test_the_postman_collection_lists_every_operation(ada: Visitor) -> None:
    answer = ada.get("/home/developers/postman.json")
    assert "attachment" in answer.headers["Content-Disposition"]
    found_here = answer.json
    assert found_here["info"]["schema"] == SCHEMA
    assert {each["key"]: each["value"] for each in found_here["variable"]}["org"] == "home"
    listed = set()
    for request in _requests(found_here["item"]):
        url = request["url"]
        assert url["raw"] == "{{base_url}}/" + "/".join(url["path"])
        assert all(set(header) == {"key", "value"} for header in request["header"])
        if "body" in request:
            json.loads(request["body"]["raw"])
        listed.add((request["method"].lower(), url["raw"].removeprefix("{{base_url}}").replace("{{", "{").replace("}}", "}")))
    assert listed == {(method, path) for path, said in document()["paths"].items() for method in operations(said)}


def test_an_example_is_what_its_schema_takes() -> None:
    whole = document()
    faults = {}
    for call in calls().values():
        if call.body is not None:
            schema = call.said["requestBody"]["content"]["application/json"]["schema"]
            if told := list(wrong(call.body, schema, whole)):
                faults[call.name] = told
    assert faults == {}


def test_every_operation_has_its_page(ada: Visitor) -> None:
    seen = set()
    for tag in dict.fromkeys(call.tag for call in calls().values()):
        page = ada.get(f"/home/developers/?module={tag}")
        assert page.status_code == 200, tag
        seen |= {name for name in calls() if f'/developers/operations/{name}"' in page.text}
    assert seen == set(calls())
    for name in ("organisation.site.update", "auth.token", "approvals.decide", "runs.run.outputs", "hse.incident.close"):
        page = ada.get(f"/home/developers/operations/{name}")
        assert page.status_code == 200, name
        assert page.text.count("data-sample=") == 3
    assert ada.get("/home/developers/operations/nothing.at.all").status_code == 404
    assert ada.get("/home/developers/?module=nothing").status_code == 404
    found_here = ada.get("/home/developers/?q=sites+history").text
    assert "organisation.site.history" in found_here
    assert "organisation.site.create" not in found_here


def _run(language: str, text: str, secret: str) -> Any:
    commands = {"cURL": ["sh", "-c", text], "Python": [sys.executable, "-c", text],
                "JavaScript": [shutil.which("node") or "node", "--input-type=module", "-e", text]}
    done = subprocess.run(commands[language], env=os.environ | {TOKEN: secret}, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(done.stdout)


@pytest.mark.requirement("OF-242")
def test_each_sample_gives_the_same_answer(fresh_database: Any) -> None:
    """Copied as they stand and run: a list, and a record that is made."""
    app = fresh_database.app
    with app.app_context():
        place = found("home")
        enrol(place, "ada@home.example", "owner")
        secret = secret_of(place)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.port}"
        for name, values in (("organisation.site.list", {}), ("hse.incident.create", {}), ("auth.token", {})):
            samples = dict(samples_of(calls()[name], base, {"org": "home", **values}))
            assert urlsplit(base).netloc in samples["cURL"]
            answers = {language: _run(language, text, secret) for language, text in samples.items() if _there(language)}
            assert {"cURL", "Python"} <= set(answers)
            assert len({json.dumps(_without_own(answer), sort_keys=True) for answer in answers.values()}) == 1, answers
    finally:
        server.shutdown()
        thread.join(10)


def _there(language: str) -> bool:
    """JavaScript runs where Node is; a browser runs it in tests/browser."""
    return language != "JavaScript" or shutil.which("node") is not None


def _without_own(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer without what differs from call to call."""
    own = {"id", "reference", "created_at", "updated_at", "request_id"}
    return {name: value for name, value in answer.items() if name not in own}


@pytest.mark.requirement("OF-243")
def test_the_changelog_has_dated_entries_and_what_is_not_released(ada: Visitor, monkeypatch: pytest.MonkeyPatch) -> None:
    newest, oldest = changes.versions()[0], changes.versions()[-1]
    assert newest["version"] == document()["info"]["version"]
    assert newest["day"] > oldest["day"]
    page = ada.get("/home/developers/changes").text
    assert f"Version {newest['version']}" in page
    assert "22 Nov 2026" in page
    assert "GET /{org}/hse/incidents/{reference}/history" in page
    before, unreleased = changes.kept(), changes.since()[0]
    monkeypatch.setattr(changes, "kept", lambda: before - {"GET /{org}/hse/incidents/"} | {"GET /{org}/hse/gone/"})
    assert changes.since() == (sorted(["GET /{org}/hse/incidents/", *unreleased]), ["GET /{org}/hse/gone/"])
    assert "GET /{org}/hse/gone/" in changes.breaking()
    assert "Not released yet" in ada.get("/home/developers/changes").text


def test_nothing_breaks_a_program_of_the_last_version() -> None:
    """What goes, or is newly needed, needs a version of its own: `flask api changes` shows it, `flask api release` keeps it."""
    assert changes.breaking() == []


@pytest.mark.requirement("OF-251")
def test_an_integrator_reaches_the_description_and_tokens_and_no_business(app: Flask, place: Organisation, ada: Visitor) -> None:
    """Lists, search, and the API itself with a token of theirs."""
    with acting(place, SYSTEM), unit_of_work():
        made = perform_one("organisation.site", "create", None, {"name": "Kestrel Alpha"})
        search.index(registry.resource("organisation.site"), [made.record])
    someone = enrol(place, "ines@home.example", "integrator")
    ines = Visitor(app)
    assert ines.sign_in("ines@home.example").status_code == 303
    assert ines.get("/home/").headers["Location"].endswith("/home/developers/")
    for address in ("developers/", "developers/operations/hse.incident.list", "developers/changes", "developers/postman.json",
                    "settings/tokens"):
        assert ines.get(f"/home/{address}").status_code == 200, address
    with acting(place, SYSTEM), unit_of_work():
        actor = actor_of(place, someone)
    with acting(place, actor), unit_of_work():
        secret = auth.make_token("building", ("write",))[1]
    answered = {}
    for resource in registry:
        address = f"/home/{resource.module}/{resource.slug}/"
        call = app.test_client().get(f"/api/v1{address}", headers={"Authorization": f"Bearer {secret}"})
        answered[resource.key] = {ines.get(address).status_code, call.status_code}
    answered.pop("privacy.person_request")  # one's own data: whatever the role
    assert {key: codes for key, codes in answered.items() if not codes <= {403, 404}} == {}
    assert "<mark>Kestrel</mark>" not in ines.get("/home/search?q=Kestrel").text
    assert "<mark>Kestrel</mark>" in ada.get("/home/search?q=Kestrel").text, "it is there to be found"
