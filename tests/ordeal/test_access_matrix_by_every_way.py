"""Each cell of the matrix as every role: the refused ones by one of the ways in turn, the others asked in earnest and undone."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Connection

from app.core.access.matrix import NO, YES
from app.kernel import screens
from tests.contract.conftest import application, contract_template, environ  # noqa: F401 -- fixtures: the database that holds the seats
from tests.contract.gatehouse import seat, terse
from tests.contract.test_access_matrix import ROLES, Seen, kept_out, let_in, rows_of, ways_to


@pytest.mark.ordeal
@pytest.mark.requirement("LG-292")
@pytest.mark.parametrize("role", ROLES)
def test_no_way_leads_past_the_matrix(app: Flask, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every other refused cell by one of its ways, so that between them the roles go all of them; all by one role: tests/contract."""
    terse(monkeypatch)
    sitting = seat(app, role)
    before, wrong, seen = len(sitting.done()), dict[tuple[str, str, str], Any](), Seen(sitting)
    for number, row in enumerate(rows_of(app, role, NO)[ROLES.index(role) % 2::2]):
        ways = ways_to(row)
        way = ways[(number + ROLES.index(role)) % len(ways)]
        wrong.update(let_in(sitting, row, [way], seen=seen(row["route"])))
    assert wrong == {}
    assert len(sitting.done()) == before, sitting.done()[before:]


@pytest.mark.ordeal
@pytest.mark.parametrize("role", ROLES)
def test_no_way_is_closed_to_who_may(app: Flask, database: Connection, role: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that a role gives, asked as somebody with that role; the pages themselves are not drawn."""
    sitting = seat(app, role)
    terse(monkeypatch)
    monkeypatch.setattr(screens, "render_template", lambda *_names, **_context: "")
    monkeypatch.setattr(screens, "_alone", lambda *_names: "")
    wrong: dict[tuple[str, str], Any] = {}
    for row in rows_of(app, role, YES):
        wrong.update(kept_out(database, sitting, row))
    assert wrong == {}
