"""What changed in the API: the description as plain lines, compared with the lines of the last version."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.resources.portal.calls import calls, type_of, whole

PLACE = Path(__file__).parent
SURFACE, VERSIONS = PLACE / "surface.txt", PLACE / "versions.json"


def lines() -> set[str]:
    """The API as it is now: an operation, a parameter, a field that is taken or shown on each line."""
    found = set()
    for call in calls().values():
        name = f"{call.method} {call.path}"
        found.add(name)
        found |= {f"{name} takes {each['name']}{' (needed)' if each.get('required') else ''}" for each in call.parameters
                  if each["name"] != "org" and "__" not in each["name"]}
    for name, schema in whole()["components"]["schemas"].items():
        found |= set(_fields(name, schema))
    return found


def _fields(name: str, schema: Mapping[str, Any]) -> Iterator[str]:
    written = name.endswith(".write")
    if name.count(".") > 1 and not written:
        return
    for field, said in schema.get("properties", {}).items():
        if written and field in schema.get("required", ()):
            yield f"{name} needs {field}"
        yield f"{name} has {field}: {type_of(said).removesuffix(' | null')}"


def kept() -> set[str]:
    """The lines of the last version."""
    return set(SURFACE.read_text(encoding="utf-8").splitlines())


def versions() -> list[dict[str, Any]]:
    """The versions, newest first: `version`, `day`, `added` and `removed`."""
    return list(json.loads(VERSIONS.read_text(encoding="utf-8")))


def since() -> tuple[list[str], list[str]]:
    """What came and what went since the last version."""
    now, before = lines(), kept()
    return sorted(now - before), sorted(before - now)


def breaking() -> list[str]:
    """What a program that worked with the last version may stumble over: what went, and what is newly needed."""
    added, removed = since()
    before = kept()
    newly = [line for line in added if " needs " in line and f"{line.partition(' needs ')[0]} has " in "\n".join(before)]
    return [*removed, *newly]


def release(version: str, day: str) -> None:
    """Keep the API as it is now as a version."""
    added, removed = since()
    found = [{"version": version, "day": day, "added": added, "removed": removed}, *versions()]
    VERSIONS.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    SURFACE.write_text("\n".join(sorted(lines())) + "\n", encoding="utf-8")


def short(line: str) -> str:
    """A line without words: `GET /… ?fields`, `hse.incident .title: string`, and a star behind what is needed."""
    for word, sign in ((" takes ", " ?"), (" has ", " ."), (" needs ", " .")):
        name, found, rest = line.partition(word)
        if found:
            return f"{name}{sign}{rest.replace(' (needed)', ' *')}{' *' if word == ' needs ' else ''}"
    return line
