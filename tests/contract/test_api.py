"""The API and its description say the same, of every resource; and both the same as the pages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources.openapi import document, operations
from tests.contract.registry import CREATABLE, RESOURCES
from tests.contract.schemas import wrong
from tests.contract.world import World

DOCUMENT = document()
NOT_RECORDS = {"/api/v1/openapi.json"}


def start(resource: Resource) -> int:
    """The number of a sample that no other resource takes: addresses of members and of those invited must differ."""
    return 500 + 10 * CREATABLE.index(resource)


def described(rule: Any) -> str:
    """A route as the description writes it."""
    path = rule.rule.removeprefix("/api/v1").replace("<ref>", "<reference>")
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def test_every_route_is_described_and_nothing_else(app: Flask) -> None:
    rules = [rule for rule in app.url_map.iter_rules() if rule.rule.startswith("/api/v1/") and rule.rule not in NOT_RECORDS]
    there = {(described(rule), method.lower()) for rule in rules for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    assert there == {(path, method) for path, said in DOCUMENT["paths"].items() for method in operations(said)}
    assert len(DOCUMENT["paths"]) >= 40


def _answers(world: World, resource: Resource) -> Iterator[tuple[str, str, Any]]:
    """Path, method and answer of what can be read of a resource."""
    base, path = f"/api/v1{world.url(resource)}", f"/{{org}}/{resource.module}/{resource.slug}/"
    client = world.client("owner")
    listed = client.get(f"{base}?per_page=3")
    yield path, "get", listed
    for item in listed.json["items"][:2]:
        yield f"{path}{{reference}}/", "get", client.get(f"{base}{item['reference']}/")
        yield f"{path}{{reference}}/history", "get", client.get(f"{base}{item['reference']}/history")
    yield f"{path}{{reference}}/", "get", client.get(f"{base}nothing/")
    yield path, "get", client.get(f"{base}?zzz=1")
    yield path, "get", world.stranger().get(base)
    yield path, "get", world.client("nobody").get(base)


@pytest.mark.requirement("OF-240")
def test_every_answer_keeps_the_schema_of_the_description(world: World) -> None:
    found, seen = {}, set()
    for resource in RESOURCES:
        if resource in CREATABLE:
            world.records(resource, 2, start(resource))
        for path, method, answer in _answers(world, resource):
            said = DOCUMENT["paths"][path][method]["responses"].get(str(answer.status_code))
            if said is None:
                found[f"{method} {path}"] = [f"{answer.status_code} is not described"]
                continue
            said = DOCUMENT["components"]["responses"][said["$ref"].rpartition("/")[2]] if "$ref" in said else said
            (kind, content), = said["content"].items()
            assert answer.mimetype == kind, path
            seen.add(answer.status_code)
            if faults := list(wrong(answer.json, content["schema"], DOCUMENT)):
                found[f"{method} {path}"] = faults[:3]
    assert found == {}
    assert {200, 401, 404, 422} <= seen


def test_every_field_is_asked_for_by_its_name(world: World) -> None:
    """`fields` gives what it names and what a record is known by; the page shows the same records in the same order."""
    wrong_ones = {}
    for resource in CREATABLE:
        world.records(resource, 3, start(resource))
        name = next(n for n in fields_of(resource.model) if n != "reference")
        items = world.client("owner").get(f"/api/v1{world.url(resource)}?fields={name}&per_page=200").json["items"]
        page = world.client("owner").get(world.url(resource)).text
        places = [page.find(f"/{item['reference']}/") for item in items[:20]]
        if any(set(item) != {"id", "reference", "version", name} for item in items) or places != sorted(places) or -1 in places:
            wrong_ones[resource.key] = (sorted(items[0]), places)
    assert wrong_ones == {}


def test_the_description_is_whole() -> None:
    """What is pointed at is there, every operation has a name of its own, and what an address holds is said."""
    names = [operation["operationId"] for said in DOCUMENT["paths"].values() for operation in operations(said).values()]
    assert len(names) == len(set(names))
    schemas = [re.sub(r"[\W_]", "", name).lower() for name in DOCUMENT["components"]["schemas"]]
    assert sorted(schemas) == sorted(set(schemas)), "a generated client makes one class of two"
    for path, said in DOCUMENT["paths"].items():
        held = {each["$ref"].rpartition("/")[2] if "$ref" in each else each["name"] for each in said.get("parameters", ())}
        assert {"{" + name + "}" for name in held} == {part for part in path.split("/") if part.startswith("{")}, path
    for reference in _references(DOCUMENT):
        kind, _slash, name = reference.removeprefix("#/components/").partition("/")
        assert name in DOCUMENT["components"][kind], reference


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (said for name, said in value.items() if name == "$ref" and isinstance(said, str))
        for each in value.values():
            yield from _references(each)
    elif isinstance(value, list):
        for each in value:
            yield from _references(each)
