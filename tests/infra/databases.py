"""Databases for tests: one per xdist worker whose every test is rolled back, and real ones of their own on request."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection

from app.kernel import embedded
from app.kernel.config import Settings
from app.kernel.embedded import postgres
from tests.infra import home


@dataclass(frozen=True)
class Database:
    """A real database with its own application; what is committed stays until the test ends."""

    name: str
    place: embedded.Place
    settings: Settings
    environ: dict[str, str]
    app: Flask

    def connect(self, role: str = "opsflux_app", **options: Any) -> psycopg.Connection[Any]:
        """A connection as one of the roles (`postgres` is the superuser)."""
        return psycopg.connect(self.place.url(role, self.name), **options)

    def tampering(self) -> psycopg.Connection[Any]:
        """The superuser past every trigger, as somebody is who has taken the machine."""
        connection = self.connect("postgres", autocommit=True)
        connection.execute("SET session_replication_role = replica")
        return connection


@pytest.fixture(scope="session")
def servers() -> Iterator[embedded.Servers]:
    """The PostgreSQL and Valkey of this run, with the migrated template database in it."""
    with embedded.acquire(home.home(), durable=False) as running:
        home.make_template(running.place)
        yield running


@pytest.fixture(scope="session")
def environ(servers: embedded.Servers) -> dict[str, str]:
    """The environment of this xdist worker's own database and Redis number."""
    worker = os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    home.clone(servers.place, f"tests_{worker}")
    return environ_for(servers.place, f"tests_{worker}", int(worker.removeprefix("gw")) % 7)


@pytest.fixture(scope="session")
def application(environ: dict[str, str]) -> Flask:
    """The one application of this xdist worker; tests take `app`."""
    return make_app(environ)


@pytest.fixture
def database(application: Flask) -> Iterator[Connection]:
    """The worker's database as the app role, in a transaction that is undone after the test; commits are savepoints."""
    from app.kernel.db import db

    with application.app_context():
        engine = db.engine
    connection = engine.connect()
    outer = connection.begin()
    engines = db._app_engines[application]  # Flask-SQLAlchemy has no other door for this
    engines[None] = connection  # type: ignore[assignment]
    db.session.session_factory.configure(join_transaction_mode="create_savepoint")  # type: ignore[attr-defined]
    redis.Redis.from_url(application.extensions["settings"].redis_url).flushdb()
    try:
        yield connection
    finally:
        with application.app_context():
            db.session.remove()
        db.session.session_factory.configure(join_transaction_mode="conditional_savepoint")  # type: ignore[attr-defined]
        engines[None] = engine
        outer.rollback()
        connection.close()


@pytest.fixture
def app(application: Flask, database: Connection) -> Iterator[Flask]:
    """The application, inside its context, on a database that is as it was after the test."""
    with application.app_context():
        yield application


@pytest.fixture
def client(application: Flask, database: Connection) -> FlaskClient:
    """A browser without JavaScript, signed out."""
    return application.test_client()


@pytest.fixture
def owner_connection(servers: embedded.Servers, environ: dict[str, str]) -> Iterator[psycopg.Connection[Any]]:
    """The worker's database as the owner of its tables: for looking at the catalogue. Undone after the test."""
    with psycopg.connect(environ["DATABASE_OWNER_URL"]) as connection:
        yield connection
        connection.rollback()


@pytest.fixture
def fresh_database(servers: embedded.Servers) -> Iterator[Database]:
    """A migrated database of the test's own, with its own application: for threads, crashes and real commits."""
    yield from database_of_its_own(servers, home.TEMPLATE)


def database_of_its_own(servers: embedded.Servers, template: str) -> Iterator[Database]:
    """Copy `template` for one test, and remove the copy after it."""
    name = f"own_{secrets.token_hex(6)}"
    home.clone(servers.place, name, template)
    with home.redis_number() as number:
        environ = environ_for(servers.place, name, number)
        app = make_app(environ)
        redis.Redis.from_url(environ["REDIS_URL"]).flushdb()
        try:
            yield Database(name, servers.place, app.extensions["settings"], environ, app)
        finally:
            with app.app_context():
                from app.kernel.db import db

                db.session.remove()
                db.engine.dispose()
            postgres.drop_database(servers.place, name)


def environ_for(place: embedded.Place, database: str, number: int) -> dict[str, str]:
    """The settings, as an environment, of one database of this run."""
    folder = home.home() / database
    folder.mkdir(mode=0o711, exist_ok=True)
    return {
        "OPSFLUX_HOME": str(folder),
        "DATABASE_URL": place.url("opsflux_app", database),
        "DATABASE_OWNER_URL": place.url("opsflux_owner", database),
        "DATABASE_RELAY_URL": place.url("opsflux_relay", database),
        "REDIS_URL": f"unix://{place.valkey_socket}?db={number}",
        "SECRET_KEY": "tests-" + "s" * 40,
        "AUDIT_KEY": "tests-" + "a" * 40,
        "OUTBOUND_ALLOW": "127.0.0.1",
    }


def make_app(environ: dict[str, str]) -> Flask:
    """An application with these settings."""
    from app import create_app

    app = create_app(Settings.load(environ))
    app.testing = True
    return app
