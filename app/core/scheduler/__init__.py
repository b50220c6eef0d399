"""The scheduler: one process carries what is due and lets each tick of the manifests happen once."""

from app.core.scheduler.due import serve
from app.core.scheduler.leading import Lead
from app.core.scheduler.loop import Loop
from app.core.scheduler.sweeping import Relay
from app.core.scheduler.ticks import declared, next_moment, tick

__all__ = ["Lead", "Loop", "Relay", "declared", "next_moment", "serve", "tick"]
