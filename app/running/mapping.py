"""`flask map WORD`: where in this house a word lives: its folder, routes, templates and tests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from difflib import get_close_matches
from pathlib import Path

import click
from flask import Flask, current_app

from app.kernel.commands import json_option, show, starts_nothing
from app.kernel.config import PROJECT
from app.kernel.errors import NotFound
from app.kernel.registry import registry

MOST_ROUTES = 40


@dataclass
class Place:
    """All that belongs to a word."""

    word: str
    module: list[str] = field(default_factory=list)
    routes: list[str] = field(default_factory=list)
    templates: list[str] = field(default_factory=list)
    tests: list[str] = field(default_factory=list)


@click.command("map")
@click.argument("word")
@json_option
@starts_nothing
def map_word(word: str, as_json: bool) -> None:
    """Print the module, routes, templates and tests for WORD: a module, resource, action, service or part of an address."""
    found = places(current_app, word)
    lines = [line for part in ("module", "routes", "templates", "tests") for line in _section(part, getattr(found, part))]
    show(asdict(found), as_json=as_json, lines=lines)


def places(app: Flask, word: str) -> Place:
    """Everything that a word names. Raises `NotFound`, naming the nearest word, when it names nothing."""
    wanted = word.strip("/").lower().replace("-", "_")
    folders = _folders(wanted)
    found = Place(word, module=[_name(folder) for folder in folders])
    found.routes = sorted({f"{_methods(rule.methods)} {rule.rule}" for rule in app.url_map.iter_rules() if _speaks_of(rule.rule, wanted)})
    found.templates = [_name(path) for path in _below("templates", wanted, "*.html")]
    mirrored = [PROJECT / "tests" / folder.relative_to(PROJECT / "app") for folder in folders]
    found.tests = sorted(
        {_name(p) for each in mirrored for p in each.rglob("test_*.py")} | {_name(p) for p in _below("tests", wanted, "*.py")}
    )
    if not any((found.module, found.routes, found.templates, found.tests)):
        near = get_close_matches(wanted, vocabulary(), n=3)
        raise NotFound(f"Nothing is called “{word}” here." + (f" Did you mean {', '.join(near)}?" if near else ""))
    return found


def vocabulary() -> list[str]:
    """The words that the map knows best: modules, resources, actions and services."""
    words = set(registry.modules)
    for resource in registry:
        words |= {resource.key.split(".")[-1], resource.slug, *(action.name for action in resource.actions)}
    return sorted(words | {path.name for path in (PROJECT / "app" / "core").iterdir() if path.is_dir()})


def _folders(word: str) -> list[Path]:
    """The folder of a module or service of that name, and of the resources and actions that are called so."""
    names = {word}
    for resource in registry:
        if word in (resource.key, resource.key.split(".")[-1], resource.slug.replace("-", "_"), *(a.name for a in resource.actions)):
            names.add(resource.module)
    candidates = [PROJECT / "app" / layer / name for layer in ("modules", "core") for name in sorted(names)]
    return [path for path in [*candidates, PROJECT / "app" / word] if path.is_dir()]


def _speaks_of(rule: str, word: str) -> bool:
    return any(part.replace("-", "_") in (word, f"{word}s") for part in rule.split("/"))


def _below(top: str, word: str, pattern: str) -> Iterator[Path]:
    for path in sorted((PROJECT / top).rglob(pattern)):
        parts = [part.removeprefix("test_").removesuffix(".html").removesuffix(".py") for part in path.relative_to(PROJECT / top).parts]
        if word in parts:
            yield path


def _methods(methods: set[str] | None) -> str:
    return "|".join(sorted((methods or set()) - {"HEAD", "OPTIONS"}))


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def _section(title: str, lines: list[str]) -> list[str]:
    more = [f"  … and {len(lines) - MOST_ROUTES} more"] if len(lines) > MOST_ROUTES else []
    return [f"{title}:", *(f"  {line}" for line in lines[:MOST_ROUTES] or ["-"]), *more]
