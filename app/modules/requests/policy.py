"""Who sees which requests: leave and travel concern whoever asked, those above them, and those who are asked to decide."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, true

from app.core import access
from app.kernel.current import Actor
from app.modules.requests.models import Level, Request, Status

EVERYBODYS = "requests.request.oversee"


def requests_visible_to(user: Actor) -> ColumnElement[bool]:
    """One's own, what is published, and all of them for whoever oversees requests; those one is asked about come beside."""
    if access.can(user, EVERYBODYS):
        return true()
    record: Any = Request
    return or_(record.created_by == user.id, record.requester_id == user.id, record.status == Status.PUBLISHED)


def colour(request: Request) -> str:
    """How carefully a risk assessment is agreed: the higher the risk, the closer the look."""
    return {Level.LOW: "GREEN", Level.MEDIUM: "ORANGE", Level.HIGH: "ORANGE", Level.CRITICAL: "RED"}.get(request.risk_level, "RED")
