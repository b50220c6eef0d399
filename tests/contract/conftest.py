"""The world of the contract tests."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import Connection

from tests.contract.world import World


@pytest.fixture
def world(app: Flask, database: Connection) -> World:
    """Two organisations and a member of each role."""
    return World(app, database)
