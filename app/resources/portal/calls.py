"""An operation of the description as a call that can be made: address, headers, body."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask_babel import get_locale

from app.resources.openapi import document, operations

FORMATS = {"uuid": "00000000-0000-0000-0000-000000000000", "date": "2026-01-31", "date-time": "2026-01-31T08:00:00+00:00",
           "decimal": "1250.00", "email": "name@example.org"}
DEEPEST = 4


@dataclass(frozen=True)
class Call:
    """One operation: `path` with its words in braces, `parameters` with the references followed, `body` an example or None."""

    name: str
    method: str
    path: str
    said: Mapping[str, Any]
    parameters: tuple[Mapping[str, Any], ...]
    headers: Mapping[str, str]
    body: Any = None

    @property
    def tag(self) -> str:
        """The module."""
        return str(self.said["tags"][0])


def whole() -> dict[str, Any]:
    """The description in the reader's language, written once."""
    return _whole(str(get_locale() or "en"))


@cache
def _whole(_language: str) -> dict[str, Any]:
    return document()


def calls() -> dict[str, Call]:
    """Every operation by its name, in the order of the description."""
    return _calls(str(get_locale() or "en"))


@cache
def _calls(_language: str) -> dict[str, Call]:
    return {call.name: call for call in _each(document())}


def _each(found: Mapping[str, Any]) -> Iterator[Call]:
    for path, said in found["paths"].items():
        for method, operation in operations(said).items():
            asked = [_followed(each, found) for each in (*said.get("parameters", ()), *operation.get("parameters", ()))]
            content = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            body = None if content is None else example(content, found)
            headers = {"Authorization": "Bearer {token}"} if operation.get("security", True) else {}
            headers |= {"If-Match": "*"} if any(each["name"] == "If-Match" and each.get("required") for each in asked) else {}
            headers |= {"Content-Type": "application/json"} if body is not None else {}
            yield Call(operation["operationId"], method.upper(), path, operation, tuple(asked), headers, body)


def _followed(said: Mapping[str, Any], found: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in said:
        target: Any = found
        for step in said["$ref"].removeprefix("#/").split("/"):
            target = target[step]
        said = target
    return said


def example(schema: Mapping[str, Any], found: Mapping[str, Any], depth: int = 0) -> Any:
    """The least that a schema takes."""
    schema = _followed(schema, found)
    if "anyOf" in schema:
        return example(schema["anyOf"][0], found, depth)
    kind = schema.get("type", "object")
    kind = kind[0] if isinstance(kind, list) else kind
    if "enum" in schema:
        return schema["enum"][0]
    if kind == "object":
        needed = schema.get("required", ()) if depth < DEEPEST else ()
        return {name: example(schema["properties"][name], found, depth + 1) for name in needed}
    if kind == "array":
        return [example(schema["items"], found, depth + 1)]
    if kind == "string":
        return FORMATS.get(schema.get("format", ""), "REFERENCE" if "description" in schema else "text")[:schema.get("maxLength")]
    return {"integer": schema.get("minimum", 1), "boolean": True, "number": 1, "null": None}[kind]


def fields_shown(schema: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """The fields of a schema, for a table: name, type, whether it is needed, what it may be."""
    if schema is None:
        return []
    found = whole()
    schema = _followed(schema, found)
    return [{"name": name, "type": type_of(said), "needed": name in schema.get("required", ()), "title": str(said.get("title", "")),
             "choices": [each for each in _followed(said, found).get("enum", ()) if each is not None]}
            for name, said in schema.get("properties", {}).items()]


def type_of(said: Mapping[str, Any]) -> str:
    """The type of a schema in a few signs: `string`, `integer or null`, `Link`."""
    if "$ref" in said:
        return str(said["$ref"].rpartition("/")[2])
    if "anyOf" in said:
        return " | ".join(type_of(each) for each in said["anyOf"])
    kind = said.get("type", "object")
    kinds = list(kind) if isinstance(kind, list) else [kind]
    if "format" in said:
        kinds[0] = said["format"]
    if kinds[0] == "array":
        kinds[0] = f"{type_of(said.get('items', {}))}[]"
    return " | ".join(kinds)
