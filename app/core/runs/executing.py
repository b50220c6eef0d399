"""Working a run off: step by step, each with its own commit, so that whoever takes over goes on after the last one that ended."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from app.core import audit
from app.core.runs import evidence, proposing
from app.core.runs.context import Context
from app.core.runs.models import UNDER_WAY, ExecutiveRun, State
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Refusal
from app.kernel.jobs import Job
from app.kernel.outbox import GiveUp, Retry
from app.kernel.registry import registry
from app.kernel.run_types import RunStep, RunType
from app.kernel.running import current_job

ATTEMPTS = 5
GRACE = timedelta(minutes=2)

log = logging.getLogger("opsflux.runs")


def execute(run_id: str) -> dict[str, Any]:
    """Work a run off as far as it goes: to its end, or to where it waits for a decision. Raises `GiveUp` when a step fails."""
    found = UUID(run_id)
    if not _opened(found):
        return {}
    while _next(found):
        current_job().checkpoint()
    return {"run": run_id}


def _opened(run_id: UUID) -> bool:
    """Say that it runs; False when there is nothing to do for it."""
    with audit.doing("runs.run.execute"), unit_of_work():
        run = locked(run_id)
        if run is None or run.state not in UNDER_WAY:
            return False
        run.state, run.started_at = State.RUNNING, run.started_at or clock.now()
        return True


def _next(run_id: UUID) -> bool:
    """Do the next step, and commit what came of it; False when the run is over, or waits."""
    name = ""
    try:
        with audit.doing("runs.run.execute"), unit_of_work():
            run = locked(run_id)
            if run is None or run.state != State.RUNNING:
                return False
            kind = _kind(run)
            if len(run.steps) >= len(kind.steps):
                conclude(run)
                return False
            step = kind.steps[len(run.steps)]
            name = step.name
            _do(run, kind, step)
            if step.waits and proposing.open_ones(run):
                run.state = State.AWAITING
                return False
            current_job().advance(1, message=step.label, cursor=len(run.steps))
            return True
    except (Retry, OperationalError):
        raise  # a moment's lack of something: the job comes again, and goes on here
    except Exception as error:
        reason = _reason(error)
        log.warning("Run %s failed at “%s”: %s", run_id, name, reason, exc_info=not isinstance(error, Refusal | GiveUp))
        fail(run_id, reason, step=name)
        raise GiveUp(reason) from error


def _kind(run: ExecutiveRun) -> RunType:
    found = registry.runs.get(run.kind)
    if found is None:
        raise GiveUp(_("No module brings this run any more."))
    return found


def _do(run: ExecutiveRun, kind: RunType, step: RunStep) -> None:
    """One step: its outputs, what it cost, what it found and recommends, what it proposes."""
    began = clock.now()
    context = Context(kind, dict(run.inputs), dict(run.outputs), sources=list((run.evidence_bundle or {}).get("sources", [])),
                      recommendations=list(run.recommendations))
    outputs = _json(step.work(context) or {})
    ended = clock.now()
    run.outputs = {**run.outputs, step.name: outputs}
    run.cost = (run.cost or Decimal(0)) + context.cost
    seal(run, context)
    run.steps = [*run.steps, {"name": step.name, "outputs": outputs, "cost": str(context.cost), "began": began.isoformat(),
                              "ended": ended.isoformat(), "seconds": round((ended - began).total_seconds(), 3)}]
    session().flush()
    proposing.put_forward(run, context)


def seal(run: ExecutiveRun, context: Context) -> None:
    """Keep what was found and recommended together with what it rests on. Raises `Invalid` where it rests on nothing."""
    run.evidence_bundle = evidence.bundle(run.inputs, context.sources, context.recommendations, cost=str(run.cost))
    run.evidence_hash = evidence.digest(run.evidence_bundle)
    run.recommendations = list(context.recommendations)


def conclude(run: ExecutiveRun) -> None:
    """All steps have ended: it is completed, or waits for what it proposed."""
    if proposing.open_ones(run):
        run.state = State.AWAITING
        return
    run.state, run.error = State.COMPLETED, None
    _ended(run, clock.now())


def fail(run_id: UUID, reason: str, *, step: str = "") -> bool:
    """Write down that a run failed, and why; False when it was over already."""
    with audit.doing("runs.run.fail"), unit_of_work():
        run = locked(run_id)
        return run is not None and failed(run, reason, step=step)


def failed(run: ExecutiveRun, reason: str, *, step: str = "") -> bool:
    """Mark a run as failed, unless it is over or waits for a decision."""
    if run.state not in UNDER_WAY:
        return False
    kind = registry.runs.get(run.kind)
    label = next((str(each.label) for each in kind.steps if each.name == step), "") if kind else ""
    run.state, run.error = State.FAILED, (f"{label}: {reason}" if label else reason)[:2_000]
    _ended(run, clock.now())
    return True


def job_ended(job: Job) -> None:
    """A job that ended leaves no run in running: one that was cancelled, or whose worker was lost each time, has failed."""
    if job.function != jobs.name_of(execute) or job.state == jobs.DONE:
        return
    reason = _("Somebody cancelled it.") if job.state == jobs.CANCELLED else job.error or _("The worker was lost.")
    with audit.doing("runs.run.fail"):
        run = session().scalars(_by_id(UUID(job.arguments[0]))).first()
        if run is not None and run.job_id == job.id:
            failed(run, reason)


def sweep() -> int:
    """Fail what is under way without a job that is; gives how many. Each ends by its own job: this is for when nothing told of that."""
    open_jobs = select(Job.id).where(Job.state.in_(jobs.OPEN))
    lost = select(ExecutiveRun).where(ExecutiveRun.state.in_(UNDER_WAY), ExecutiveRun.updated_at < clock.now() - GRACE,
                                      ExecutiveRun.job_id.not_in(open_jobs)).with_for_update(skip_locked=True)
    with audit.doing("runs.run.fail"):
        return sum(failed(run, _("The worker was lost.")) for run in session().scalars(lost))


def locked(run_id: UUID) -> ExecutiveRun | None:
    """The run, which nobody else changes until this piece of work ends."""
    return session().scalars(_by_id(run_id)).first()


def _by_id(run_id: UUID) -> Any:
    return select(ExecutiveRun).where(ExecutiveRun.organisation_id == current.organisation.id, ExecutiveRun.id == run_id).with_for_update(
        ).execution_options(populate_existing=True)


def _ended(run: ExecutiveRun, moment: datetime) -> None:
    run.ended_at = moment
    run.seconds = Decimal(str(round((moment - (run.started_at or moment)).total_seconds(), 3)))


def _reason(error: Exception) -> str:
    errors: Mapping[str, Any] = getattr(error, "errors", None) or {}
    if errors:
        return " ".join(str(sentence) for sentences in errors.values() for sentence in sentences)
    return str(error) if isinstance(error, Refusal | GiveUp) else f"{type(error).__name__}: {error}"


def _json(outputs: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs as they come back from the database."""
    found: dict[str, Any] = json.loads(json.dumps(dict(outputs), default=str))
    return found
