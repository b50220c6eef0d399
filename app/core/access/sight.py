"""`visible()`: the records that somebody may see, as a criterion that every list, picker, export and search adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, false, or_, true

from app.core.access.decisions import OWNERS, WIDE
from app.kernel.current import Actor
from app.kernel.manifest import Resource

Sight = Callable[[Resource, Actor], ColumnElement[bool] | None]
_more: list[Sight] = []


def also_visible(sight: Sight) -> Sight:
    """Add records to what is seen: `sight(resource, user)` gives a criterion (those one is asked to decide), or None."""
    if sight not in _more:
        _more.append(sight)
    return sight


def visible(resource: Resource, user: Actor) -> ColumnElement[bool]:
    """The criterion for the records of `resource` that `user` may view."""
    reach = _reach(resource.model, user, frozenset(grant.scope for grant in user.grants_of(resource.permission("view"))))
    if resource.visible_to is not None and not user.is_system:
        narrowed = resource.visible_to(user)
        reach = reach if narrowed is None or narrowed is True else reach & narrowed
    more = [found for sight in _more if not user.is_system and (found := sight(resource, user)) is not None]
    return or_(reach, *more) if more else reach


def _reach(model: Any, user: Actor, scopes: frozenset[str]) -> ColumnElement[bool]:
    if not WIDE.isdisjoint(scopes):
        return true()
    parts: list[ColumnElement[bool]] = []
    if "own" in scopes:
        parts += [getattr(model, name) == user.id for name in (*OWNERS, "id") if hasattr(model, name)]
    if "department" in scopes and hasattr(model, "department_id") and user.department_ids:
        parts.append(model.department_id.in_(user.department_ids))
    if "site" in scopes and hasattr(model, "site_id") and user.site_id:
        parts.append(model.site_id == user.site_id)
    return or_(*parts) if parts else false()
