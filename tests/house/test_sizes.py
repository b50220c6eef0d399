"""Nothing grows beyond what one reads at a sitting; exceptions stand in one file, with their reasons, and may only shrink."""

from __future__ import annotations

import ast
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXCEPTIONS = tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text())
FILE, FUNCTION, TEMPLATE = 400, 50, 150
PYTHON = sorted(
    p for top in ("app", "migrations") for p in (ROOT / top).rglob("*.py") if "/versions/" not in str(p) and "/migrations/0" not in str(p)
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def lines(path: Path) -> int:
    return path.read_text(encoding="utf-8").count("\n")


def long_functions(source: str) -> dict[str, int]:
    found = {}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or 0) - node.lineno + 1
            if length > FUNCTION:
                found[node.name] = length
    return found


def allowed(kind: str, key: str, size: int) -> bool:
    entry = EXCEPTIONS.get(kind, {}).get(key)
    return bool(entry and entry["reason"] and size <= entry["lines"])


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_python_file_is_short(path: Path) -> None:
    size = lines(path)
    assert size <= FILE or allowed("file", name(path), size), f"{name(path)} has {size} lines: split it (at most {FILE})"


@pytest.mark.parametrize("path", PYTHON, ids=name)
def test_functions_are_short(path: Path) -> None:
    long = {f: n for f, n in long_functions(path.read_text(encoding="utf-8")).items() if not allowed("function", f"{name(path)}:{f}", n)}
    assert not long, f"{name(path)}: functions over {FUNCTION} lines: {long}"


@pytest.mark.parametrize("path", TEMPLATES, ids=name)
def test_template_is_short(path: Path) -> None:
    assert lines(path) <= TEMPLATE, f"{name(path)} has {lines(path)} lines: draw its parts in files of their own"


def test_exceptions_are_needed() -> None:
    """An exception that the code no longer needs is taken off the list."""
    for key, entry in EXCEPTIONS.get("file", {}).items():
        assert lines(ROOT / key) > FILE, f"{key} fits now: remove its exception"
        assert lines(ROOT / key) == entry["lines"], f"{key} shrank to {lines(ROOT / key)}: write that number"
    for key in EXCEPTIONS.get("function", {}):
        path, function = key.split(":")
        assert function in long_functions((ROOT / path).read_text()), f"{key} fits now: remove its exception"


def test_every_public_function_says_what_it_is_for() -> None:
    """A one-line docstring on everything public in app/."""
    silent = []
    for path in PYTHON:
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in tree.body:
            public = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and not node.name.startswith("_")
            if public and not ast.get_docstring(node):
                silent.append(f"{name(path)}:{node.name}")
    assert not silent, silent
