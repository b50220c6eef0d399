"""What the service tells of its own accord: that a job is over."""

from __future__ import annotations

from flask_babel import gettext as _

from app.core.notifications.telling import notify
from app.kernel.current import current
from app.kernel.jobs import CANCELLED, DONE, Job


def job_ended(job: Job) -> None:
    """Tell whoever asked for a job how it ended; a job that they cancelled themselves is no news."""
    if job.quiet or job.state == CANCELLED:
        return
    title = job.title
    notify(job.requested_by, "job", lambda: _("Done: %(title)s", title=title) if job.state == DONE else _("Failed: %(title)s", title=title),
           f"/{current.organisation.slug}/jobs/{job.id}/", job, text=job.message if job.state == DONE else job.error,
           key=f"job:{job.id}:{job.attempts}")
