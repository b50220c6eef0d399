"""One place decides: every protected route asks it before anything is answered, and nothing else looks at what somebody was granted."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app.core.access.matrix import cells
from app.kernel import limits
from app.kernel.config import PROJECT
from app.kernel.current import SYSTEM, Actor, Organisation, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform_one
from app.kernel.forgery import SAFE
from tests.core.visitors import Visitor, enrol, found
from tests.house.test_routes import address_of

GRANTS = ("grants", "grants_of")
MAY_LOOK = {  # folder or file: why it reads what somebody was granted
    "app/core/access/": "decides", "app/kernel/current.py": "what a grant is", "app/core/people/loading.py": "reads them from the database",
    "app/core/auth/tokens": "a token holds no more than its person", "app/core/auth/entry.py": "an impersonator is held to looking",
    "app/core/impersonation/services.py": "whether an account may do everything",
    "app/resources/stages.py": "whether what was made must be looked at again",
    "app/kernel/registry.py": "declarations", "app/kernel/manifest.py": "declarations"}


def lookers() -> Iterator[tuple[str, int]]:
    """Every line outside the core module on which the grants of somebody are read."""
    for path in sorted((PROJECT / "app").rglob("*.py")):
        name = path.relative_to(PROJECT).as_posix()
        if not any(name.startswith(known) for known in MAY_LOOK):
            yield from ((name, node.lineno) for node in ast.walk(ast.parse(path.read_text())) if _reads_grants(node))


def _reads_grants(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and node.attr in GRANTS and isinstance(node.ctx, ast.Load)


@pytest.mark.requirement("PK-013")
def test_nothing_else_looks_at_grants() -> None:
    assert list(lookers()) == []


def test_somebody_who_looked_would_be_found() -> None:
    assert any(_reads_grants(node) for node in ast.walk(ast.parse("if user.grants_of('hse.incident.view'): pass")))
    assert Path(PROJECT / "app/core/access/decisions.py").is_file()


@pytest.fixture
def nobody(app: Flask) -> Visitor:
    """The browser of a member whose role gives nothing."""
    place: Organisation = found("one-door")
    enrol(place, "olga@one-door.example", "owner", password="")
    with acting(place, SYSTEM), unit_of_work():
        perform_one("access.role", "create", data={"label": "Nothing"})
    enrol(place, "nora@one-door.example", "nothing")
    browser = Visitor(app)
    assert browser.sign_in("nora@one-door.example").status_code == 303
    return browser


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The permissions that the core module is asked for."""
    seen: set[str] = set()
    look: Callable[[Actor, str], Any] = Actor.grants_of

    def grants_of(self: Actor, permission: str) -> Any:
        seen.add(permission)
        return look(self, permission)

    monkeypatch.setattr(Actor, "grants_of", grants_of)
    monkeypatch.setattr(limits, "take", lambda _limit, _who: None)  # every route at once is more than a member asks
    return seen


def unasked(browser: Visitor, asked: set[str], *, only: str = "") -> list[tuple[str, str, int]]:
    """The protected routes of no single record that answered without having asked for their permission, or let in who has none."""
    token, found = browser.token("/one-door/settings/profile"), []
    for cell in cells(browser.app):
        if cell.needs.count(".") != 2 or not cell.route.startswith("/<org>/") or cell.route.count("<") > 1 or (only and cell.route != only):
            continue  # a record is looked for among those that may be seen: the matrix of tests/contract tries those routes
        asked.clear()
        headers = {} if cell.method in SAFE else {"X-CSRF-Token": token}
        status = browser.client.open(address_of(cell.route, "one-door"), method=cell.method, headers=headers).status_code
        if cell.needs not in asked or status != 403:
            found.append((cell.method, cell.route, status))
    return found


@pytest.mark.requirement("PK-013")
def test_every_protected_route_asks_the_core_module(nobody: Visitor, asked: set[str]) -> None:
    assert unasked(nobody, asked) == []


@pytest.mark.requirement("PK-013")
def test_a_route_that_does_not_ask_is_found(nobody: Visitor, asked: set[str]) -> None:
    def answered(**_said: str) -> str:
        return "answered"

    answered.needs = "access.role.view"  # type: ignore[attr-defined]
    app, route = nobody.app, "/<org>/access/overview"
    endpoint = next(rule.endpoint for rule in app.url_map.iter_rules() if rule.rule == route)
    kept = app.view_functions[endpoint]
    assert unasked(nobody, asked, only=route) == []
    app.view_functions[endpoint] = answered
    try:
        assert unasked(nobody, asked, only=route) == [("GET", route, 200)]
    finally:
        app.view_functions[endpoint] = kept
