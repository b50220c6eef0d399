"""The matrix of role × route × method, worked out from what is declared: every route says what it needs, every role what it gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from flask import Flask

from app.core.access.decisions import OWNER
from app.core.access.roles import declared_roles
from app.kernel.config import PROJECT
from app.kernel.current import matches
from app.kernel.manifest import Role

FILE = PROJECT / "tests" / "contract" / "access-matrix.csv"
REACHES = FILE.with_name("default-roles.csv")
YES, NO = "yes", "-"


class Cell(NamedTuple):
    """One route by one method, with what it needs: a permission, `owner`, `member` or `public`; empty when nobody says."""

    route: str
    method: str
    needs: str


def cells(app: Flask) -> Iterator[Cell]:
    """Every route by every method that does something, in a stable order."""
    found = {Cell(rule.rule, method, needs_of(app, rule.endpoint)) for rule in app.url_map.iter_rules()
             for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}}
    yield from sorted(found)


def needs_of(app: Flask, endpoint: str) -> str:
    """What a view says it needs; its blueprint may say it for all."""
    blueprint = app.blueprints.get(endpoint.rpartition(".")[0])
    return str(getattr(app.view_functions[endpoint], "needs", "") or getattr(blueprint, "needs", ""))


def patterns() -> dict[str, set[str]]:
    """What each declared role gives, with all that it inherits."""
    declared = {role.key: role for role in declared_roles()}
    return {key: {pattern for each in _chain(declared, key) for pattern in each.grants} for key in declared}


def _chain(declared: Mapping[str, Role], key: str) -> list[Role]:
    """A role and those that it inherits from."""
    chain = [declared[key]]
    while chain[-1].parent:
        chain.append(declared[chain[-1].parent])
    return chain


def table(app: Flask) -> str:
    """The matrix as CSV: a line for each route and method, a column for each role."""
    roles = patterns()
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["route", "method", "needs", *sorted(roles)])
    for cell in cells(app):
        lines.writerow([*cell, *(_verdict(cell.needs, key, roles[key]) for key in sorted(roles))])
    return out.getvalue()


def reaches() -> str:
    """How far each declared role has each declared permission, as CSV; the widest of what it gives and inherits."""
    from app.core.access.answers import declared_permissions
    from app.core.access.models import Scope

    scopes = [scope.value for scope in Scope]
    declared = {role.key: role for role in declared_roles()}
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["permission", *sorted(declared)])
    for name in sorted(declared_permissions()):
        held = ([scope for role in _chain(declared, key) for pattern, scope in role.grants.items() if matches(pattern, name)]
                for key in sorted(declared))
        lines.writerow([name, *(max(each, key=scopes.index, default="") for each in held)])
    return out.getvalue()


def write_matrix(app: Flask) -> int:
    """Write the files that the tests compare with; gives the number of routes. Nothing where the tests are not installed."""
    if FILE.parent.is_dir():
        FILE.write_text(table(app))
        REACHES.write_text(reaches())
    return len(list(cells(app)))


def _verdict(needs: str, role: str, given: set[str]) -> str:
    if needs in ("public", "member") or needs == OWNER == role:
        return YES
    return YES if any(matches(pattern, needs) for pattern in given) else NO
