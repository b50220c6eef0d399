"""How often the pages of a request ask the database: a promise of fifteen, the rehearsal of the effect counted apart."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Engine

from app.core.approvals import ApprovalRequest, queue
from app.kernel.db import session
from tests.bench.queueing import REQUESTS, SEATS, analyse
from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House
from tests.infra.databases import Database

TRANSACTION = 2  # the tests' own savepoint around a request, which stands for its BEGIN and COMMIT


@contextmanager
def sent() -> Iterator[list[str]]:
    """The statements of the block, but for one that is read again every few seconds, whatever is asked."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if not statement.startswith("SELECT custom_permission.key"):
            found.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(Engine, "before_cursor_execute", note)


def counted(browser: Browser, address: str) -> tuple[int, int]:
    """How many statements the page needs, and how many the rehearsal within it."""
    assert browser.get(address).status_code == 200
    with sent() as statements:
        assert browser.get(address).status_code == 200
    begin = next((n for n, each in enumerate(statements[1:], 1) if each.startswith("SAVEPOINT")), 0)
    end = next((n for n, each in enumerate(statements) if each.startswith("ROLLBACK TO")), -1)
    tried = end - begin + 1 if begin else 0
    return len(statements) - tried - TRANSACTION, tried


@pytest.mark.parametrize(("part", "most"), [("", 13), ("peek", 10), ("decide?verb=approve", 14)])
def test_a_request_asks_each_thing_once(house: House, app: Flask, part: str, most: int) -> None:
    browser, reference = Browser(app, house, "manager"), reference_of(house, house.waiting())
    page, tried = counted(browser, f"/inbox/{reference}/{part}")
    assert page <= most
    assert tried <= 13, "who approved, a payment, its journal line, its mail in the organisation's own words, and what rules wait for"


def test_what_was_said_costs_nothing_more(house: House, app: Flask) -> None:
    request_id = house.waiting("60000")
    browser, address = Browser(app, house, "manager"), f"/inbox/{reference_of(house, request_id)}/"
    before = counted(browser, address)
    for name in ("manager", "director", "owner", "clerk"):
        house.decide(request_id, name, "comment", reason="Seen.")
    assert counted(browser, address) == before
    assert before[0] <= 16, "who is asked next is chosen from members, departments and roles"


def test_what_one_follows_is_counted_without_looking_at_every_request(fresh_database: Database) -> None:
    with fresh_database.app.app_context():
        house = House()
        others = [value for name, value in house.ids.items() if name != "owner"]
        with house.as_("owner"):
            session().execute(REQUESTS, {"place": house.organisation.id, "who": house.ids["owner"], "asker": others[0], "count": 5_000})
            session().execute(SEATS, {"mine": 100, "who": house.ids["owner"], "others": others, "most": len(others)})
        analyse(fresh_database)
        with house.as_("owner"):
            for tab in ("watching", "requested"):
                counted = queue._followed(tab)[0].with_only_columns(ApprovalRequest.id)  # type: ignore[arg-type]
                asked = str(counted.compile(dialect=postgresql.dialect(), compile_kwargs={"literal_binds": True}))
                plan = "\n".join(row[0] for row in session().connection().exec_driver_sql(f"EXPLAIN ANALYZE {asked}"))
                passed = [int(found) for found in re.findall(r"Rows Removed by Filter: (\d+)", plan)]
                assert max(passed, default=0) < 500, plan
