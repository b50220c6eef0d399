"""The world of the contract tests: made once per run, copied once per worker, as it was for each test."""

from __future__ import annotations

import os

import pytest
from flask import Flask
from sqlalchemy import Connection

from app.core.audit import people as remembered
from app.kernel import embedded
from app.kernel.db import db
from tests.contract import gatehouse
from tests.contract.world import World, populate
from tests.infra import home
from tests.infra.databases import environ_for, make_app

TEMPLATE = "contract_template"


@pytest.fixture(scope="session")
def contract_template(servers: embedded.Servers) -> str:
    """The name of a database that holds two organisations and their members, and the one of the access matrix."""
    with home.one_at_a_time(TEMPLATE) as done:
        if not done.exists():
            home.clone(servers.place, TEMPLATE)
            app = make_app(environ_for(servers.place, TEMPLATE, 7))
            with app.app_context():
                populate()
                gatehouse.build()
                db.session.remove()
                db.engine.dispose()
            done.touch()
    return TEMPLATE


@pytest.fixture(scope="session")
def environ(servers: embedded.Servers, contract_template: str) -> dict[str, str]:
    """The environment of this worker's own copy."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    home.clone(servers.place, f"contract_{worker}", contract_template)
    return environ_for(servers.place, f"contract_{worker}", int(worker.removeprefix("gw")) % 7)


@pytest.fixture(scope="session")
def application(environ: dict[str, str]) -> Flask:
    """The one application of this worker's contract tests."""
    return make_app(environ)


@pytest.fixture
def world(app: Flask, database: Connection) -> World:
    """Two organisations and a member of each role."""
    remembered._known.clear()  # the names that the last test told the trail were undone with it
    return World(app, database)
