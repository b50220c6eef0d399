"""Who sees which dashboards: whoever made them, and those with whom they are shared."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, or_

from app.kernel.current import Actor
from app.modules.dashboards.models import Dashboard, Shared


def visible_to(user: Actor) -> ColumnElement[bool]:
    """One's own, those of one's groups, and what is shared with everybody: nobody else's private ones, whatever the role."""
    record: Any = Dashboard
    return or_(record.created_by == user.id, record.shared == Shared.EVERYBODY,
               and_(record.shared == Shared.GROUP, record.group_id.in_(user.group_ids)))
