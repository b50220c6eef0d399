"""The index made anew while everybody works: what the words of a record are has changed, or a copy came back without it."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, exists, select

from app.core.search.models import SearchEntry
from app.core.search.writing import index
from app.kernel.current import current
from app.kernel.db import unit_of_work
from app.kernel.manifest import Resource
from app.kernel.registry import registry

PORTION = 1_000


def rebuild() -> dict[str, int]:
    """Index every record of the organisation at hand, a portion to a commit; gives how many of each resource. What nobody can find
    any more goes. An edit that is under way is waited for, so that older words never overwrite its own."""
    return {resource.key: _rebuilt(resource) for resource in registry if resource.search}


def _rebuilt(resource: Resource) -> int:
    model: Any = resource.model
    counted, last = 0, None
    while True:
        with unit_of_work() as work:
            query = select(model).where(model.organisation_id == current.organisation.id, model.archived_at.is_(None))
            query = query.where(model.id > last) if last else query
            records = list(work.scalars(query.order_by(model.id).limit(PORTION).with_for_update(read=True)))
            index(resource, records)
            counted += len(records)
            last = records[-1].id if records else None
        if len(records) < PORTION:
            break
    _forget_the_gone(resource)
    return counted


def _forget_the_gone(resource: Resource) -> None:
    model: Any = resource.model
    live = exists().where(model.organisation_id == SearchEntry.organisation_id, model.id == SearchEntry.id, model.archived_at.is_(None))
    with unit_of_work() as work:
        work.execute(delete(SearchEntry).where(SearchEntry.organisation_id == current.organisation.id,
                                               SearchEntry.resource == resource.key, ~live))
