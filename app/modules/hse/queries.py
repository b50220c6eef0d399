"""Questions about incidents that need SQL."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select

from app.kernel.current import current
from app.kernel.db import session
from app.modules.hse.models import CorrectiveAction, Counted, Incident, Progress


def open_actions(incident: Incident) -> int:
    """How many corrective actions of an incident are still to be done."""
    return session().scalar(select(func.count()).select_from(CorrectiveAction).where(
        CorrectiveAction.organisation_id == current.organisation.id, CorrectiveAction.incident_id == incident.id,
        CorrectiveAction.state == Progress.OPEN, CorrectiveAction.archived_at.is_(None))) or 0


def counted_since(moment: datetime) -> dict[Counted, int]:
    """How many incidents occurred since a moment, by heading: near misses apart from injuries."""
    rows = session().execute(select(Incident.counted_as, func.count()).where(
        Incident.organisation_id == current.organisation.id, Incident.occurred_at >= moment,
        Incident.archived_at.is_(None)).group_by(Incident.counted_as))
    found = {heading: count for heading, count in rows if heading}
    return {heading: found.get(heading, 0) for heading in Counted}
