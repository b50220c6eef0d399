"""Each direct dependency says in docs/dependencies.md what it is for."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAME = re.compile(r"^([A-Za-z0-9][\w.-]*)")
ABOUT = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8").casefold()


def _python(path: str) -> list[str]:
    lines = (ROOT / path).read_text(encoding="utf-8").splitlines()
    return [found.group(1).casefold() for line in lines if (found := NAME.match(line))]


def _npm() -> list[str]:
    told = json.loads((ROOT / "static" / "src" / "package.json").read_text(encoding="utf-8"))
    return [*told.get("dependencies", {}), *told.get("devDependencies", {}), "axe-core"]


@pytest.mark.parametrize("name", [*_python("requirements.in"), *_python("tests/requirements.in"), *_npm()])
def test_a_dependency_says_what_it_is_for(name: str) -> None:
    rows = [line for line in ABOUT.splitlines() if line.startswith("|")]
    cells = [row.split("|")[1] for row in rows]
    wanted = re.compile(rf"(?<![\w@/.-]){re.escape(name)}(?![\w/-])")
    assert any(wanted.search(cell) for cell in cells), f"{name}: a row in docs/dependencies.md"


def test_each_row_says_why_and_under_which_licence() -> None:
    rows = [line for line in ABOUT.splitlines() if line.startswith("|") and not line.startswith("|---")]
    for row in rows:
        assert all(cell.strip() for cell in row.split("|")[1:5]), row
