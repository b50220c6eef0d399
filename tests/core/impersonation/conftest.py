"""The case in which impersonation is tried."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.core.impersonation.cases import Case
from tests.core.visitors import Visitor, enrol, found


@pytest.fixture
def case(app: Flask) -> Case:
    """`ada` owns the organisation, `sue` supports people, `ben` is a member."""
    home = found("home")
    owner, helper = enrol(home, "ada@home.example", "owner"), enrol(home, "sue@home.example", "support")
    member = enrol(home, "ben@home.example")
    sue = Visitor(app)
    assert sue.sign_in("sue@home.example").status_code == 303
    return Case(app, home, owner, helper, member, sue)
