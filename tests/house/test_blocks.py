"""A page's parts are answered alone: each block that a view names is in its template, and what a template includes exists."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from app.kernel.registry import registry

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "templates"
INCLUDED = re.compile(r"{%-?\s*(?:include|extends)\s+\"([^\"]+)\"")
FRAMES = {"content", "title", "crumbs", "keys"}


def _words(node: ast.expr | None) -> list[str]:
    """The literal words of an argument: of a text, a list of texts, or one text or another."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)] if node is not None else []


def _templates(node: ast.expr) -> list[str]:
    """The templates that a call of `screen` can answer with; of `template_of(resource, page)`, the engine's and the modules' own."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) == "template_of":
        page = _words(node.args[1])[0]
        own = [f"{resource.module}/{resource.name}/{page}.html" for resource in registry]
        return [f"resource/{page}.html", *(name for name in own if (TEMPLATES / name).exists())]
    return [word for word in _words(node) if word.endswith(".html")]


def screens() -> Iterator[tuple[str, str, str]]:
    """Where, template and block of every fragment that a view answers with."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "screen" and node.args:
                named = {k.arg: k.value for k in node.keywords}
                blocks = [w for w in _words(named.get("block")) + _words(named.get("oob")) if re.fullmatch(r"[a-z_]+", w)]
                if isinstance(named.get("block"), ast.IfExp):
                    blocks = _words(named["block"].body) + _words(named["block"].orelse)  # type: ignore[attr-defined]
                for template in _templates(node.args[0]):
                    for block in blocks:
                        yield f"{path.relative_to(ROOT)}:{node.lineno}", template, block


def _blocks(app: Flask, name: str) -> set[str]:
    return set(app.jinja_env.get_template(name).blocks)


def _inherited(app: Flask, name: str) -> set[str]:
    """The blocks of a template and of those that it extends, except what only a frame has."""
    source = (TEMPLATES / name).read_text(encoding="utf-8")
    parent = re.search(r"{%-?\s*extends\s+\"([^\"]+)\"", source)
    above = _inherited(app, parent.group(1)) if parent else set()
    return _blocks(app, name) | above


def test_every_block_that_a_view_answers_with_is_in_its_template(application: Flask) -> None:
    named = list(screens())
    assert len(named) >= 15
    missing = [(where, name, block) for where, name, block in named if block not in _inherited(application, name)]
    assert missing == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda p: str(p.relative_to(TEMPLATES)))
def test_what_a_template_includes_exists(path: Path) -> None:
    assert [name for name in INCLUDED.findall(path.read_text(encoding="utf-8")) if not (TEMPLATES / name).exists()] == []


def test_every_template_compiles_and_every_macro_is_found(application: Flask) -> None:
    for path in sorted(TEMPLATES.rglob("*.html")):
        application.jinja_env.get_template(str(path.relative_to(TEMPLATES)))
    kit = application.jinja_env.globals["ui"]
    used = {name for path in TEMPLATES.rglob("*.html") for name in re.findall(r"\bui\.([a-z_]+)\(", path.read_text(encoding="utf-8"))}
    assert used - set(kit.names()) == set()  # type: ignore[attr-defined]
