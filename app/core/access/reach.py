"""How far a grant reaches: the scopes, for one record and for many."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, false, or_, true

from app.kernel.current import Actor

WIDE = frozenset({"company", "all"})
OWNERS = ("created_by", "owner_id", "requester_id", "member_id", "whom_id")


def is_own(user: Actor, record: Any) -> bool:
    """Whether the record was made by, belongs to or is the member who acts; what belongs to a group of theirs is theirs."""
    mine = user.own_ids
    return any(getattr(record, attribute, None) in mine for attribute in OWNERS) or getattr(record, "id", None) == user.id


def in_department(user: Actor, record: Any) -> bool:
    """Whether the record's department is the member's, below it, or one that the member manages."""
    return getattr(record, "department_id", None) in user.department_ids


def at_site(user: Actor, record: Any) -> bool:
    """Whether the record is of the member's site."""
    return user.site_id is not None and getattr(record, "site_id", None) == user.site_id


REACH: dict[str, Callable[[Actor, Any], bool]] = {"own": is_own, "department": in_department, "site": at_site}


def owned(model: Any, user: Actor) -> list[ColumnElement[bool]]:
    """What makes a record of a model somebody's own, column by column."""
    named = [getattr(model, name).in_(_standing_for(model, name, user)) for name in OWNERS if hasattr(model, name)]
    return [*named, model.id == user.id] if hasattr(model, "id") else named


def _standing_for(model: Any, attribute: str, user: Actor) -> frozenset[UUID]:
    """Whom a column names when it names this member: their groups too where a group may stand in it."""
    said = getattr(model, attribute).info.get("field")
    return user.own_ids if said is not None and said.groups else frozenset({user.id})


def within(model: Any, scope: str, user: Actor) -> ColumnElement[bool]:
    """The records of a model that a scope reaches."""
    if scope in WIDE:
        return true()
    if scope == "own":
        return or_(*parts) if (parts := owned(model, user)) else false()
    if scope == "department" and hasattr(model, "department_id") and user.department_ids:
        found: ColumnElement[bool] = model.department_id.in_(user.department_ids)
        return found
    if scope == "site" and hasattr(model, "site_id") and user.site_id:
        there: ColumnElement[bool] = model.site_id == user.site_id
        return there
    return false()
