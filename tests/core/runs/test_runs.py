"""Runs: their steps, their states, what they propose and who decides it, what they rest on, and their schedules."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError, OperationalError

from app.core import runs, scheduler, workflow
from app.core.approvals import ApprovalDecision, ApprovalRequest, Colour
from app.core.runs import ExecutiveRun, Fate, RunProposal, State, executing, launching, proposing
from app.core.scheduler import Schedule, Status
from app.core.workflow import Condition, Decider, drafts
from app.kernel import clock, jobs
from app.kernel.current import Actor, acting
from app.kernel.db import session, unit_of_work
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Forbidden, Invalid
from app.kernel.jobs import Job
from app.kernel.registry import registry
from tests.core.approvals.house import House
from tests.core.runs import kinds
from tests.core.workflow.graphs import ask, whole

NOON = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


def execute(house: House, kind: str, inputs: dict[str, Any] | None = None, by: str = "director") -> UUID:
    """One call of the executor by a member."""
    with acting(house.organisation, house.actors[by], channel="page"):
        return runs.run_executor(kind, inputs)


def now(house: House, run_id: UUID) -> ExecutiveRun:
    """The run as it is."""
    with house.as_("owner") as work:
        run: ExecutiveRun = work.get_one(ExecutiveRun, (house.organisation.id, run_id), populate_existing=True)
        work.expunge(run)
    return run


def proposals(house: House, run_id: UUID) -> list[RunProposal]:
    """What a run proposed, in its order."""
    with house.as_("owner") as work:
        found = list(work.scalars(select(RunProposal).where(RunProposal.run_id == run_id).order_by(RunProposal.id)))
        work.expunge_all()
    return found


def asked(house: House, proposal: RunProposal) -> UUID:
    """The request for approval of a proposal."""
    with house.as_("owner") as work:
        found: UUID = work.scalars(select(ApprovalRequest.id).where(ApprovalRequest.record_id == proposal.id)).one()
    return found


def work_off(house: House) -> None:
    """What a worker does."""
    with house.as_("owner") as work:
        waiting = list(work.scalars(select(Job.id).where(Job.state == jobs.WAITING, Job.function == jobs.name_of(executing.execute))))
    for job_id in waiting:
        jobs.run(job_id, house.organisation.id)


@pytest.mark.requirement("GO-030", "GO-024")
def test_the_executor_keeps_steps_outputs_and_approvals_under_one_run(house: House) -> None:
    run_id = execute(house, "test.judge", {"count": "4"})
    run = now(house, run_id)
    assert [step["name"] for step in run.steps] == ["count", "judge"]
    assert run.outputs == {"count": {"doubled": 8}, "judge": {"judged": True}}
    assert run.inputs == {"count": 4, "word": None}
    assert run.cost == Decimal("0.25")
    assert run.state == State.AWAITING
    made = proposals(house, run_id)
    assert [each.title for each in made] == ["Call the first", "Call the second"]
    assert all(house.request(asked(house, each)).resource == "runs.proposal" for each in made)


@pytest.mark.requirement("GO-024")
def test_the_history_has_outputs_and_duration(house: House) -> None:
    run = now(house, execute(house, "test.count", {"count": "2"}))
    assert run.state == State.COMPLETED
    assert run.outputs == {"count": {"doubled": 4}}
    assert run.started_at is not None
    assert run.ended_at is not None
    assert run.seconds == Decimal(str(round((run.ended_at - run.started_at).total_seconds(), 3)))


@pytest.mark.requirement("GO-025")
def test_a_failing_step_fails_the_run_with_its_reason(house: House) -> None:
    kinds.BROKEN.append(ValueError("the meter is gone"))
    run_id = execute(house, "test.judge")
    run = now(house, run_id)
    assert run.state == State.FAILED
    assert run.error == "Judge: ValueError: the meter is gone"
    assert run.ended_at is not None
    with house.as_("owner") as work:
        assert work.scalars(select(ExecutiveRun.id).where(ExecutiveRun.state.in_((State.RUNNING, State.QUEUED)))).all() == []
    house.do("director", "runs.run", "resume", [run_id])
    work_off(house)
    assert now(house, run_id).state == State.AWAITING
    assert kinds.STEPPED == ["count", "judge", "judge"], "what had ended is not done again"


@pytest.mark.requirement("GO-025")
def test_a_lost_worker_leaves_no_run_in_running(house: House) -> None:
    kinds.BROKEN.append(OperationalError("select", {}, Exception("away")))
    run_id = execute(house, "test.judge")
    run = now(house, run_id)
    assert run.state == State.RUNNING, "its job comes again"
    with house.as_("owner") as work:
        work.execute(update(Job).where(Job.id == run.job_id).values(state=jobs.FAILED))
        assert executing.sweep() == 0, "who is to be told has a moment"
    with clock.at(clock.now() + timedelta(minutes=5)), house.as_("owner"):
        assert executing.sweep() == 1
    assert now(house, run_id).state == State.FAILED
    assert now(house, run_id).error == "The worker was lost."


def test_a_moments_lack_is_waited_for(house: House) -> None:
    kinds.BROKEN.append(OperationalError("select", {}, Exception("away")))
    run_id = execute(house, "test.judge")
    with house.as_("owner") as work:
        work.execute(update(Job).values(due_at=clock.now()))
    work_off(house)
    assert now(house, run_id).state == State.AWAITING
    assert kinds.STEPPED == ["count", "judge", "judge"]


def test_a_cancelled_job_fails_its_run(house: House) -> None:
    with house.as_("clerk"):
        run = launching.launch("test.count")
        run_id, job_id = run.id, run.job_id
        assert job_id is not None
        jobs.cancel(job_id)
        job = jobs.find(job_id)
        assert job is not None
        executing.job_ended(job)
    assert (now(house, run_id).state, now(house, run_id).error) == (State.FAILED, "Somebody cancelled it.")


@pytest.mark.requirement("GO-026", "GO-027")
def test_one_is_approved_one_is_rejected_and_only_the_first_is_done(house: House) -> None:
    run_id = execute(house, "test.judge")
    first, second = (asked(house, each) for each in proposals(house, run_id))
    assert house.request(first).state.value == "open"
    assert house.later(3_600) >= 0
    assert kinds.DONE == [], "nothing is done before the decision"
    house.decide(first, "manager")
    house.decide(second, "manager", "reject", reason="Not now.")
    house.later(120)
    assert kinds.DONE == ["first"]
    one, other = proposals(house, run_id)
    assert (one.status, other.status) == (Fate.DONE, Fate.REJECTED)
    assert one.decided_by_id == other.decided_by_id == house.ids["manager"]
    assert one.decided_at is not None
    assert other.decided_at is not None
    assert other.remark == "Not now."
    with house.as_("owner") as work:
        told = work.execute(select(ApprovalDecision.request_id, ApprovalDecision.verb, ApprovalDecision.by_id).where(
            ApprovalDecision.verb.in_(("approve", "reject")))).all()
    assert {(i, v.value, by) for i, v, by in told} == {(first, "approve", house.ids["manager"]), (second, "reject", house.ids["manager"])}
    with clock.at(clock.now() + timedelta(hours=1)):
        work_off(house)
    assert now(house, run_id).state == State.COMPLETED


@pytest.mark.parametrize("risk", [Colour.ORANGE, Colour.RED])
def test_nothing_that_is_not_green_is_done_where_nobody_agreed(house: House, risk: Colour) -> None:
    run_id = execute(house, "test.judge")
    for proposal in proposals(house, run_id):
        with pytest.raises(Conflict, match="once a person has agreed"), house.as_("owner") as work:
            found = work.get_one(RunProposal, (house.organisation.id, proposal.id))
            found.risk = risk
            proposing.carry_out(found)
    assert kinds.DONE == []


def test_a_workflow_that_asks_nobody_lets_no_run_act(house: House) -> None:
    with house.as_("owner"):  # a version whose only step is passed over
        nobody = whole(ask("look", "effect", deciders=(Decider("role", "owner"),), when=Condition("title = nothing")))
        effect = replace(nobody.steps["effect"], effect="carry_out")
        key = workflow.workflow_of(registry.approvals["runs.proposal.ORANGE"], "carry_out")
        made = perform_one("workflow.workflow_version", "create", data={"workflow": str(key)})
        version = drafts.write(made.record, replace(nobody, steps={**nobody.steps, "effect": effect}))
        session().flush()
        drafts.activate(version)
    run = now(house, execute(house, "test.judge"))
    assert kinds.DONE == []
    assert (run.state, proposals(house, run.id)) == (State.FAILED, [])
    assert "ORANGE is done only once a person has agreed." in (run.error or "")


def test_nobody_decides_what_their_own_run_proposed(house: House) -> None:
    run_id = execute(house, "test.judge", by="director")
    assert "director" not in house.waits_for(asked(house, proposals(house, run_id)[0]))


def test_who_may_not_launch_is_refused(house: House) -> None:
    stranger = Actor(id=house.ids["clerk"], name="Clerk", email="clerk@house.example", grants=())
    with acting(house.organisation, stranger, channel="page"), unit_of_work(), pytest.raises(Forbidden):
        launching.launch("test.count")


def test_inputs_are_checked(house: House) -> None:
    with house.as_("clerk"), pytest.raises(Invalid) as refused:
        launching.launch("test.count", {"count": "12", "colour": "red"})
    assert set(refused.value.errors) == {"count", "colour"}


@pytest.mark.requirement("GO-096")
def test_a_completed_run_has_its_bundle_and_none_recommends_without(house: House) -> None:
    run = now(house, execute(house, "test.count"))
    assert run.evidence_bundle is not None
    assert run.evidence_bundle["inputs"] == run.inputs
    refused = now(house, execute(house, "test.baseless"))
    assert refused.state == State.FAILED
    assert refused.recommendations == []
    assert "“Believe me” is recommended without evidence." in (refused.error or "")
    with pytest.raises(IntegrityError), house.as_("owner") as work:
        work.execute(update(ExecutiveRun).where(ExecutiveRun.id == run.id).values(evidence_bundle=None)
                     .execution_options(audited_otherwise=True))


@pytest.mark.requirement("GO-098")
def test_scores_lie_in_their_range_and_sort_the_list(house: House) -> None:
    assert "1.5" in (now(house, execute(house, "test.wild")).error or "")
    run = now(house, execute(house, "test.judge"))
    with house.as_("owner"):
        assert [each["score"] for each in run.advice("-score")] == [0.9, 0.6]
        assert [each["score"] for each in run.advice("score")] == [0.6, 0.9]
        assert all(each["sources"] for each in run.advice("score"))


def planned(house: House, **said: Any) -> UUID:
    """A schedule of a run, as its form makes it."""
    data = {"title": "Count", "task": "run:test.count", "repeats": "cron", "cron": "0 6 * * *", "timezone": "UTC", "inputs": '{"count": 5}'}
    return house.do("owner", "scheduler.schedule", "create", data=data | said).record_id


def begun(house: House, schedule_id: UUID) -> list[ExecutiveRun]:
    """The runs that a schedule began."""
    with house.as_("owner") as work:
        found = list(work.scalars(select(ExecutiveRun).where(ExecutiveRun.schedule_id == schedule_id).order_by(ExecutiveRun.id)))
        work.expunge_all()
    return found


@pytest.mark.requirement("GO-022")
def test_one_run_starts_at_its_time(house: House) -> None:
    with clock.at(NOON):
        schedule_id = planned(house)
        assert scheduler.serve(house.organisation, schedule_id) == 0
    due = datetime(2026, 3, 11, 6, 0, tzinfo=UTC)
    with clock.at(due):
        assert scheduler.serve(house.organisation, schedule_id) == 1
        assert scheduler.serve(house.organisation, schedule_id) == 0, "a second scheduler comes too late"
        work_off(house)
    run, = begun(house, schedule_id)
    assert (run.kind, run.state, run.inputs["count"]) == ("test.count", State.COMPLETED, 5)
    with house.as_("owner") as work:
        schedule = work.get_one(Schedule, (house.organisation.id, schedule_id))
        assert (schedule.cron, schedule.status, schedule.next_at) == ("0 6 * * *", Status.ACTIVE, due + timedelta(days=1))


@pytest.mark.requirement("GO-023")
def test_a_paused_schedule_rests_until_it_is_resumed(house: House) -> None:
    with clock.at(NOON):
        schedule_id = planned(house)
        house.do("owner", "scheduler.schedule", "pause", [schedule_id])
    with clock.at(NOON + timedelta(days=1)):
        assert scheduler.serve(house.organisation, schedule_id) == 0
        assert begun(house, schedule_id) == []
        house.do("owner", "scheduler.schedule", "resume", [schedule_id])
    with clock.at(NOON + timedelta(days=2)):
        scheduler.serve(house.organisation, schedule_id)
        work_off(house)
        assert len(begun(house, schedule_id)) == 1
        house.do("owner", "scheduler.schedule", "edit", [schedule_id], {"inputs": '{"count": 9}', "cron": "0 7 * * *"})
    with clock.at(NOON + timedelta(days=3)):
        scheduler.serve(house.organisation, schedule_id)
        work_off(house)
        assert [run.inputs["count"] for run in begun(house, schedule_id)] == [5, 9]
        house.do("owner", "scheduler.schedule", "archive", [schedule_id])
    with clock.at(NOON + timedelta(days=5)):
        assert scheduler.serve(house.organisation, schedule_id) == 0


def test_a_schedule_takes_only_inputs_that_its_run_takes(house: House) -> None:
    with house.as_("owner"), pytest.raises(Invalid) as refused:
        perform_one("scheduler.schedule", "create", None, {"title": "Count", "task": "run:test.count", "repeats": "daily",
                                                           "inputs": '{"count": 99}'})
    assert "inputs" in refused.value.errors
