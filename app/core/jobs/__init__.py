"""The pages of background work: what runs, how far it is, what came of it."""

from app.core.jobs.showing import shown_job

__all__ = ["shown_job"]
