"""The matrix of role × route × method, worked out from what is declared: every route says what it needs, every role what it gives."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

from flask import Flask

from app.core.access.roles import declared_roles
from app.kernel.config import PROJECT
from app.kernel.current import matches

FILE = PROJECT / "tests" / "contract" / "access-matrix.csv"
YES, NO = "yes", "-"


class Cell(NamedTuple):
    """One route by one method, with what it needs: a permission, `member` or `public`; empty when nobody says."""

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
    found = {}
    for key, role in declared.items():
        chain = [role]
        while chain[-1].parent:
            chain.append(declared[chain[-1].parent])
        found[key] = {pattern for each in chain for pattern in each.grants}
    return found


def table(app: Flask) -> str:
    """The matrix as CSV: a line for each route and method, a column for each role."""
    roles = patterns()
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["route", "method", "needs", *sorted(roles)])
    for cell in cells(app):
        lines.writerow([*cell, *(_verdict(cell.needs, roles[key]) for key in sorted(roles))])
    return out.getvalue()


def write_matrix(app: Flask) -> int:
    """Write the file that the tests compare with; gives the number of its lines. Nothing where the tests are not installed."""
    if FILE.parent.is_dir():
        FILE.write_text(table(app))
    return len(list(cells(app)))


def _verdict(needs: str, given: set[str]) -> str:
    if needs in ("public", "member"):
        return YES
    return YES if any(matches(pattern, needs) for pattern in given) else NO
