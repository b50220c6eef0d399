"""What the fixtures promise: the app role, a clean database for each test, a real one on request."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Connection, text

from app.kernel import migrations
from app.kernel.db import db, unit_of_work
from tests.infra.databases import Database


def test_the_database_is_used_as_the_app_role(app: Flask, database: Connection) -> None:
    assert db.session.scalar(text("SELECT current_user")) == "opsflux_app"
    assert database.scalar(text("SELECT current_user")) == "opsflux_app"


@pytest.mark.parametrize("turn", [1, 2])
def test_what_a_test_commits_is_gone_in_the_next(app: Flask, turn: int) -> None:
    with unit_of_work() as work:
        work.execute(text("CREATE TEMPORARY TABLE only_here (n int)"))
        work.execute(text("INSERT INTO only_here VALUES (:turn)"), {"turn": turn})

    assert db.session.scalar(text("SELECT n FROM only_here")) == turn


def test_what_is_rolled_back_inside_a_test_is_gone_inside_it(app: Flask) -> None:
    with unit_of_work() as work:
        work.execute(text("CREATE TEMPORARY TABLE only_here (n int)"))
    with pytest.raises(ZeroDivisionError), unit_of_work() as work:
        work.execute(text("INSERT INTO only_here VALUES (1)"))
        raise ZeroDivisionError

    assert db.session.scalar(text("SELECT count(*) FROM only_here")) == 0


def test_the_client_reaches_the_application(client: FlaskClient) -> None:
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").status_code == 200


def test_the_owner_owns_the_tables(owner_connection: psycopg.Connection[Any]) -> None:
    owners = owner_connection.execute("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'").fetchall()
    assert owners == [("opsflux_owner",)]


def test_a_fresh_database_is_migrated_and_its_own(fresh_database: Database) -> None:
    assert not migrations.behind(fresh_database.settings.database_url)
    with fresh_database.connect() as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (fresh_database.name,)
    with fresh_database.app.app_context():
        assert db.session.scalar(text("SELECT current_database()")) == fresh_database.name


def test_the_versions_make_the_tables_that_are_mapped(fresh_database: Database) -> None:
    url = fresh_database.settings.database_owner_url
    assert url
    assert migrations.differences(url) == []
