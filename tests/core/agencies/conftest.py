"""An agency and its clients, who have agreed."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.kernel.i18n import reading
from tests.core.agencies.firms import Cast


@pytest.fixture(autouse=True)
def english(app: Flask) -> Any:
    """Sentences are compared in the language of the source."""
    with reading("en"):
        yield


@pytest.fixture
def cast(app: Flask) -> Cast:
    """They have agreed."""
    return Cast()
