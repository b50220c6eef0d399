"""Beginning a run: by a person, again after another one, by a schedule, or where an earlier one stopped."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import select

from app.core import access, audit
from app.core.runs import asking, executing
from app.core.runs.models import ExecutiveRun, State
from app.core.scheduler import Schedule
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, Invalid, NotFound
from app.kernel.jobs import Job
from app.kernel.manifest import Task
from app.kernel.records import new_id
from app.kernel.references import assign
from app.kernel.registry import registry
from app.kernel.run_types import RunType

LAUNCH, CARRY_OUT = "runs.run.create", "runs.proposal.carry_out"
TASK = "run:"


def kind_of(key: str) -> RunType:
    """The kind of run of that key. Raises `NotFound`."""
    found = registry.runs.get(key)
    if found is None:
        raise NotFound(_("No module brings this run any more."))
    return found


def launch(key: str, inputs: Mapping[str, Any] | None = None, *, title: str = "", again_of: UUID | None = None) -> ExecutiveRun:
    """Begin a run of a kind, with its inputs as somebody typed them. Raises `NotFound`, `Forbidden`, `Invalid`."""
    kind = kind_of(key)
    require(kind)
    run, _job = _begun(kind, asking.checked(kind, inputs or {}), title=title, again_of=again_of)
    return run


def require(kind: RunType) -> None:
    """Refuse whoever may not have this run done, or not propose what it proposes. Raises `Forbidden`."""
    for permission in (LAUNCH, *kind.needs, *((CARRY_OUT,) if kind.effects else ())):
        access.require(current.user, permission)


def again(run: ExecutiveRun) -> ExecutiveRun:
    """The same once more, with the same inputs: a new run, which the old one stays beside."""
    launch(run.kind, run.inputs, title=run.title, again_of=run.id)
    return run


def resume(run: ExecutiveRun) -> ExecutiveRun:
    """Go on with a run that failed, after the last step that ended."""
    require(kind_of(run.kind))
    run.state, run.error, run.ended_at = State.QUEUED, None, None
    run.job_id = _asked(run, "", kind_of(run.kind)).id
    return run


def can_resume(run: Any) -> bool | str:
    """Whether it stopped on its way."""
    return True if run.state == State.FAILED else _("Only a run that failed can go on.")


def tasks() -> Iterator[Task]:
    """Each kind of run, as work that can be scheduled."""
    for kind in registry.runs.values():
        needs = (LAUNCH, *kind.needs, *((CARRY_OUT,) if kind.effects else ()))
        yield Task(f"{TASK}{kind.key}", kind.label, begin=partial(_by_schedule, kind), check=partial(_check, kind), needs=needs)


def _check(kind: RunType, schedule: Schedule) -> None:
    schedule.inputs = asking.written(asking.from_json(kind, schedule.inputs))


def _by_schedule(kind: RunType, schedule: Schedule, key: str) -> Job:
    """One time of a schedule; while the run before is still under way there is no second one."""
    try:
        inputs = asking.from_json(kind, schedule.inputs)
    except Invalid as error:
        raise Conflict(_("What this run is given means nothing any more.")) from error
    _run, job = _begun(kind, inputs, title=schedule.title, schedule_id=schedule.id, key=key)
    return job


def _begun(kind: RunType, inputs: dict[str, Any], *, title: str = "", again_of: UUID | None = None, schedule_id: UUID | None = None,
           key: str = "") -> tuple[ExecutiveRun, Job]:
    run = ExecutiveRun(id=new_id(), title=(title or str(kind.label))[:160], kind=kind.key, state=State.QUEUED, inputs=inputs, steps=[],
                       outputs={}, recommendations=[], again_of_id=again_of, schedule_id=schedule_id, step_count=len(kind.steps))
    job = _asked(run, key, kind)
    if job.arguments != [str(run.id)]:
        earlier = session().scalars(select(ExecutiveRun).where(ExecutiveRun.job_id == job.id)).first()
        return earlier or run, job
    run.job_id = job.id
    assign([run])
    with audit.doing(LAUNCH):
        session().add(run)
        session().flush()
    return run, job


def _asked(run: ExecutiveRun, key: str, kind: RunType) -> Job:
    return jobs.enqueue(executing.execute, str(run.id), title=run.title, key=key, total=len(kind.steps),
                        attempts=executing.ATTEMPTS, quiet=current.user.is_system)
