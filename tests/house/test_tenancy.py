"""Both walls around every table, tried on many shapes of query, and on what the database says of itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from psycopg.errors import InsufficientPrivilege
from sqlalchemy import Connection, delete, exists, func, insert, literal, select, text, true, union_all, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, aliased

from app.core.audit import BULK
from app.core.organisations import Site
from app.kernel import tenancy
from app.kernel.current import SYSTEM, acting
from app.kernel.db import db, unit_of_work
from app.kernel.errors import Unavailable
from app.kernel.records import Tenanted, new_id
from app.kernel.schema import APP, FUNCTIONS, RELAY
from tests.core.stand import Stand
from tests.infra.databases import Database

SITE: Any = Site.__table__


@pytest.fixture
def owner(application: Flask, owner_connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """The database as its owner, every declaration being known."""
    return owner_connection


@pytest.fixture
def report(owner: psycopg.Connection[Any]) -> tenancy.Report:
    """What `flask tenancy check` finds."""
    return tenancy.check(owner, db.metadata)


def test_every_table_is_protected_or_says_why_not(report: tenancy.Report) -> None:
    assert [(table.name, table.problems) for table in report.tables if table.problems] == []
    assert report.whole
    assert all(table.protected != bool(table.exception) or table.exception for table in report.tables)


def test_the_check_counts_every_table_that_is_mapped(report: tenancy.Report) -> None:
    assert {table.name for table in report.tables} - {"alembic_version"} == set(db.metadata.tables)


def test_every_model_of_an_organisation_is_marked(report: tenancy.Report) -> None:
    exceptions = {table.name for table in report.tables if table.exception}
    for mapper in db.Model.registry.mappers:
        if issubclass(mapper.class_, Tenanted):
            assert mapper.class_.__tablename__ not in exceptions


OPENINGS = {
    "row security": "ALTER TABLE site NO FORCE ROW LEVEL SECURITY",
    "row security ": "ALTER TABLE site DISABLE ROW LEVEL SECURITY",
    "USING": f"CREATE POLICY open ON site FOR SELECT TO {APP} USING (true)",
    "WITH CHECK": f"CREATE POLICY open ON site FOR INSERT TO {APP} WITH CHECK (true)",
    "may be empty": "ALTER TABLE setting ALTER organisation_id DROP NOT NULL",
    "lead with": "CREATE UNIQUE INDEX open ON site (name)",
    "TRUNCATE": f"GRANT TRUNCATE ON site TO {APP}",
    "UPDATE": f"GRANT UPDATE ON audit_entry TO {APP}",
    "PUBLIC": "GRANT SELECT ON site TO PUBLIC",
    "nothing says why": "CREATE TABLE stray (id integer)",
    "another organisation": "ALTER TABLE site ADD CONSTRAINT open FOREIGN KEY (id) REFERENCES organisation (id)",
}


@pytest.mark.parametrize("problem", OPENINGS)
def test_each_opening_is_noticed(owner: psycopg.Connection[Any], problem: str) -> None:
    if "DROP NOT NULL" in OPENINGS[problem]:
        owner.execute("ALTER TABLE setting DROP CONSTRAINT pk_setting")
    owner.execute(OPENINGS[problem])
    report = tenancy.check(owner, db.metadata)
    assert not report.whole
    assert any(problem.strip() in said for table in report.tables for said in table.problems)


def test_a_function_above_the_walls_that_is_not_listed_is_noticed(owner: psycopg.Connection[Any]) -> None:
    owner.execute("CREATE FUNCTION open() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'")
    assert tenancy.check(owner, db.metadata).definer_functions == ["open()"]


def test_every_listed_function_exists_with_a_pinned_path(owner: psycopg.Connection[Any]) -> None:
    for signature in FUNCTIONS:
        asked = "SELECT prosecdef, proconfig::text FROM pg_proc WHERE oid = to_regprocedure(%s)"
        row = owner.execute(asked, (signature,)).fetchone()
        assert row is not None, signature
        assert row[0]
        assert "search_path" in row[1]


# The shapes of query that leaked from one wall or the other when each was tried alone.
alias = aliased(Site)
beside = select(alias.name).limit(1).lateral()
SHAPES: dict[str, Callable[[], Any]] = {
    "entity": lambda: select(Site), "column": lambda: select(Site.name),
    "count of rows": lambda: select(func.count()).select_from(Site),
    "count of column": lambda: select(func.count(Site.id)), "exists": lambda: select(exists(select(Site.id))),
    "alias": lambda: select(alias.name), "subquery": lambda: select(select(Site.name).subquery().c.name),
    "scalar subquery": lambda: select(select(func.count()).select_from(Site).scalar_subquery()),
    "common table": lambda: select(select(Site.name).cte("names").c.name),
    "union": lambda: union_all(select(Site.name), select(alias.name)),
    "in": lambda: select(Site.name).where(Site.id.in_(select(alias.id))),
    "join": lambda: select(Site.name).join(alias, alias.id == Site.id),
    "core select": lambda: select(SITE.c.name), "core count": lambda: select(func.count()).select_from(SITE),
    "core literal": lambda: select(literal(1)).select_from(SITE), "text": lambda: text("SELECT name FROM site"),
    "text count": lambda: text("SELECT count(*) FROM site"),
    "lateral": lambda: select(Site.name, beside.c.name).join(beside, true()),
}


@pytest.fixture
def two(app: Flask) -> tuple[Stand, Stand]:
    """An organisation with five sites, and one with none."""
    full, bare = Stand("full"), Stand("bare")
    with full.work():
        for number in range(5):
            full.site(f"Secret {number}")
    return full, bare


def _shown(work: Session, shape: str) -> list[Any]:
    """What a statement gives, counts of nothing taken as nothing."""
    return [row for row in work.execute(SHAPES[shape]()).all() if tuple(row) not in ((0,), (False,))]


@pytest.mark.parametrize("shape", SHAPES)
def test_a_query_of_any_shape_shows_nothing_of_another_organisation(two: tuple[Stand, Stand], shape: str) -> None:
    full, bare = two
    with full.work() as work:
        assert _shown(work, shape), "the shape finds what is there"
    with bare.work() as work:
        assert _shown(work, shape) == []


@pytest.mark.parametrize("shape", SHAPES)
def test_with_no_organisation_there_is_nothing_or_a_refusal(two: tuple[Stand, Stand], shape: str) -> None:
    with acting(None, None):
        try:
            with unit_of_work() as work:
                assert _shown(work, shape) == []
        except Unavailable:
            db.session.rollback()


@pytest.mark.parametrize("shape", SHAPES)
def test_the_second_wall_stands_alone(two: tuple[Stand, Stand], database: Connection, shape: str) -> None:
    """The statement sent without the session, so that only the database stands in its way."""
    for organisation in ("", str(two[1].organisation.id), str(new_id())):
        database.execute(text("SELECT set_config('app.organisation', :o, true)"), {"o": organisation})
        assert [row for row in database.execute(SHAPES[shape]()).all() if tuple(row) not in ((0,), (False,))] == []


def _foreign_writes(victim: UUID, home: UUID) -> Iterator[Any]:
    values = {"organisation_id": home, "id": new_id(), "reference": "SITE-X", "name": "x", "name_key": "x", "kind": "office", "version": 1}
    stamps = {"created_at": func.now(), "updated_at": func.now(), "created_by": new_id(), "updated_by": new_id()}
    yield insert(SITE).values(**values, **stamps)
    yield update(SITE).where(SITE.c.id == victim).values(name="taken")
    yield delete(SITE).where(SITE.c.id == victim)
    yield text(f"UPDATE site SET name = 'taken' WHERE id = '{victim}'")


@pytest.mark.parametrize("number", range(4))
def test_a_write_into_another_organisation_is_refused_or_touches_nothing(two: tuple[Stand, Stand], number: int) -> None:
    full, bare = two
    with full.work() as work:
        victim = work.scalars(select(Site.id)).first()
    assert victim is not None
    with bare.work() as work, work.begin_nested() as point:
        statement = list(_foreign_writes(victim, full.organisation.id))[number]
        touched = -1
        with suppress(DBAPIError):
            touched = work.execute(statement, execution_options={BULK: True}).rowcount  # type: ignore[attr-defined]
        assert touched <= 0
        if touched < 0:
            point.rollback()
    with full.work() as work:
        assert work.scalar(select(func.count()).where(Site.name == "taken")) == 0
        assert work.scalar(select(func.count()).select_from(Site)) == 5


def test_a_row_cannot_be_moved_to_another_organisation(two: tuple[Stand, Stand]) -> None:
    full, bare = two
    with pytest.raises(DBAPIError), full.work() as work:
        work.execute(text("UPDATE site SET organisation_id = :other"), {"other": bare.organisation.id})


def _fail_sometimes(turn: int) -> None:
    if turn % 3 == 0:
        raise RuntimeError


def test_one_pooled_connection_never_carries_an_organisation_over(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        full, bare = Stand("full"), Stand("bare")
        with full.work():
            full.site("Secret")
        engine = db.engine
        engine.dispose()
        for turn in range(30):
            stand = (full, bare)[turn % 2]
            with suppress(RuntimeError), stand.work() as work:
                assert work.scalars(select(Site.name)).all() == (["Secret"] if stand is full else [])
                _fail_sometimes(turn)
            with engine.connect() as connection:
                assert connection.execute(text("SELECT count(*) FROM site")).scalar() == 0
                assert (connection.execute(text("SELECT current_setting('app.organisation', true)")).scalar() or "") == ""
        assert engine.pool.checkedin() == 1  # type: ignore[attr-defined]


def test_the_relay_reads_no_business_row(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        Stand()
    with fresh_database.connect(RELAY) as connection, pytest.raises(InsufficientPrivilege):
        connection.execute("SELECT * FROM member")


def test_a_key_of_another_organisation_cannot_be_referred_to(two: tuple[Stand, Stand]) -> None:
    """The foreign key is composite, so even a known id of another organisation points nowhere."""
    from app.core.people import Member

    full, bare = two
    with full.work() as work:
        victim = work.scalars(select(Site.id)).first()
    with pytest.raises(DBAPIError), bare.work() as work:
        work.get_one(Member, (bare.organisation.id, bare.actors["member"].id)).site_id = victim
        work.flush()


def test_the_system_too_needs_an_organisation(two: tuple[Stand, Stand]) -> None:
    with acting(None, SYSTEM), pytest.raises(Unavailable), unit_of_work() as work:
        work.scalars(select(Site)).all()
    db.session.rollback()


def test_the_command_answers_in_the_agreed_form(fresh_database: Database) -> None:
    command = [sys.executable, "-m", "flask", "tenancy", "check", "--json"]
    environ = {**os.environ, **fresh_database.environ, "FLASK_APP": "wsgi"}
    whole = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    assert whole.returncode == 0, whole.stdout + whole.stderr
    said = json.loads(whole.stdout)
    assert {name: said[name] for name in said if name != "tables"} == {"owned_by_app_role": 0, "bypass_roles": [], "definer_functions": []}
    assert all(set(table) == {"name", "protected", "exception"} for table in said["tables"])
    assert all(table["protected"] != bool(table["exception"]) for table in said["tables"])
    with fresh_database.connect("opsflux_owner", autocommit=True) as connection:
        connection.execute("ALTER TABLE site DISABLE ROW LEVEL SECURITY")
    assert subprocess.run(command, env=environ, capture_output=True, text=True, check=False).returncode == 1
