"""The typeahead of reference fields: the few best records for what was typed, within what the reader may choose."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import ColumnElement, or_, select, true

from app.core import access, search
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import GROUPS, PEOPLE, fields_of
from app.kernel.kinds import fold
from app.kernel.limits import SEARCH, limited
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.screens import screen
from app.resources.labels import title_attribute

SHOWN = 12


def pick(resource: Resource, typed: str, limit: int = SHOWN) -> list[dict[str, Any]]:
    """Records whose title or reference begins with what was typed, then those that search finds.

    Search reads all of a record: where choosing needs less than opening, it finds what one may open alone.
    """
    access.require(current.user, resource.choosing)
    model: Any = resource.model
    title = title_attribute(resource)
    query = select(model).where(
        model.organisation_id == current.organisation.id, model.archived_at.is_(None), access.choosable(resource, current.user)
    )
    keyed = getattr(model, f"{title}_key", None)
    column = keyed if keyed is not None else getattr(model, title)
    first = query.where(or_(_begins(resource, typed), _between(model.reference, typed.upper()))) if typed else query
    found = list(session().scalars(first.order_by(column, model.id).limit(limit)))
    if typed and len(found) < limit and resource.search:
        more = search.matching(typed, resource, limit=limit)
        known = {r.id for r in found}
        if more:
            query = query.where(model.id.in_(more), access.visible(resource, current.user) if resource.chosen_apart else true())
            found += [r for r in session().scalars(query.limit(limit)) if r.id not in known]
    return [_option(resource, title, record) for record in found[:limit]]


def pick_either(resource: Resource, typed: str) -> list[dict[str, Any]]:
    """People and, among them, the groups that may be chosen in a person's place: each kind has half of the room where both have many."""
    people, groups = pick(resource, typed), registry.of_table(GROUPS)
    if groups is None or not access.can(current.user, groups.choosing).allowed:
        return people
    found = [{**each, "subtitle": f"{groups.label} · {each['subtitle']}"} for each in pick(groups, typed)]
    kept = people[:max(SHOWN // 2, SHOWN - len(found))]
    return kept + found[:SHOWN - len(kept)]


def _begins(resource: Resource, typed: str) -> ColumnElement[bool]:
    """Records whose title begins with what was typed; one of a closed list is read as the reader reads it."""
    model, title = resource.model, title_attribute(resource)
    field = fields_of(model).get(title)
    if field is not None and field.kind == "choice":
        column: ColumnElement[Any] = getattr(model, title)
        return column.in_([entry for entry in field.choices or () if fold(str(entry.label)).startswith(fold(typed))])
    keyed = getattr(model, f"{title}_key", None)
    return _between(getattr(model, title), typed) if keyed is None else _between(keyed, fold(typed))


def _between(column: ColumnElement[str], words: str) -> ColumnElement[bool]:
    return column.between(words, words + "\U0010ffff")


def _option(resource: Resource, title: str, record: Any) -> dict[str, Any]:
    fields = fields_of(resource.model)
    quiet = [fields[n].display(record) for n in resource.subtitle if n in fields and fields[n].kind != "reference"]
    return {
        "id": record.id,
        "title": (fields[title].display(record) if title in fields else "") or record.reference,
        "subtitle": " · ".join(filter(None, [record.reference, *quiet])),
    }


@limited(SEARCH)
def show_picks(resource: Resource) -> Response:
    """The options under a picker."""
    words = next((v for n, v in request.args.items() if n == "q" or n.endswith("__text")), "").strip()[:100]
    either = resource.model.__tablename__ == PEOPLE and "groups" in request.args  # type: ignore[attr-defined]
    return screen("resource/suggestions.html", found=pick_either(resource, words) if either else pick(resource, words), typed=words)
