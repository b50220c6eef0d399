"""Running requests go over to the version in force: the preview says what happens, and what happens is what it said."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import select

from app.core.approvals import ApprovalDecision, ApprovalRequest, State, Verb
from app.core.approvals.moving import Target, move
from app.core.audit.models import AuditEntry
from app.core.workflow import Graph, WorkflowVersion, editing, read, written
from app.core.workflow.models import Stage
from app.core.workflow.stepping import FRESH
from app.kernel.current import SYSTEM, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.registry import registry
from tests.core.approvals.browsing import Browser
from tests.core.approvals.house import House


def put_in_force(house: House, change: object) -> UUID:
    """A version of the release of payments with other steps, in force at once."""
    from app.core.workflow.versions import workflow_of

    with house.as_("owner"):
        workflow_id = workflow_of(registry.approvals["procurement.payment"], "release")
        made = perform_one("workflow.workflow_version", "create", data={"workflow": str(workflow_id)}).record
        graph = change(read(made.graph))  # type: ignore[operator]
        perform_one("workflow.workflow_version", "redraw", made.id, {"graph": json.dumps(written(graph))})
        for other in session().scalars(select(WorkflowVersion).where(WorkflowVersion.stage == Stage.ACTIVE)):
            other.stage = Stage.RETIRED
        session().flush()
        made.stage = Stage.ACTIVE
        return made.id  # type: ignore[no-any-return]


def target(house: House, version_id: UUID, **chosen: str) -> Target:
    return Target(session().scalars(select(WorkflowVersion).where(WorkflowVersion.id == version_id)).one(), chosen)


def more(graph: Graph) -> Graph:
    """One more step at the end, for everybody; the first stays as it is."""
    after = "level_1" if "level_2" not in graph.steps else "level_2"
    return editing.added(graph, after, replace(FRESH, label="Last look"))


def test_what_asks_the_same_stays_and_goes_on_by_the_new_version(house: House) -> None:
    request_id = house.waiting()
    before, asked = house.request(request_id), house.waits_for(request_id)
    version_id = put_in_force(house, more)
    with house.as_("owner"):
        (preview,), after = target(house, version_id).page()
        assert after is None
        assert [(place.kept, list(place.people)) for place in preview.places] == [(True, [house.ids[name] for name in asked])]
    assert house.request(request_id).version_id == before.version_id
    with house.as_("owner"):
        moved, stay = move(target(house, version_id), [request_id])
        assert ([each.id for each in moved], stay) == ([request_id], [])
    assert house.waits_for(request_id) == asked
    assert house.request(request_id).last_verb == Verb.MOVE
    house.decide(request_id, asked[0])
    assert house.request(request_id).state == State.OPEN
    assert house.waits_for(request_id) == ["owner"]
    house.decide(request_id, "owner")
    assert house.request(request_id).state in (State.HELD, State.EFFECTED)


def test_it_is_moved_once_and_the_trail_and_the_record_say_so(house: House) -> None:
    request_id = house.waiting()
    version_id = put_in_force(house, more)
    for _each in range(2):
        with house.as_("owner"):
            move(target(house, version_id), [request_id])
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        lines = list(work.scalars(select(ApprovalDecision).where(
            ApprovalDecision.request_id == request_id, ApprovalDecision.verb == Verb.MOVE)))
        assert [(line.by_id, line.data["to"]) for line in lines] == [(house.ids["owner"], str(version_id))]
        trail = list(work.scalars(select(AuditEntry).where(AuditEntry.action == "approvals.approval_request.move")))
        assert [entry.record_id for entry in trail] == [request_id]
    with house.as_("owner"):
        assert target(house, version_id).page() == ([], None)


def test_a_step_that_is_gone_needs_a_choice_and_is_asked_anew(house: House) -> None:
    request_id = house.waiting()

    def other(graph: Graph) -> Graph:
        return editing.removed(editing.added(graph, "submit", replace(FRESH, key="safety", label="Safety")), "level_1")

    version_id = put_in_force(house, other)
    with house.as_("owner"):
        (preview,), _after = target(house, version_id).page()
        assert [path for path, _name in preview.open] == ["level_1"]
        moved, stay = move(target(house, version_id), [request_id])
        assert moved == []
        assert "say where it goes on" in stay[0][1]
    assert house.waits_for(request_id) == ["manager"]
    with house.as_("owner"):
        (preview,), _after = target(house, version_id, level_1="safety").page()
        assert [(place.to, place.kept, place.people) for place in preview.places] == [("Safety", False, (house.ids["owner"],))]
        move(target(house, version_id, level_1="safety"), [request_id])
    assert house.waits_for(request_id) == ["owner"]
    assert house.request(request_id).state == State.OPEN
    house.decide(request_id, "owner")


def test_the_page_shows_it_and_moves_what_is_ticked(house: House, app: Flask) -> None:
    first, second = house.waiting(), house.waiting(department="parks")
    version_id = put_in_force(house, more)
    with house.as_("owner"):
        reference = target(house, version_id).version.reference
    owner, place = Browser(app, house, "owner"), f"/workflow/designs/{reference}/running"
    page = owner.get(place).text
    assert page.count('name="ids"') == 2
    assert "stays" in page
    assert "Manager" in page
    assert Browser(app, house, "clerk").get(place).status_code == 403
    assert Browser(app, house, "clerk").post(place, ids=str(first)).status_code == 403
    assert owner.post(place, ids=str(first)).status_code == 303
    page = owner.get(place).text
    assert "1 request goes by this version now." in page
    assert re.findall(r'name="ids" value="([^"]*)"', page) == [str(second)]
    with acting(house.organisation, SYSTEM), unit_of_work() as work:
        found = work.scalars(select(ApprovalRequest.version_id).where(ApprovalRequest.id.in_([first, second])).order_by(ApprovalRequest.id))
        assert [each == version_id for each in found] == [True, False]
    assert "Move running requests here" in owner.get(f"/workflow/designs/{reference}").text


def test_only_the_version_in_force_takes_requests(house: House, app: Flask) -> None:
    place = Browser(app, house, "owner").post("/workflow/designs/procurement.payment/release/").location
    answer = Browser(app, house, "owner").get(f"{place[place.index('/workflow'):]}/running")
    assert answer.status_code == 409


@pytest.mark.parametrize("ids", ["", "nonsense", str(UUID(int=7))])
def test_what_is_no_request_moves_nothing(house: House, app: Flask, ids: str) -> None:
    version_id = put_in_force(house, more)
    with house.as_("owner"):
        reference = target(house, version_id).version.reference
    assert Browser(app, house, "owner").post(f"/workflow/designs/{reference}/running", ids=ids).status_code == 303
