"""A job as its pages and the progress panel show it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from babel.dates import format_timedelta
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import files
from app.core.people import Member
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.jobs import Job
from app.kernel.kinds import show_moment


def shown_job(job: Job, *, back_to: str = "", mine: bool = True) -> dict[str, Any]:
    """What `jobs/_progress.html` needs; `back_to` is the page to look at again, `mine` whether the reader may stop it."""
    url = f"/{current.organisation.slug}/jobs/{job.id}/"
    state, tone = state_of(job)
    return {"id": job.id, "title": job.title, "state": state, "tone": tone, "over": job.is_over, "done": job.progress, "total": job.total,
            "percent": job.percent, "rate": _rate(job), "left": _left(job), "message": job.error or job.message, "url": back_to or url,
            "progress_url": f"{url}progress", "cancel_url": f"{url}cancel" if mine and not job.is_over else "",
            "retry_url": f"{url}retry" if mine and job.state in (jobs.FAILED, jobs.CANCELLED) else "",
            "discard_url": f"{url}discard" if mine and job.state == jobs.FAILED else "", **_result(job)}


def state_of(job: Job) -> tuple[str, str]:
    """The state in words, with its tone."""
    if job.cancel_asked and not job.is_over:
        return _("Being cancelled"), "warning"
    states = {jobs.HELD: (_("Held"), "neutral"), jobs.WAITING: (_("Waiting"), "neutral"),
              jobs.RUNNING: (_("Running"), "info"), jobs.DONE: (_("Done"), "good"),
              jobs.FAILED: (_("Failed"), "danger"), jobs.CANCELLED: (_("Cancelled"), "muted")}
    return states[job.state]


def shown_jobs(found: Sequence[Job]) -> list[dict[str, Any]]:
    """The rows of the list, with who asked and when."""
    names = _names({job.requested_by for job in found})
    return [shown_job(job) | {"when": show_moment(job.created_at), "who": names.get(job.requested_by, "OpsFlux")} for job in found]


def facts(job: Job) -> list[tuple[str, str]]:
    """What is known of a job besides its progress."""
    who = _names({job.requested_by}).get(job.requested_by, "OpsFlux")
    found = [(_("Asked by"), who), (_("Asked"), show_moment(job.created_at)), (_("Attempts"), str(job.attempts))]
    if needs := jobs.needs_of(job.id):
        found.append((_("Comes after"), ", ".join(f"{each.title} ({state_of(each)[0]})" for each in needs)))
    if job.state == jobs.WAITING and job.due_at > clock.now():
        found.append((_("Next attempt"), show_moment(job.due_at)))
    if job.started_at:
        found.append((_("Begun"), show_moment(job.started_at)))
    if job.finished_at:
        found.append((_("Ended"), show_moment(job.finished_at)))
    if job.started_at and job.finished_at:
        found.append((_("Took"), _("%(seconds)s s", seconds=format_decimal(round((job.finished_at - job.started_at).total_seconds(), 1)))))
    if job.request_id:
        found.append((_("Request id"), job.request_id))
    return found


def _names(ids: set[UUID]) -> dict[UUID, str]:
    wanted = ids - {SYSTEM_ID}
    return dict(session().execute(select(Member.id, Member.name).where(Member.id.in_(wanted))).tuples().all()) if wanted else {}


def _rate(job: Job) -> str:
    return _("%(count)s per second", count=format_decimal(round(job.rate, 1 if job.rate < 10 else 0))) if job.rate else ""


def _left(job: Job) -> str:
    return format_timedelta(timedelta(seconds=job.seconds_left), locale=get_locale()) if job.seconds_left is not None else ""


def _result(job: Job) -> dict[str, str]:
    file = files.find(job.file_id) if job.file_id and job.state == jobs.DONE else None
    return {"result_url": files.url_of(file) if file else "", "result_name": file.name if file else ""}
