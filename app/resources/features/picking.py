"""The typeahead of reference fields: the few best records for what was typed, within what the reader may see."""

from __future__ import annotations

from typing import Any

from flask import Response, request
from sqlalchemy import or_, select

from app.core import access, search
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import fold
from app.kernel.limits import SEARCH, limited
from app.kernel.manifest import Resource
from app.kernel.screens import screen
from app.resources.labels import title_attribute

SHOWN = 12


def pick(resource: Resource, typed: str, limit: int = SHOWN) -> list[dict[str, Any]]:
    """Records whose title or reference begins with what was typed, then those that search finds."""
    access.require(current.user, resource.permission("view"))
    model: Any = resource.model
    title = title_attribute(resource)
    query = select(model).where(
        model.organisation_id == current.organisation.id, model.archived_at.is_(None), access.visible(resource, current.user)
    )
    keyed = getattr(model, f"{title}_key", None)
    column = keyed if keyed is not None else getattr(model, title)
    words = fold(typed) if keyed is not None else typed
    found = (
        list(
            session().scalars(
                query.where(
                    or_(column.between(words, words + "\U0010ffff"), model.reference.between(typed.upper(), typed.upper() + "\U0010ffff"))
                )
                .order_by(column, model.id)
                .limit(limit)
            )
        )
        if typed
        else list(session().scalars(query.order_by(column, model.id).limit(limit)))
    )
    if typed and len(found) < limit and resource.search:
        more = search.matching(typed, resource, limit=limit)
        known = {r.id for r in found}
        if more:
            found += [r for r in session().scalars(query.where(model.id.in_(more)).limit(limit)) if r.id not in known]
    return [_option(resource, title, record) for record in found[:limit]]


def _option(resource: Resource, title: str, record: Any) -> dict[str, Any]:
    fields = fields_of(resource.model)
    quiet = [fields[n].display(record) for n in resource.subtitle if n in fields and fields[n].kind != "reference"]
    return {
        "id": record.id,
        "title": str(getattr(record, title) or record.reference),
        "subtitle": " · ".join(filter(None, [record.reference, *quiet])),
    }


@limited(SEARCH)
def show_picks(resource: Resource) -> Response:
    """The options under a picker."""
    words = next((v for n, v in request.args.items() if n == "q" or n.endswith("__text")), "").strip()[:100]
    return screen("resource/suggestions.html", found=pick(resource, words), typed=words)
