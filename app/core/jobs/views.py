"""The list of jobs, one job, and its progress, asked for again while it runs."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from app.core import access, audit
from app.core.jobs.overviewing import declared, figures, scheduled
from app.core.jobs.showing import facts, shown_job, shown_jobs
from app.kernel import jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Conflict, NotFound
from app.kernel.jobs import Job
from app.kernel.kinds import show_moment
from app.kernel.preferences import within
from app.kernel.screens import screen

screens = Blueprint("jobs", __name__)
VIEW, MANAGE = "jobs.job.view", "jobs.job.manage"
SIZE = 50


@screens.get("/<org>/jobs/")
def listing() -> Response:
    """One's own jobs; everybody's for those who may see them."""
    which = request.args.get("of", "")
    if which:
        access.require(current.user, VIEW)
    shown = {"all": Job.quiet.is_(False), "failed": Job.state == jobs.FAILED}
    query = select(Job).where(shown.get(which, Job.requested_by == current.user.id))
    if before := request.args.get("before", ""):
        query = query.where(Job.id < _id(before))
    found = list(session().scalars(query.order_by(Job.id.desc()).limit(SIZE + 1)))
    older = url_for("jobs.listing", of=which or None, before=found[SIZE - 1].id) if len(found) > SIZE else ""
    return screen("jobs/list.html", block="results", jobs=shown_jobs(found[:SIZE]), tabs=_tabs(which),
                  replay_url=url_for("jobs.replay") if which == "failed" and found and access.can(current.user, MANAGE) else "",
                  pager={"count_text": "", "previous_url": "", "next_url": older})


@screens.get("/<org>/jobs/overview")
def overview() -> Response:
    """How background work stands, and what the modules do by themselves."""
    access.require(current.user, VIEW)
    listed = url_for("scheduler.schedule_list") if access.can(current.user, "scheduler.schedule.view") else ""
    return screen("jobs/overview.html", block="results", figures=figures(), declared=declared(), scheduled=scheduled(),
                  tabs=_tabs("overview"), schedules_url=listed)


@screens.post("/<org>/jobs/replay")
def replay() -> Response:
    """Begin all that failed again, each where it stopped."""
    access.require(current.user, MANAGE)
    begun = jobs.replay()
    audit.note("jobs.job.replay", resource="jobs.job", context={"jobs": begun})
    flash(ngettext("%(num)d job begins again where it stopped.", "%(num)d jobs begin again where they stopped.", begun), "good")
    return redirect(url_for("jobs.listing", of="failed"), 303)  # type: ignore[return-value]


@screens.get("/<org>/jobs/<uuid:job_id>/")
def detail(job_id: UUID) -> Response:
    """One job: progress, facts, log, result."""
    job = _found(job_id)
    log = [(show_moment(line.at), line.text) for line in jobs.lines(job.id)]
    return screen("jobs/detail.html", job=shown_job(job, mine=_may(job)), log=log, facts=facts(job), list_url=url_for("jobs.listing"))


@screens.get("/<org>/jobs/<uuid:job_id>/progress")
def progress(job_id: UUID) -> Response:
    """The progress panel alone."""
    job, back = _found(job_id), request.args.get("back")
    return screen("jobs/progress.html", job=shown_job(job, back_to=within(back) if back else "", mine=_may(job)))


@screens.post("/<org>/jobs/<uuid:job_id>/cancel")
def cancel(job_id: UUID) -> Response:
    """Stop a job: at once when it waits, soon when it runs."""
    if not jobs.cancel(_mine(job_id).id):
        raise Conflict(_("The job is over; there is nothing left to cancel."))
    audit.note("jobs.job.cancel", resource="jobs.job", record_id=job_id)
    flash(_("The job is being cancelled."), "good")
    return redirect(url_for("jobs.detail", job_id=job_id), 303)  # type: ignore[return-value]


@screens.post("/<org>/jobs/<uuid:job_id>/retry")
def retry(job_id: UUID) -> Response:
    """Begin a failed or cancelled job again where it stopped."""
    if not jobs.retry(_mine(job_id).id):
        raise Conflict(_("Only a failed or cancelled job can begin again."))
    audit.note("jobs.job.retry", resource="jobs.job", record_id=job_id)
    flash(_("The job begins again where it stopped."), "good")
    return redirect(url_for("jobs.detail", job_id=job_id), 303)  # type: ignore[return-value]


@screens.post("/<org>/jobs/<uuid:job_id>/discard")
def discard(job_id: UUID) -> Response:
    """Try a failed job no more."""
    if not jobs.discard(_mine(job_id).id):
        raise Conflict(_("Only a failed job can be discarded."))
    audit.note("jobs.job.discard", resource="jobs.job", record_id=job_id)
    flash(_("The job is discarded; its page stays for a while."), "good")
    return redirect(url_for("jobs.detail", job_id=job_id), 303)  # type: ignore[return-value]


for _view in (listing, detail, progress, cancel, retry, discard):
    _view.needs = "member"  # type: ignore[attr-defined]
overview.needs, replay.needs = VIEW, MANAGE  # type: ignore[attr-defined]


def _found(job_id: UUID) -> Job:
    """The job, if it is the reader's own or the reader may see them all."""
    job = jobs.find(job_id)
    if job is None or not (job.requested_by == current.user.id or access.can(current.user, VIEW)):
        raise NotFound
    return job


def _mine(job_id: UUID) -> Job:
    job = _found(job_id)
    if not _may(job):
        access.require(current.user, MANAGE)
    return job


def _may(job: Job) -> bool:
    return job.requested_by == current.user.id or access.can(current.user, MANAGE).allowed


def _tabs(which: str) -> list[tuple[Any, str, bool, int | None]]:
    if not access.can(current.user, VIEW):
        return []
    return [(_("Mine"), url_for("jobs.listing"), not which, None),
            (_("Everybody's"), url_for("jobs.listing", of="all"), which == "all", None),
            (_("Failed"), url_for("jobs.listing", of="failed"), which == "failed", None),
            (_("Overview"), url_for("jobs.overview"), which == "overview", None)]


def _id(raw: str) -> UUID:
    try:
        return UUID(raw)
    except ValueError:
        raise NotFound from None
