"""Role × route × method as it is checked in (`access-matrix.csv`), held against every route; `flask access matrix --write` renews it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection

from app.core.access.matrix import FILE, NO, YES, Cell, cells, patterns, table
from app.kernel.db import db
from tests.contract.gatehouse import MISSING, PARTIAL, Seat, resource_of, seat, terse

pytestmark = pytest.mark.timeout(900)
ROWS = list(csv.DictReader(io.StringIO(FILE.read_text())))
ROLES = sorted(set(ROWS[0]) - {"route", "method", "needs"})
LASTING = ("menu.live",)  # answers for as long as the page is open
# Whoever has the permission is refused here all the same, and is told this: anything else that is refused counts as kept out.
REFUSED_OTHERWISE = {
    ("POST", f"{root}{route}"): told for root in ("", "/api/v1") for route, told in (
        ("/<org>/sso/domains/<reference>/ask", "Only an owner confirms a domain."),
        ("/<org>/sso/domains/<reference>/confirm", "Only an owner confirms a domain."),
        ("/<org>/reports/reports/<reference>/run", f"{MISSING}organisation.site.export"))}  # of the list that the report is about
RENEW = "the matrix is out of date: look at `flask access matrix`, then write it with `flask access matrix --write`"


def _cell(row: Mapping[str, str]) -> Cell:
    return Cell(row["route"], row["method"], row["needs"])


@pytest.mark.requirement("LG-292")
def test_the_matrix_is_what_is_declared(app: Flask) -> None:
    assert FILE.read_text() == table(app), RENEW


def test_the_matrix_has_every_route_and_no_other(app: Flask) -> None:
    assert [_cell(row) for row in ROWS] == list(cells(app)), RENEW
    assert sorted(patterns()) == ROLES, RENEW


def test_a_route_outside_the_matrix_is_noticed(app: Flask) -> None:
    bare = Flask("bare")
    bare.add_url_rule("/<org>/forgotten", "forgotten", lambda org: org)
    assert Cell("/<org>/forgotten", "GET", "") in set(cells(bare)) - {_cell(row) for row in ROWS}


def test_the_matrix_refuses_somebody_at_every_route_that_needs_a_permission() -> None:
    """An unknown permission would be one that nobody, or everybody, has."""
    for row in ROWS:
        assert row["needs"], row["route"]
        if "." in row["needs"]:
            assert (row["owner"], row["admin"]) == (YES, YES), row["route"]
            assert NO in row.values(), row["route"]


def test_the_matrix_has_each_api_twin_with_the_verdict_of_its_page() -> None:
    """So that what the API twin of a refused page answers is asked by its own cell."""
    rows = {(row["route"], row["method"]): row for row in ROWS}
    twins = [(row, rows[f"/api/v1{route}", method]) for (route, method), row in rows.items() if (f"/api/v1{route}", method) in rows]
    assert len(twins) > 30
    for page, twin in twins:
        assert page["needs"] == twin["needs"], page["route"]


@pytest.mark.requirement("LG-292")
@pytest.mark.parametrize("role", ROLES)
def test_the_matrix_holds_who_may(app: Flask, database: Connection, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has the permission is never told that it is missing, and nothing breaks; each cell is asked as one of the roles in turn,
    and decided for all (asked as each of them: tests/ordeal)."""
    terse(monkeypatch)
    sitting = seat(app, role)
    wrong: dict[tuple[str, str], Any] = {}
    for row in rows_of(app, role, YES):
        if row["needs"].count(".") == 2 and not granted(sitting, row["needs"]):
            wrong[row["method"], row["route"]] = "decided otherwise"
        if in_turn(row, YES) == role:
            wrong.update(kept_out(database, sitting, row))
    assert wrong == {}


@pytest.mark.requirement("LG-292")
@pytest.mark.parametrize("role", ROLES)
def test_the_matrix_refuses_who_may_not(app: Flask, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each refused cell by every way as one of the roles in turn, and decided for all (asked as each of them: tests/ordeal)."""
    terse(monkeypatch)
    sitting = seat(app, role)
    before, wrong, seen = len(sitting.done()), dict[tuple[str, str, str], Any](), Seen(sitting)
    for row in rows_of(app, role, NO):
        if row["needs"].count(".") == 2 and granted(sitting, row["needs"]):
            wrong["decided otherwise", row["method"], row["route"]] = row["needs"]
        if in_turn(row, NO) == role:
            wrong.update(let_in(sitting, row, ways_to(row), seen=seen(row["route"])))
    assert wrong == {}
    assert len(sitting.done()) == before, sitting.done()[before:]


def rows_of(app: Flask, role: str, verdict: str) -> list[dict[str, str]]:
    """The cells of a role that say yes, or no."""
    lasting = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in LASTING}
    return [row for row in ROWS if row[role] == verdict and row["needs"] != "public" and row["route"] not in lasting]


def in_turn(row: Mapping[str, str], verdict: str) -> str:
    """One of the roles for which a cell says so."""
    roles = [key for key in ROLES if row[key] == verdict]
    return roles[len(row["route"]) % len(roles)]


def granted(sitting: Seat, permission: str) -> bool:
    """What `can()` says of the permission alone."""
    return bool(sitting.actor.grants_of(permission))


class Seen:
    """Which records a member sees, asked once for each."""

    def __init__(self, sitting: Seat) -> None:
        self.sitting = sitting
        self._known: dict[str, bool] = {}

    def __call__(self, route: str) -> bool:
        key = resource_of(route)
        if key not in self._known:
            self._known[key] = self.sitting.sees(route)
        return self._known[key]


def kept_out(database: Connection, sitting: Seat, row: Mapping[str, str]) -> dict[tuple[str, str], Any]:
    """The cell, where whoever may was refused or something broke. What the request did is undone."""
    point = database.begin_nested()
    try:
        answer = sitting.ask(row["route"], row["method"])
    finally:
        db.session.remove()
        point.rollback()
    cell = row["method"], row["route"]
    why = REFUSED_OTHERWISE.get(cell, f"You have {row['needs']} only for: ")  # another's record, or outside of a scope
    refused = answer.status_code == 403 and (why not in answer.text or f"{MISSING}{row['needs']}" in answer.text)
    asked_to_sign_in = (answer.location or "").startswith("/sign-in")
    wrong = answer.status_code >= 500 or answer.status_code == 401 or refused or asked_to_sign_in
    return {cell: (answer.status_code, answer.text[:300] if refused else "")} if wrong else {}


WAYS: Mapping[str, dict[str, Any]] = {"page": {}, "htmx": dict(PARTIAL), "slash": {"slash": True}, "HEAD": {}}


def ways_to(row: Mapping[str, str]) -> list[str]:
    """The ways by which a cell can be asked: as a page, as htmx, with a slash more or less, as HEAD. Its API twin is another cell."""
    return [way for way in WAYS if way != "HEAD" or row["method"] == "GET"]


def let_in(sitting: Seat, row: Mapping[str, str], ways: Sequence[str], *, seen: bool) -> dict[tuple[str, str, str], Any]:
    """Those of the ways by which a refused cell answered anything but a refusal.

    Whoever sees the record is told that they may not; “not found” would hide that nobody looked.
    """
    route, method = row["route"], row["method"]
    known = (403,) if seen else (403, 404)
    expected = {"slash": (308, *known, 404, 405)}
    answers = {way: sitting.ask(route, "HEAD" if way == "HEAD" else method, **WAYS[way]).status_code for way in ways}
    return {(way, method, route): status for way, status in answers.items() if status not in expected.get(way, known)}
