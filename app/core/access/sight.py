"""`visible()` and `choosable()`: the records that somebody may see, or choose for others, as a criterion that every door adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import ColumnElement, and_, false, or_, true

from app.core.access.guarding import guards_of
from app.core.access.reach import WIDE, within
from app.core.access.rules import in_sql
from app.kernel.current import Actor, Grant
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
    return _seen(resource, user, resource.permission("view"))


def choosable(resource: Resource, user: Actor) -> ColumnElement[bool]:
    """The criterion for the records of `resource` that `user` may choose for another record, whether or not they may open them."""
    return _seen(resource, user, resource.choosing)


def _seen(resource: Resource, user: Actor, permission: str) -> ColumnElement[bool]:
    reach = reached(resource.model, user, permission)
    if resource.visible_to is not None and not user.is_system:
        narrowed = resource.visible_to(user)
        reach = reach if narrowed is None or narrowed is True else reach & narrowed
    more = [found for sight in _more if not user.is_system and (found := sight(resource, user)) is not None]
    return or_(reach, *more) if more else reach


def reached(model: Any, user: Actor, permission: str) -> ColumnElement[bool]:
    """The records to which somebody may do something: what `can()` says of each, in SQL."""
    found = _by_grants(model, user, permission)
    for guard in guards_of(permission):
        needed = reached(model, user, guard.key)
        found = and_(found, or_(in_sql(guard.spares, model, user, {}), needed) if guard.spares else needed)
    return found


def _by_grants(model: Any, user: Actor, permission: str) -> ColumnElement[bool]:
    grants = user.grants_of(permission)
    if any(grant.scope in WIDE and not grant.rule and grant.site is None for grant in grants):
        return true()
    parts = [_granted(model, user, grant) for grant in dict.fromkeys(grants)]
    return or_(*parts) if parts else false()


def _granted(model: Any, user: Actor, grant: Grant) -> ColumnElement[bool]:
    parts = [within(model, grant.scope, user)]
    if grant.site is not None:
        parts.append(model.site_id == grant.site if hasattr(model, "site_id") else false())
    if grant.rule:
        parts.append(in_sql(grant.rule, model, user, {}))
    return and_(*parts)
