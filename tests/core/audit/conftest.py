"""Where the trail is tried."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.core.stand import Stand
from tests.infra.databases import Database


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation whose every trace goes after the test."""
    return Stand()


@pytest.fixture
def own(fresh_database: Database) -> Iterator[tuple[Database, Stand]]:
    """A database that commits, and an organisation in it."""
    with fresh_database.app.app_context():
        yield fresh_database, Stand()
