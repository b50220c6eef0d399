"""Writes down which tests passed, for `make coverage-of-requirements`; and ends what the run began."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.infra import home

RECORD = Path(__file__).resolve().parents[2] / "var" / "tests" / "results.json"


def pytest_configure(config: pytest.Config) -> None:
    """Make this run's home before the workers start, so that they share it. A run that is told to end puts its servers away too."""
    home.home()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Results(), "opsflux-results")


def pytest_unconfigure(config: pytest.Config) -> None:
    """Throw this run's home away once all workers are gone."""
    if not hasattr(config, "workerinput"):
        home.remove_home()


class Results:
    """Collects the outcome of each test in the process that sees all of them."""

    def __init__(self) -> None:
        self._outcomes: dict[str, str] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep the worst outcome of a test's three phases."""
        before = self._outcomes.get(report.nodeid, "passed")
        if report.when == "call" or report.outcome != "passed":
            self._outcomes[report.nodeid] = report.outcome if before == "passed" else before

    def pytest_sessionfinish(self) -> None:
        """Add what was learnt to what earlier runs learnt."""
        if not self._outcomes:
            return
        known: dict[str, Any] = json.loads(RECORD.read_text()) if RECORD.exists() else {}
        RECORD.parent.mkdir(parents=True, exist_ok=True)
        scratch = RECORD.with_suffix(".part")
        scratch.write_text(json.dumps(known | self._outcomes, indent=0, sort_keys=True))
        scratch.replace(RECORD)
