"""The page of a backtest: a version of a workflow on the records of the last 90 days, before it is put in force."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from babel.dates import format_timedelta
from flask import Blueprint, redirect, url_for
from flask_babel import format_decimal, format_percent, get_locale
from flask_babel import gettext as _
from sqlalchemy import func, select
from werkzeug.wrappers import Response

from app.core import access
from app.core.approvals import words
from app.core.approvals.case import Case
from app.core.approvals.models import ApprovalRequest
from app.core.approvals.replaying import Replay
from app.core.approvals.stuck import PERIOD
from app.core.workflow import WorkflowVersion, read
from app.core.workflow.drafts import Governed, governed_by, workflow_of
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import NotFound
from app.kernel.jobs import Job
from app.kernel.screens import screen

NEEDS = "workflow.workflow_version.view"
AT_ONCE, MOST, PORTION = 300, 10_000, 200
screens = Blueprint("backtests", __name__)
screens.needs = NEEDS  # type: ignore[attr-defined]


@screens.get("/<org>/workflow/designs/<ref>/backtest")
def show(ref: str) -> Response:
    """What the version would have done; many records are a job, whose result is shown here."""
    access.require(current.user, NEEDS)
    version = _version(ref)
    wanted = Wanted.of(version)
    few = wanted.count() <= AT_ONCE
    job = None if few else _job(version)
    result = wanted.replayed() if few else job.result if job is not None and job.state == "done" else None
    return screen(
        "workflow/backtest.html", reference=ref, number=version.number, days=PERIOD.days, records=format_decimal(wanted.count()),
        found=_shown(result) if result else None, job_url=url_for("jobs.detail", job_id=job.id) if job is not None and not result else "",
        begin_url="" if few else url_for("backtests.begin", ref=ref), list_url=url_for("workflows.listing"),
        back_url=url_for("workflows.version", ref=ref))


@screens.get("/<org>/workflow/designs/<ref>/backtest/summary")
def summary(ref: str) -> Response:
    """The same in short, for whoever is asked whether the version shall be in force. Many records are looked at on the page itself."""
    access.require(current.user, NEEDS)
    version = _version(ref)
    wanted = Wanted.of(version)
    job = _job(version)
    result = wanted.replayed() if wanted.count() <= AT_ONCE else job.result if job is not None and job.state == "done" else None
    return screen("workflow/backtest_summary.html", block="found", reference=ref, number=version.number, days=PERIOD.days,
                  found=_shown(result) if result and result["records"] else None, many=result is None,
                  page_url=url_for("backtests.show", ref=ref), list_url=url_for("workflows.listing"))


@screens.post("/<org>/workflow/designs/<ref>/backtest")
def begin(ref: str) -> Response:
    """Look at many records, as a job."""
    access.require(current.user, NEEDS)
    version = _version(ref)
    jobs.enqueue(run, str(version.id), title=_("Backtest of %(reference)s", reference=ref), key=_key(version),
                 total=min(Wanted.of(version).count(), MOST))
    return redirect(url_for("backtests.show", ref=ref), 303)


def run(version_id: str) -> None:
    """The job."""
    job = jobs.current_job()
    with unit_of_work() as work:
        version = work.get_one(WorkflowVersion, (current.organisation.id, UUID(version_id)))
        result = Wanted.of(version).replayed(job.tell)
    job.finish(result=result, message=_("%(num)d records looked at", num=result["records"]))


def asked_about(case: Case) -> dict[str, str] | None:
    """Where it is seen what the version of a workflow would have done, while it is asked whether it shall be in force."""
    request = case.request
    if (request.resource, request.action) != ("workflow.workflow_version", "activate") or not case.live:
        return None
    if not access.can(current.user, NEEDS):
        return None
    return {"url": url_for("backtests.summary", ref=request.record_reference),
            "page_url": url_for("backtests.show", ref=request.record_reference)}


@dataclass(frozen=True)
class Wanted:
    """The records of the last 90 days that an approval would have been about, of those that the reader may see."""

    version: WorkflowVersion
    about: Governed

    @classmethod
    def of(cls, version: WorkflowVersion) -> Wanted:
        """Those of the workflow of a version."""
        return cls(version, governed_by(workflow_of(version)))

    def count(self) -> int:
        """How many there are."""
        return session().scalar(select(func.count()).select_from(self._model).where(*self._where())) or 0

    def replayed(self, tell: Callable[[int], object] = lambda _done: None) -> dict[str, Any]:
        """What all of them came to, as JSON; `tell` hears of each portion."""
        replay = Replay(self.about.approval, read(self.version.graph))
        for number, (record, requester, asked_at) in enumerate(self._records(), 1):
            replay.take(record, requester, asked_at)
            if number % PORTION == 0:
                tell(PORTION)
        return replay.kept()

    def _records(self) -> Iterator[tuple[Any, UUID, datetime]]:
        """Each with who asked, and when; the newest first."""
        asked = {row[0]: (row[1], row[2]) for row in session().execute(select(
            ApprovalRequest.record_id, ApprovalRequest.requested_by, ApprovalRequest.requested_at).where(
            ApprovalRequest.approval == self.about.approval.key, ApprovalRequest.action == self.about.action.name).order_by(
            ApprovalRequest.requested_at))}
        model = self._model
        for record in session().scalars(select(model).where(*self._where()).order_by(model.created_at.desc(), model.id).limit(MOST)):
            yield (record, *asked.get(record.id, (record.created_by, record.created_at)))

    @property
    def _model(self) -> Any:
        return self.about.resource.model

    def _where(self) -> list[Any]:
        model, action = self._model, self.about.action
        found = [model.created_at > clock.now() - PERIOD, model.archived_at.is_(None), access.visible(self.about.resource, current.user)]
        if action.approval_by:
            found.append(getattr(model, action.approval_by) == self.about.approval.key.rpartition(".")[2])
        return found


def _shown(result: dict[str, Any]) -> dict[str, Any]:
    """A result in the reader's words."""
    people = words.people({UUID(member) for step in result["steps"] for member, _count in step["people"]})
    shares = [("at_once", _("Needed nobody"), "neutral"), ("through", _("Agreed"), "good"), ("refused", _("Not allowed"), "warn"),
              ("stuck", _("Stuck"), "late")]
    return {"records": result["records"], "median": _length(result["median"]), "p90": _length(result["p90"]),
            "shares": [{"name": name, "tone": tone, "count": result[key], "share": _share(result[key], result["records"])}
                       for key, name, tone in shares],
            "stuck_at": [{"reference": reference, "step": step} for reference, step in result["stuck_at"]],
            "steps": [step | {"median": _length(step["median"]), "who": ", ".join(f"{people[UUID(member)]} ({count})"
                                                                              for member, count in step["people"])}
                      for step in result["steps"]]}


def _share(count: int, of: int) -> str:
    return format_percent(count / of) if of else "–"


def _length(seconds: float | None) -> str:
    return format_timedelta(timedelta(seconds=seconds), threshold=1.5, locale=get_locale()) if seconds is not None else "–"


def _version(ref: str) -> WorkflowVersion:
    found = session().scalars(select(WorkflowVersion).where(
        WorkflowVersion.reference == ref, WorkflowVersion.archived_at.is_(None))).first()
    if found is None:
        raise NotFound
    return found


def _key(version: WorkflowVersion) -> str:
    """A backtest is of these steps, for this reader, on this day."""
    return f"backtest:{version.id}:{version.graph_hash[:16]}:{current.user.id}:{clock.today(current.organisation.timezone)}"


def _job(version: WorkflowVersion) -> Job | None:
    return session().scalars(select(Job).where(Job.key == _key(version)).order_by(Job.created_at.desc()).limit(1)).first()
