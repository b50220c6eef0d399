"""The house in which runs are tried, with kinds of run of its own."""

from __future__ import annotations

import pytest
from flask import Flask

from app.kernel.registry import registry
from tests.core.approvals.house import House
from tests.core.runs import kinds


@pytest.fixture
def house(app: Flask, monkeypatch: pytest.MonkeyPatch) -> House:
    """An organisation with people to ask, and the kinds of run of the tests."""
    for kept in (kinds.DONE, kinds.STEPPED, kinds.BROKEN):
        kept.clear()
    for kind in kinds.KINDS:
        monkeypatch.setitem(registry.runs, kind.key, kind)
    return House()
