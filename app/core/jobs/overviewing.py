"""How background work stands: what waits, runs and failed, how fast it goes, and what the modules have scheduled."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from flask_babel import format_decimal, get_locale
from flask_babel import gettext as _
from sqlalchemy import func, select

from app.core import scheduler
from app.core.jobs.showing import state_of
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.jobs import Job
from app.kernel.kinds import show_moment

HOUR = timedelta(hours=1)


def figures() -> list[tuple[str, str]]:
    """What is counted, in words: by state, the longest wait, the rate and the median duration of the last hour."""
    counts = dict(session().execute(select(Job.state, func.count()).where(Job.state.in_((*jobs.OPEN, jobs.FAILED)))
                                    .group_by(Job.state)).tuples().all())
    ended, median = session().execute(select(
        func.count(), func.percentile_cont(0.5).within_group(func.extract("epoch", Job.finished_at - Job.started_at)),
    ).where(Job.state == jobs.DONE, Job.finished_at > clock.now() - HOUR)).one()
    oldest = session().scalar(select(func.min(Job.due_at)).where(Job.state == jobs.WAITING, Job.due_at <= clock.now()))
    return [(_("Waiting"), format_decimal(counts.get(jobs.WAITING, 0))), (_("Held"), format_decimal(counts.get(jobs.HELD, 0))),
            (_("Running"), format_decimal(counts.get(jobs.RUNNING, 0))), (_("Failed"), format_decimal(counts.get(jobs.FAILED, 0))),
            (_("Longest wait"), span(clock.now() - oldest) if oldest else "–"),
            (_("Done in the last hour"), format_decimal(ended)),
            (_("Rate"), _("%(count)s per minute", count=format_decimal(round(ended / 60, 1)))),
            (_("Median duration"), _seconds(median))]


def declared() -> list[dict[str, Any]]:
    """What the modules have done at certain times: next, last, how long that took and how it ended."""
    found = []
    for module, schedule, tick in scheduler.declared():
        job = jobs.find(tick.job_id) if tick is not None and tick.job_id else None
        state, tone = state_of(job) if job else ("", "neutral")
        found.append({
            "module": module.label, "name": schedule.job.__name__, "state": state, "tone": tone, "resting": "",
            "failures": tick.failures if tick else 0,
            "next": show_moment(scheduler.next_moment(schedule, current.organisation.timezone)),
            "last": show_moment(tick.moment) if tick else "",
            "took": took(job) if job else "", "url": f"/{current.organisation.slug}/jobs/{job.id}/" if job else "",
        })
    return found


def scheduled() -> list[dict[str, Any]]:
    """What the organisation has scheduled itself, in the same words."""
    return [{
        "module": schedule.title, "name": "", "state": run.outcome.label if run else "", "tone": run.outcome.tone if run else "neutral",
        "failures": schedule.failures, "resting": "" if schedule.next_at else schedule.status.label,
        "next": show_moment(schedule.next_at) if schedule.next_at else "", "last": show_moment(run.moment) if run else "",
        "took": _seconds(run.seconds) if run and run.seconds is not None else "",
        "url": f"/{current.organisation.slug}/scheduler/schedules/{schedule.reference}/",
    } for schedule, run in scheduler.with_last_runs()]


def took(job: Job) -> str:
    """How long the last attempt at a job took, or has been going on."""
    if job.started_at is None:
        return ""
    return _seconds(((job.finished_at or clock.now()) - job.started_at).total_seconds())


def span(time: timedelta) -> str:
    """A length of time in the reader's language."""
    return format_timedelta(time, locale=get_locale())


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else _("%(seconds)s s", seconds=format_decimal(round(float(seconds), 1)))
