"""A thousand people in one organisation: filtering, paging and a change of role each answer within two seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.core import access
from app.kernel.current import SYSTEM, acting
from app.kernel.db import unit_of_work
from app.kernel.door import perform, perform_one
from tests.core.visitors import Visitor, actor_of, enrol, found

PATIENCE = 2.0


def timed(work: Callable[[], Any]) -> float:
    """How long something takes, in seconds."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


@pytest.mark.ordeal
@pytest.mark.requirement("OF-059")
def test_a_thousand_people_are_managed_without_waiting(app: Flask) -> None:
    place = found("thousand")
    owner = actor_of(place, enrol(place, "olga@thousand.example", "owner"))
    with acting(place, SYSTEM), unit_of_work():
        roles = {key: str(access.role_named(key).id) for key in ("member", "manager")}
    rows = [{"name": f"Person {n}", "email": f"p{n}@thousand.example", "role": roles["member"], "kind": "own"} for n in range(1000)]
    with acting(place, owner, channel="page"), unit_of_work():
        made = [outcome.record.id for outcome in perform("people.member", "create", data=rows)]
    olga = Visitor(app)
    olga.sign_in("olga@thousand.example")
    for query in ("?status=active", "?per_page=200", f"?role={roles['member']}", "?q=Person+77"):
        assert timed(lambda query=query: olga.get(f"/thousand/people/members/{query}")) < PATIENCE, query  # type: ignore[misc]

    def promote() -> None:
        with acting(place, owner, channel="page"), unit_of_work():
            perform_one("people.member", "edit", made[500], {"role": roles["manager"]})

    assert timed(promote) < PATIENCE
