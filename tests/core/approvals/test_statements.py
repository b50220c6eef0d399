"""How often the pages of a request ask the database: a promise of fifteen, the rehearsal of the effect counted apart."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from sqlalchemy import event
from sqlalchemy.engine import Engine

from tests.core.approvals.browsing import Browser, reference_of
from tests.core.approvals.house import House

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


@pytest.mark.parametrize(("part", "most"), [("", 12), ("peek", 9), ("decide?verb=approve", 13)])
def test_a_request_asks_each_thing_once(house: House, app: Flask, part: str, most: int) -> None:
    browser, reference = Browser(app, house, "manager"), reference_of(house, house.waiting())
    page, tried = counted(browser, f"/inbox/{reference}/{part}")
    assert page <= most
    assert tried <= 10, "the effect itself: a payment, its journal line and its mail"


def test_what_was_said_costs_nothing_more(house: House, app: Flask) -> None:
    request_id = house.waiting("60000")
    browser, address = Browser(app, house, "manager"), f"/inbox/{reference_of(house, request_id)}/"
    before = counted(browser, address)
    for name in ("manager", "director", "owner", "clerk"):
        house.decide(request_id, name, "comment", reason="Seen.")
    assert counted(browser, address) == before
    assert before[0] <= 16, "who is asked next is chosen from members, departments and roles"
