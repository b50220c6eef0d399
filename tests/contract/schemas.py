"""Checks a value against a JSON schema, with the words that our description uses; a word that it does not know is an error of its own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

TYPES: dict[str, Any] = {"object": dict, "array": list, "string": str, "integer": int, "number": (int, float), "boolean": bool,
                         "null": type(None)}
FORMATS: dict[str, Any] = {"uuid": UUID, "date": date.fromisoformat, "date-time": datetime.fromisoformat, "decimal": Decimal,
                           "email": re.compile(r".+@.+").fullmatch}
SILENT = {"title", "description"}


def wrong(value: Any, schema: Mapping[str, Any], document: Mapping[str, Any], at: str = "$") -> Iterator[str]:
    """What of `value` is not as the schema says, each with its place."""
    if "$ref" in schema:
        yield from wrong(value, meant(schema["$ref"], document), document, at)
        return
    for word, said in schema.items():
        if word not in SILENT:
            yield from RULES[word](value, said, document, at)


def meant(reference: str, document: Mapping[str, Any]) -> Any:
    """What a reference inside the document points at."""
    found: Any = document
    for step in reference.removeprefix("#/").split("/"):
        found = found[step]
    return found


def _type(value: Any, said: Any, _document: Any, at: str) -> Iterator[str]:
    names = [said] if isinstance(said, str) else said
    fits = any(isinstance(value, TYPES[name]) and (name == "boolean" or not isinstance(value, bool)) for name in names)
    if not fits:
        yield f"{at}: {value!r} is no {' or '.join(names)}"


def _enum(value: Any, said: Any, _document: Any, at: str) -> Iterator[str]:
    if value not in said:
        yield f"{at}: {value!r} is not one of {said}"


def _format(value: Any, said: str, _document: Any, at: str) -> Iterator[str]:
    if isinstance(value, str):
        try:
            read = FORMATS[said](value)
        except (ValueError, ArithmeticError):
            read = None
        if read is None:
            yield f"{at}: {value!r} is no {said}"


def _max_length(value: Any, said: int, _document: Any, at: str) -> Iterator[str]:
    if isinstance(value, str) and len(value) > said:
        yield f"{at}: longer than {said}"


def _properties(value: Any, said: Any, document: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name in said.keys() & value.keys():
            yield from wrong(value[name], said[name], document, f"{at}.{name}")


def _required(value: Any, said: Any, _document: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: {name} is missing" for name in said if name not in value)


def _others(value: Any, said: Any, document: Any, at: str) -> Iterator[str]:
    if isinstance(value, dict) and isinstance(said, dict):
        for name, each in value.items():
            yield from wrong(each, said, document, f"{at}.{name}")


def _items(value: Any, said: Any, document: Any, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from wrong(each, said, document, f"{at}[{place}]")


def _any_of(value: Any, said: Any, document: Any, at: str) -> Iterator[str]:
    tried = [list(wrong(value, each, document, at)) for each in said]
    if all(tried):
        yield from tried[0]


def _unasked(*_said: Any) -> Iterator[str]:
    return iter(())


RULES: dict[str, Any] = {"type": _type, "enum": _enum, "format": _format, "maxLength": _max_length, "properties": _properties,
                         "required": _required, "additionalProperties": _others, "items": _items, "anyOf": _any_of,
                         "minimum": _unasked, "maximum": _unasked, "minItems": _unasked, "maxItems": _unasked}
