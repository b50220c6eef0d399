"""Every table, full of rows of two organisations: what one asks shows, changes and removes nothing of the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from psycopg import sql

from app.core.closing.erasing import tables
from tests.core.closing import full
from tests.core.stand import Stand
from tests.infra.databases import Database


@pytest.fixture
def two(fresh_database: Database) -> Iterator[tuple[Stand, Stand]]:
    """Two organisations with rows in every table."""
    with fresh_database.app.app_context():
        mine, theirs = Stand("mine"), Stand("theirs")
        for stand in (mine, theirs):
            full.fill(stand, fresh_database)
        yield mine, theirs


def visible(connection: psycopg.Connection[Any], table: str, here: object) -> int:
    """How many rows of an organisation a session sees."""
    question = sql.SQL("SELECT count(*) FROM {} WHERE organisation_id = %s").format(sql.Identifier(table))
    row = connection.execute(question, (here,)).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.requirement("GO-021")
def test_no_table_shows_a_row_of_another_organisation(two: tuple[Stand, Stand], fresh_database: Database) -> None:
    mine, theirs = (stand.organisation.id for stand in two)
    walked = 0
    with fresh_database.connect("postgres", autocommit=True) as power, fresh_database.connect() as plain:
        plain.execute("SELECT set_config('app.organisation', %s, false)", (str(mine),))
        plain.commit()
        for table in tables():
            if table.info.get("between"):
                continue  # of both sides by nature; tests/core/agencies
            assert full.count(power, table.name, theirs) > 0, f"{table.name} holds nothing to be hidden"
            assert visible(plain, table.name, mine) == full.count(power, table.name, mine) > 0, table.name
            assert visible(plain, table.name, theirs) == 0, table.name
            shown = plain.execute(sql.SQL("SELECT DISTINCT organisation_id FROM {}").format(sql.Identifier(table.name))).fetchall()
            assert shown == [(mine,)], table.name
            _nothing_is_changed(plain, table, theirs)
            walked += 1
    assert walked > 60


def _nothing_is_changed(plain: psycopg.Connection[Any], table: Any, theirs: object) -> None:
    if table.info.get("append_only") or table.name == "audit_entry":
        return  # nobody's rows are changed there; tests/core/audit
    for verb in ("UPDATE {} SET organisation_id = organisation_id", "DELETE FROM {}"):
        statement = sql.SQL(verb + " WHERE organisation_id = %s").format(sql.Identifier(table.name))  # type: ignore[arg-type]
        assert plain.execute(statement, (theirs,)).rowcount == 0, table.name
    plain.rollback()
