"""The office in which the modules are tried."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.modules.office import Office


@pytest.fixture
def office(app: Flask) -> Office:
    """A small organisation: two departments, a manager, an HSE manager, a clerk, two finance approvers, an owner."""
    return Office()
