"""What reports can be about: background work, with the time that it took."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Numeric, cast, func, select

from app.kernel import jobs
from app.kernel.fields import Field
from app.kernel.jobs import Job
from app.kernel.ledgers import rows
from app.kernel.manifest import Ledger

STATES = {jobs.HELD: _l("Held"), jobs.WAITING: _l("Waiting"), jobs.RUNNING: _l("Running"), jobs.DONE: _l("Done"), jobs.FAILED: _l("Failed"),
          jobs.CANCELLED: _l("Cancelled")}


def _states() -> Mapping[str, Any]:
    return STATES


def _seconds(until: Any, since: Any) -> Any:
    return cast(func.extract("epoch", until - since), Numeric(24, 1))


JOB = rows(
    "job_done",
    select(Job.organisation_id, Job.id, Job.title, Job.state, Job.requested_by.label("requester_id"), Job.attempts, Job.error,
           Job.created_at, Job.started_at, Job.finished_at, _seconds(Job.started_at, Job.due_at).label("waited"),
           _seconds(Job.finished_at, Job.started_at).label("seconds")),
    title=Field("text", _l("Job"), sortable=False), state=Field("text", _l("State"), sortable=False, listed=_states),
    requester_id=Field("reference", _l("Asked by"), reference="member", groups=False, required=False),
    created_at=Field("datetime", _l("Asked at")), started_at=Field("datetime", _l("Begun"), required=False),
    finished_at=Field("datetime", _l("Finished"), required=False), attempts=Field("integer", _l("Attempts")),
    waited=Field("decimal", _l("Waited, in seconds"), scale=1, sortable=False, required=False),
    seconds=Field("decimal", _l("Took, in seconds"), scale=1, sortable=False, required=False),
    error=Field("long_text", _l("Error"), sortable=False, required=False),
)

LEDGERS = (
    Ledger(JOB, key="job", label=_l("Job"), plural=_l("Jobs"), needs="jobs.job.view",
           columns=("title", "state", "requester", "created_at", "finished_at", "seconds"),
           filters=("state", "requester", "created_at", "finished_at", "attempts"), sort="-created_at", page="jobs/overview"),
)
