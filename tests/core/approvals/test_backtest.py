"""A version on the records of the last 90 days: who would have decided, how long, where it would have stuck; and the numbers add up."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.core import access
from app.core.approvals import ApprovalRequest, backtests
from app.core.approvals.backtests import Wanted
from app.core.workflow import Decider, Graph, Limit, WorkflowVersion, editing, read, written
from app.core.workflow.stepping import FRESH
from app.core.workflow.versions import workflow_of
from app.kernel import clock
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.registry import registry
from tests.core.approvals.browsing import PARTIAL, Browser, reference_of
from tests.core.approvals.house import House

OWNERS = (Decider("role", "owner"),)


def draft(house: House, change: Callable[[Graph], Graph]) -> str:
    """A draft of the release of payments; gives its reference."""
    with house.as_("owner"):
        workflow_id = workflow_of(registry.approvals["procurement.payment"], "release")
        made = perform_one("workflow.workflow_version", "create", data={"workflow": str(workflow_id)}).record
        perform_one("workflow.workflow_version", "redraw", made.id, {"graph": json.dumps(written(change(read(made.graph))))})
        return str(made.reference)


def result(house: House, reference: str) -> dict[str, Any]:
    with house.as_("owner"):
        return Wanted.of(session().scalars(select(WorkflowVersion).where(WorkflowVersion.reference == reference)).one()).replayed()


def steps(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Its steps by name, having looked that everything adds up."""
    assert found["records"] == found["at_once"] + found["through"] + found["refused"] + found["stuck"]
    for step in found["steps"]:
        assert step["asked"] == step["in_time"] + step["late"] + step["unknown"] + step["nobody"], step
    assert sum(step["nobody"] for step in found["steps"]) == found["stuck"]
    return {step["name"]: step for step in found["steps"]}


@pytest.fixture
def answered(house: House) -> House:
    """Five payments that the manager answered after 1, 2, 3, 4 and 20 hours, and two that needed nobody."""
    for hours in (1, 2, 3, 4, 20):
        request_id = house.waiting()
        with clock.at(clock.now() + timedelta(hours=hours)):
            house.decide(request_id, "manager")
    for _each in range(2):
        house.payment("10")
    return house


def test_the_same_steps_take_as_long_as_they_took(answered: House) -> None:
    found = result(answered, draft(answered, lambda graph: graph))
    by_name = steps(found)
    assert (found["records"], found["at_once"], found["through"], found["stuck"]) == (7, 2, 5, 0)
    assert found["median"] == pytest.approx(3 * 3600, rel=0.02)
    first = next(step for step in by_name.values() if step["asked"])
    assert (first["asked"], first["in_time"]) == (5, 5)
    assert first["people"] == [[str(answered.ids["manager"]), 5]]
    with clock.at(clock.now() + timedelta(days=91)):
        assert result(answered, draft(answered, lambda graph: graph))["records"] == 0


def test_a_planted_step_that_sticks_is_found_and_so_is_one_that_is_too_slow(answered: House) -> None:
    def planted(graph: Graph) -> Graph:
        slow = replace(FRESH, label="Slow look", deciders=OWNERS, limit=Limit(1))
        stuck = replace(FRESH, key="again", label="The same again", deciders=OWNERS, fallback="owner")
        return editing.added(editing.added(graph, "level_1", slow), "step", stuck)

    found = result(answered, draft(answered, planted))
    by_name = steps(found)
    assert (found["records"], found["at_once"], found["through"], found["stuck"]) == (7, 0, 0, 7)
    assert (by_name["Slow look"]["asked"], by_name["Slow look"]["late"]) == (7, 7), "nobody answers within an hour"
    assert (by_name["The same again"]["asked"], by_name["The same again"]["nobody"]) == (7, 7), "the only owner has decided before"
    assert {step for _reference, step in found["stuck_at"]} == {"The same again"}


def test_where_nobody_ever_answered_the_time_is_unknown(house: House) -> None:
    house.waiting()
    found = result(house, draft(house, lambda graph: graph))
    assert [step["unknown"] for step in steps(found).values() if step["asked"]] == [1]


def test_nothing_is_changed_and_the_page_says_it_all(answered: House, app: Flask) -> None:
    reference = draft(answered, lambda graph: editing.added(graph, "level_1", replace(FRESH, label="Slow look", limit=Limit(1))))
    with answered.as_("owner"):
        before = list(session().execute(select(ApprovalRequest.id, ApprovalRequest.version).order_by(ApprovalRequest.id)))
    page = Browser(app, answered, "owner").get(f"/workflow/designs/{reference}/backtest")
    assert page.status_code == 200
    for words in ("Slow look", "too slow for its limit", "Manager (5)", "Needed nobody"):
        assert words in page.text
    with answered.as_("owner"):
        assert list(session().execute(select(ApprovalRequest.id, ApprovalRequest.version).order_by(ApprovalRequest.id))) == before
    assert Browser(app, answered, "clerk").get(f"/workflow/designs/{reference}/backtest").status_code == 403
    assert f"/workflow/designs/{reference}/backtest" in Browser(app, answered, "owner").get(f"/workflow/designs/{reference}").text


def test_whoever_is_asked_about_a_version_sees_what_it_would_have_done(answered: House, app: Flask) -> None:
    reference = draft(answered, lambda graph: editing.added(graph, "level_1", replace(FRESH, label="Slow look", limit=Limit(1))))
    with answered.as_("owner"):
        access.grant_further(answered.ids["fiona"], "admin")
    with answered.as_("owner"):
        version = session().scalars(select(WorkflowVersion.id).where(WorkflowVersion.reference == reference)).one()
        asked = perform_one("workflow.workflow_version", "activate", version).approval_id
    assert asked is not None
    admin = Browser(app, answered, "fiona")
    place = f"/workflow/designs/{reference}/backtest/summary"
    assert f'hx-get="{admin.root}{place}"' in admin.get(f"/inbox/{reference_of(answered, asked)}/peek").text
    found = admin.client.get(f"{admin.root}{place}", headers=PARTIAL).text
    assert "<html" not in found
    for words in ("Slow look", "too slow for its limit", "Manager (5)", "Needed nobody"):
        assert words in found
    assert Browser(app, answered, "clerk").get(place).status_code == 403


def test_many_records_are_a_job_whose_result_is_the_same(answered: House, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backtests, "AT_ONCE", 3)
    reference, owner = draft(answered, lambda graph: graph), Browser(app, answered, "owner")
    place = f"/workflow/designs/{reference}/backtest"
    assert "Not looked at yet" in owner.get(place).text
    assert owner.post(place).status_code == 303
    assert "Under way" in owner.get(place).text
    run_jobs(answered)
    page = owner.get(place).text
    assert "Under way" not in page
    assert "Manager (5)" in page


def run_jobs(house: House) -> None:
    """What waits, done as a worker does it."""
    from app.kernel import jobs
    from app.kernel.current import SYSTEM, acting
    from app.kernel.db import unit_of_work

    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        waiting = list(work.scalars(select(jobs.Job.id).where(jobs.Job.state == "waiting")))
    for each in waiting:
        jobs.run(each, house.organisation.id)
