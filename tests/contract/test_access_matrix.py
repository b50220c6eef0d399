"""Role × route × method as it is checked in (`access-matrix.csv`), held against every route; `flask access matrix --write` renews it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask

from app.core.access.matrix import FILE, NO, YES, Cell, cells, patterns, table
from app.kernel.forgery import SAFE
from tests.core.visitors import Visitor, enrol, found
from tests.house.test_routes import MACHINES, address_of

ROWS = list(csv.DictReader(io.StringIO(FILE.read_text())))
ROLES = sorted(set(ROWS[0]) - {"route", "method", "needs"})
TWINS = {(row["route"], row["method"]): row for row in ROWS if row["route"].startswith("/api/")}
LASTING = ("menu.live",)  # answers for as long as the page is open
PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}
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


def browser_of(app: Flask, role: str) -> tuple[Visitor, str]:
    place = found("matrix")
    enrol(place, "somebody@matrix.example", role)
    browser = Visitor(app)
    assert browser.sign_in("somebody@matrix.example").status_code == 303
    return browser, browser.token("/matrix/settings/")


def _ask(browser: Visitor, row: Mapping[str, str], token: str, *, method: str = "", slash: bool = False, **headers: str) -> Any:
    method = method or row["method"]
    address = address_of(row["route"], "matrix")
    if slash:
        address = address.rstrip("/") if address.endswith("/") else f"{address}/"
    if method not in (*SAFE, "HEAD"):
        headers["X-CSRF-Token"] = token
    sent = {"json": {}} if row["route"].startswith(MACHINES) and method not in SAFE else {}
    return browser.client.open(address, method=method, headers=headers, **sent)


def rows_of(app: Flask, role: str, verdict: str) -> list[dict[str, str]]:
    lasting = {rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in LASTING}
    return [row for row in ROWS if row[role] == verdict and row["needs"] != "public" and row["route"] not in lasting]


@pytest.mark.parametrize("role", ROLES)
def test_the_matrix_holds_who_may(app: Flask, role: str) -> None:
    """Whoever has the permission is never told that it is missing, and nothing breaks."""
    browser, token = browser_of(app, role)
    wrong = {}
    for row in rows_of(app, role, YES):
        status = _ask(browser, row, token).status_code
        if status >= 500 or (status == 403 and "." in row["needs"]):
            wrong[row["method"], row["route"]] = status
    assert wrong == {}


@pytest.mark.requirement("LG-292")
@pytest.mark.parametrize("role", ROLES)
def test_the_matrix_refuses_who_may_not(app: Flask, role: str) -> None:
    """Each refused cell as a page; every cell by all other ways too, for one of the roles in turn (for each role: tests/ordeal)."""
    browser, token = browser_of(app, role)
    wrong = {}
    for row in rows_of(app, role, NO):
        refused = [key for key in ROLES if row[key] == NO]
        every = refused[len(row["route"]) % len(refused)] == role
        wrong.update(let_in(browser, row, token, every=every))
    assert wrong == {}


def let_in(browser: Visitor, row: Mapping[str, str], token: str, *, every: bool) -> dict[tuple[str, str, str], int]:
    """The ways by which a refused cell answered anything but a refusal: as a page, as htmx, as HEAD, with a slash, by the API twin."""
    ways = {"page": _ask(browser, row, token)}
    if every:
        ways |= {"htmx": _ask(browser, row, token, **PARTIAL), "slash": _ask(browser, row, token, slash=True)}
        if row["method"] == "GET":
            ways["HEAD"] = _ask(browser, row, token, method="HEAD")
        twin = TWINS.get((f"/api/v1{row['route']}", row["method"]))
        if twin is not None and twin["needs"] == row["needs"]:
            ways["api"] = _ask(browser, twin, token)
    known = {"page": (403, 404), "slash": (308, 403, 404, 405, 429)}
    return {(way, row["method"], row["route"]): answer.status_code for way, answer in ways.items()
            if answer.status_code not in known.get(way, (403, 404, 429))}
