"""The session's feed of the index: what a transaction changed and the door did not index yet is indexed before the commit.

When a record gets another name, those that are found by it follow after the commit, through the outbox, a portion at a time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import event, inspect, select
from sqlalchemy.orm import Session, UOWTransaction

from app.core.organisations import Organisation
from app.core.search.writing import PENDING, index, remove, title_of
from app.kernel import current as circumstances
from app.kernel import outbox
from app.kernel.current import SYSTEM, acting, current
from app.kernel.db import session
from app.kernel.delivery import bare
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.records import Record
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsing
from app.kernel.together import feed_of_many

RENAMED, FOLLOW = "search_renamed", "search.follow"
PORTION, TOGETHER = 2_000, 500


def on_flush(work: Session, _flushed: UOWTransaction) -> None:
    """Remember the records that were added, changed or removed; a rehearsal leaves nothing to remember."""
    if rehearsing():
        return
    changed = [record for record in (*work.new, *work.dirty) if isinstance(record, Record)]
    gone = [record for record in work.deleted if isinstance(record, Record)]
    note_renamed([record for record in changed if record in work.dirty])
    if changed or gone:
        pending = work.info.setdefault(PENDING, {})
        pending.update({record.id: record for record in changed})
        if gone:
            remove([record.id for record in gone], work.connection())


def before_commit(work: Session) -> None:
    """Index what is left, in the organisation of each record: one act may change a person's seats in several.

    A savepoint leaves it to the whole transaction.
    """
    if work.in_nested_transaction() or not (current.has_organisation or work.info.get(PENDING) or work.info.get(RENAMED)):
        return
    work.flush()
    changed: dict[UUID, list[Any]] = defaultdict(list)
    renamed: dict[UUID, dict[str, list[UUID]]] = defaultdict(dict)
    for record in work.info.pop(PENDING, {}).values():
        if inspect(record).persistent:
            changed[_place_of(record)].append(record)
    for (place, key), ids in work.info.pop(RENAMED, {}).items():
        renamed[place][key] = list(ids)
    for place in {**changed, **renamed}:
        with nullcontext() if _is_here(place) else acting(numbered(place), SYSTEM):
            _index_all(changed.get(place, ()))
            for key, ids in renamed.get(place, {}).items():
                _owe_following(registry.resource(key), ids)
    work.info.pop(PENDING, None)


def _index_all(records: Sequence[Any]) -> None:
    by_resource: dict[str, list[Any]] = defaultdict(list)
    for record in records:
        resource = registry.of_model(type(record))
        if resource and resource.search:
            by_resource[resource.key].append(record)
    for key, each in by_resource.items():
        index(registry.resource(key), each)


def _place_of(record: Any) -> UUID:
    """The organisation of a record, by its key: what was expired of another's cannot be read here."""
    place: UUID = inspect(record).identity[0]
    return place


def _is_here(place: UUID) -> bool:
    return current.has_organisation and current.organisation.id == place and bool(current.organisation.number)


def numbered(place: UUID) -> circumstances.Organisation:
    """The organisation with the number that its words stand under in the index; also one that is suspended."""
    with acting(bare(place), SYSTEM):
        number = session().scalar(select(Organisation.number).where(Organisation.id == place))
    return replace(bare(place), number=number)


def note_renamed(records: Sequence[Any]) -> None:
    """Remember the records whose name is about to change, of those by whose names others are found."""
    known: dict[type, tuple[Resource, str] | None] = {}
    for record in records:
        model = type(record)
        if model not in known:
            resource = registry.of_model(model)
            known[model] = (resource, title_of(resource)) if resource and any(followers(resource)) else None
        named = known[model]
        if named and inspect(record).attrs[named[1]].history.has_changes():
            session().info.setdefault(RENAMED, {}).setdefault((_place_of(record), named[0].key), {})[record.id] = True


def followers(resource: Resource) -> Iterator[tuple[Resource, Field]]:
    """The resources whose records are found by the names of this one's, with the field that refers to it."""
    for other in registry:
        fields = fields_of(other.model)
        for name in other.search:
            if name in fields and resource.model.__tablename__ in fields[name].tables:  # type: ignore[attr-defined]
                yield other, fields[name]


def _owe_following(resource: Resource, ids: Sequence[UUID]) -> None:
    portions = [[str(record_id) for record_id in ids[start:start + TOGETHER]] for start in range(0, len(ids), TOGETHER)]
    for other, field in followers(resource):
        outbox.put_many("index", FOLLOW, [{"resource": other.key, "field": field.name, "ids": each} for each in portions])


def follow(payload: Mapping[str, Any], _row: outbox.OutboxRow) -> None:
    """Index the next records that refer to those renamed; what is left is owed anew, in the same commit."""
    resource = registry.resource(payload["resource"])
    model: Any = resource.model
    column = getattr(model, fields_of(model)[payload["field"]].attribute)
    query = select(model).where(model.organisation_id == current.organisation.id, column.in_([UUID(i) for i in payload["ids"]]),
                                model.archived_at.is_(None))
    if after := payload.get("after"):
        query = query.where(model.id > UUID(after))
    # shared locks: an edit that is under way is waited for, so that older words never overwrite its own
    records = list(session().scalars(query.order_by(model.id).limit(PORTION).with_for_update(read=True)))
    index(resource, records)
    if len(records) == PORTION:
        outbox.put("index", FOLLOW, {**payload, "after": str(records[-1].id)})


def after_rollback(work: Session, _transaction: Any) -> None:
    """What was undone as a whole leaves nothing to index."""
    if not work.in_transaction():
        work.info.pop(PENDING, None)
        work.info.pop(RENAMED, None)


def install_feed() -> None:
    """Listen to every session, and deliver what it owes."""
    feed_of_many(note_renamed)
    outbox.handler(FOLLOW, label=_l("Search index"))(follow)
    if not event.contains(Session, "after_flush", on_flush):
        event.listen(Session, "after_flush", on_flush)
        event.listen(Session, "before_commit", before_commit)
        event.listen(Session, "after_soft_rollback", after_rollback)
