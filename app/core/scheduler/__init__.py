"""The scheduler: one process carries what is due and lets each tick of the manifests happen once."""

from app.core.scheduler.due import serve
from app.core.scheduler.leading import Lead
from app.core.scheduler.loop import Loop
from app.core.scheduler.sweeping import Relay
from app.core.scheduler.ticks import tick

__all__ = ["Lead", "Loop", "Relay", "serve", "tick"]
