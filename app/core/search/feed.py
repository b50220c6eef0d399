"""The session's feed of the index: what a transaction changed and the door did not index yet is indexed before the commit."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from sqlalchemy import event, inspect
from sqlalchemy.orm import Session, UOWTransaction

from app.core.search.writing import PENDING, index, remove
from app.kernel.current import current
from app.kernel.manifest import Resource
from app.kernel.records import Record
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsing


def on_flush(work: Session, _flushed: UOWTransaction) -> None:
    """Remember the records that were added, changed or removed; a rehearsal leaves nothing to remember."""
    if rehearsing():
        return
    changed = [record for record in (*work.new, *work.dirty) if isinstance(record, Record)]
    gone = [record for record in work.deleted if isinstance(record, Record)]
    if changed or gone:
        pending = work.info.setdefault(PENDING, {})
        pending.update({record.id: record for record in changed})
        if gone:
            remove([record.id for record in gone], work.connection())


def before_commit(work: Session) -> None:
    """Index what is left; a savepoint leaves it to the whole transaction."""
    if work.in_nested_transaction() or not current.has_organisation:
        return
    work.flush()
    by_resource: dict[str, list[Any]] = defaultdict(list)
    found: dict[str, Resource] = {}
    for record in work.info.pop(PENDING, {}).values():
        resource = registry.of_model(type(record))
        if resource and resource.search and inspect(record).persistent and record.organisation_id == current.organisation.id:
            found[resource.key] = resource
            by_resource[resource.key].append(record)
    for key, records in by_resource.items():
        index(found[key], records)
    work.info.pop(PENDING, None)


def after_rollback(work: Session, _transaction: Any) -> None:
    """What was undone as a whole leaves nothing to index."""
    if not work.in_transaction():
        work.info.pop(PENDING, None)


def install_feed() -> None:
    """Listen to every session."""
    if not event.contains(Session, "after_flush", on_flush):
        event.listen(Session, "after_flush", on_flush)
        event.listen(Session, "before_commit", before_commit)
        event.listen(Session, "after_soft_rollback", after_rollback)
