"""A job as the progress panel shows it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from babel.dates import format_timedelta
from flask_babel import get_locale
from flask_babel import gettext as _

from app.kernel import jobs
from app.kernel.current import current
from app.kernel.jobs import Job


def shown_job(job: Job, *, back_to: str = "") -> dict[str, Any]:
    """What `jobs/_progress.html` needs; `back_to` is the page to look at again."""
    url = f"/{current.organisation.slug}/jobs/{job.id}/"
    states = {jobs.WAITING: (_("Waiting"), "neutral"), jobs.RUNNING: (_("Running"), "info"), jobs.DONE: (_("Done"), "good"),
              jobs.FAILED: (_("Failed"), "danger"), jobs.CANCELLED: (_("Cancelled"), "muted")}
    state, tone = states[job.state]
    left = format_timedelta(timedelta(seconds=job.seconds_left), locale=get_locale()) if job.seconds_left is not None else ""
    return {"id": job.id, "title": job.title, "state": state, "tone": tone, "over": job.is_over, "done": job.progress, "total": job.total,
            "percent": job.percent, "rate": _("%(count)d per second", count=round(job.rate)) if job.rate else "", "left": left,
            "message": job.error or job.message, "url": back_to or url, "progress_url": f"{url}progress",
            "cancel_url": "" if job.is_over else f"{url}cancel", "retry_url": "", "result_url": "", "result_name": ""}
