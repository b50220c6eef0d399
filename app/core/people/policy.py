"""Who sees whom: people from outside see themselves and nobody else, whatever their role says of the directory."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from app.core.people.models import Kind, Member
from app.kernel.current import Actor


def members_visible_to(user: Actor) -> ColumnElement[bool]:
    """Everybody for our own people and an agency's; only themselves for others. Asked in each query, so that a change counts at once."""
    me: Any = aliased(Member)
    mine = (me.organisation_id == Member.organisation_id, me.id == user.id)
    ours = select(me.kind.in_((Kind.OWN, Kind.AGENCY))).where(*mine).scalar_subquery()
    return or_(Member.id == user.id, ours)
