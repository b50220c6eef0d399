"""The house in which approvals are tried."""

from __future__ import annotations

import pytest
from flask import Flask

from tests.core.approvals.house import House


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """An organisation with people to ask; the password of everybody is “right”."""
    monkeypatch.setattr("app.core.auth.is_you", lambda _identity, typed: typed == "right")
    return House()
