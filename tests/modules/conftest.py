"""The office in which the modules are tried, and its visitors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.modules.office import Office
from tests.modules.visitor import Visitor


@pytest.fixture
def office(app: Flask) -> Office:
    """A small organisation: two departments, a manager, an HSE manager, a clerk, two finance approvers, an owner."""
    return Office()


@pytest.fixture
def visit(app: Flask, office: Office) -> Callable[[str], Visitor]:
    """`visit("mo")` is that member at a browser without JavaScript."""
    return lambda name: Visitor(app, office, name)
