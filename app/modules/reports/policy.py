"""Who sees which reports: one's own, those that are shared about records that one may see; and of runs one's own."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from app.core import access
from app.core.audit import is_confidential
from app.kernel.current import Actor, current
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.modules.reports.models import Report, ReportRun, Sharing


def reports_visible_to(user: Actor) -> ColumnElement[bool]:
    """One's own, and those that are shared, of records whose list one may open."""
    record: Any = Report
    open_to = [key for key, resource in registry.reported.items() if access.can(user, resource.permission("view"))]
    return and_(record.resource.in_(open_to), or_(record.created_by == user.id, record.sharing == Sharing.SHARED))


def runs_visible_to(user: Actor) -> ColumnElement[bool]:
    """Runs that were made for oneself: what is in the file is what its reader may see."""
    record: Any = ReportRun
    return or_(record.runner_id == user.id, record.created_by == user.id)


def require(resource: Resource, *, export: bool = False) -> None:
    """Refuse whoever may not open the list that is reported on, or not take it along. Raises `Forbidden`, `ProofNeeded`."""
    access.require(current.user, resource.permission("view"))
    if export:
        from app.core import auth

        access.require(current.user, resource.permission("export"))
        if is_confidential(resource):
            auth.require_proof()
