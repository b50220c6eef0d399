"""Who sees whom: people from outside see themselves and nobody else, whatever their role says of the directory."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import aliased

from app.core.people.models import Kind, Member
from app.kernel.current import Actor


def members_visible_to(user: Actor) -> ColumnElement[bool]:
    """Everybody for our own people; for somebody from outside only themselves. Asked in each query, so a change counts at once."""
    me: Any = aliased(Member)
    ours = select(me.kind == Kind.OWN).where(me.organisation_id == Member.organisation_id, me.id == user.id).scalar_subquery()
    return or_(Member.id == user.id, ours)
