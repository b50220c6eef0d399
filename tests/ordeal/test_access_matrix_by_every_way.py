"""Each refused cell of the matrix, for every role, by every way."""

from __future__ import annotations

import pytest
from flask import Flask

from app.core.access.matrix import NO
from tests.contract.test_access_matrix import ROLES, browser_of, let_in, rows_of


@pytest.mark.ordeal
@pytest.mark.parametrize("role", ROLES)
def test_no_way_leads_past_the_matrix(app: Flask, role: str) -> None:
    browser, token = browser_of(app, role)
    wrong = {}
    for row in rows_of(app, role, NO):
        wrong.update(let_in(browser, row, token, every=True))
    assert wrong == {}
