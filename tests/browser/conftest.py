"""One Chromium per module, one running demo per process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from app.kernel import embedded
from tests.browser import chromium as real
from tests.browser.house import House
from tests.infra.databases import database_of_its_own
from tests.infra.serving import LiveServer


@pytest.fixture(scope="session")
def demo(servers: embedded.Servers, demo_template: str) -> Iterator[LiveServer]:
    """The whole product on a demo of its own: web, worker, scheduler, catcher; shared by the browser tests of this process."""
    for database in database_of_its_own(servers, demo_template):
        server = LiveServer(database)
        try:
            yield server.start("web", "worker", "scheduler", "catcher")
        finally:
            server.stop()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; of the module, because two of Playwright's drivers do not live in one process."""
    with real.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def house(demo: LiveServer, chromium: Browser) -> House:
    """The demo as its people see it."""
    return House(demo, chromium)
