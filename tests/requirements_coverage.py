"""`make coverage-of-requirements`: which rows of docs/requirements a passing test of the last run proves.

A test says what it proves by a literal mark, `@pytest.mark.requirement("OF-123")`, found by reading the sources. Proved means
that every recorded outcome of that test (each of its parameters) is a pass; the record is written by every run of pytest.
"""

from __future__ import annotations

import ast
import csv
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "var" / "tests" / "results.json"


@dataclass
class Row:
    """One requirement and the tests that claim it."""

    id: str
    area: str
    capability: str
    tests: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)


class UnknownRow(Exception):
    """A mark names a row that does not exist, or is no literal."""


def rows(folder: Path = ROOT / "docs" / "requirements") -> dict[str, Row]:
    """All requirements, by id, in the order of the files."""
    found = {}
    for path in sorted(folder.glob("*.csv")):
        with open(path, newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                found[row["id"]] = Row(row["id"], row["area"], row["capability"])
    return found


def marks(folder: Path = ROOT / "tests") -> Iterator[tuple[str, str]]:
    """Each (test, requirement id) that the sources of the tests claim."""
    for path in sorted(folder.rglob("test_*.py")):
        name = path.relative_to(folder.parent).as_posix()
        tree = ast.parse(path.read_text(encoding="utf-8"))
        whole = [mark for node in tree.body if isinstance(node, ast.Assign) for mark in _module_marks(node)]
        yield from _of_body(name, tree.body, whole)


def _of_body(name: str, body: list[ast.stmt], inherited: list[str]) -> Iterator[tuple[str, str]]:
    for node in body:
        if isinstance(node, ast.ClassDef):
            yield from _of_body(f"{name}::{node.name}", node.body, inherited + _marked(node, name))
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test"):
            for requirement in inherited + _marked(node, name):
                yield f"{name}::{node.name}", requirement


def _marked(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef, where: str) -> list[str]:
    return [each for decorator in node.decorator_list for each in _literals(decorator, f"{where}::{node.name}")]


def _module_marks(node: ast.Assign) -> list[str]:
    if not any(isinstance(target, ast.Name) and target.id == "pytestmark" for target in node.targets):
        return []
    values = node.value.elts if isinstance(node.value, ast.List | ast.Tuple) else [node.value]
    return [each for value in values for each in _literals(value, "pytestmark")]


def _literals(node: ast.expr, where: str) -> list[str]:
    if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("mark.requirement"):
        return []
    found = [argument.value for argument in node.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    if len(found) != len(node.args) or not found or node.keywords:
        raise UnknownRow(f"{where}: the mark must hold ids as literals")
    return found


def measure(known: dict[str, Row], claims: Iterator[tuple[str, str]], outcomes: dict[str, str]) -> None:
    """Write into each row which tests claim it, and which of them passed."""
    by_test = defaultdict(list)
    for test, outcome in outcomes.items():
        by_test[test.split("[", 1)[0]].append(outcome)
    for test, requirement in claims:
        if requirement not in known:
            raise UnknownRow(f"{test}: there is no requirement {requirement}")
        known[requirement].tests.append(test)
        if by_test[test] and set(by_test[test]) == {"passed"}:
            known[requirement].passed.append(test)


def report(known: dict[str, Row], *, only: set[str] | None = None) -> list[str]:
    """Lines for people: by area, then what is claimed but not proved; the last line is the sum."""
    areas: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in known.values():
        areas[row.id[:2], row.area].append(row)
    lines = [f"{sum(bool(r.passed) for r in some):4} of {len(some):3}  {pack} {area}" for (pack, area), some in areas.items()]
    waiting = [row for row in known.values() if row.tests and not row.passed]
    lines += [f"claimed, not proved: {row.id} by {', '.join(row.tests)}" for row in waiting]
    lines += [f"open: {row.id} {row.capability}" for row in known.values() if only and row.id in only and not row.passed]
    return [*lines, f"{sum(bool(row.passed) for row in known.values())} of {len(known)} rows proved"]


def main() -> int:
    """Print the report; arguments are ids (or ranges, `OF-098..OF-102`) whose open rows are listed. Exit 2 for a wrong mark."""
    known = rows()
    try:
        measure(known, marks(), json.loads(RECORD.read_text()) if RECORD.exists() else {})
        print("\n".join(report(known, only=_asked(sys.argv[1:], list(known)))))
    except UnknownRow as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    return 0


def _asked(arguments: list[str], ids: list[str]) -> set[str]:
    asked: set[str] = set()
    for argument in arguments:
        first, _, last = argument.partition("..")
        asked.update(ids[ids.index(first) : ids.index(last or first) + 1])
    return asked


if __name__ == "__main__":
    sys.exit(main())
