"""The two feeds of the writer: what a flush changed, and what the door wrote by COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, event, inspect
from sqlalchemy.orm import ORMExecuteState, Session, UOWTransaction
from sqlalchemy.orm.base import PASSIVE_NO_INITIALIZE

from app.core.audit.canonical import machine
from app.core.audit.doing import under_way
from app.core.audit.personal import Personal
from app.core.audit.writer import Entry, write
from app.kernel.current import PLATFORM_ID, current
from app.kernel.db import Base
from app.kernel.errors import DeclarationError
from app.kernel.records import STAMPS
from app.kernel.registry import registry
from app.kernel.together import feed_of_many

SECRETS = ("secret", "password", "hash", "token", "digest")
BULK = "audited_otherwise"
MASK = "***"
Plan = list[tuple[str, str, str]]
_making: ContextVar[dict[UUID | None, Entry] | None] = ContextVar("making", default=None)


def is_audited(cls: type) -> bool:
    """Whether changes of this class are audited."""
    return bool(getattr(cls, "__audited__", False))


def resource_name(cls: Any) -> str:
    """`procurement.payment`; for a table of a service that is no resource, its room and its name: `people.member_role`."""
    found = cls.__dict__.get("__audit_name__")
    if found is None:
        resource = registry.of_model(cls)
        name = getattr(cls, "__record_name__", cls.__name__.lower())
        found = resource.key if resource else f"{cls.__module__.split('.')[2]}.{name}"
        cls.__audit_name__ = found
    return str(found)


def plan_of(cls: Any) -> Plan:
    """What is audited of a class: attribute, the name it is kept under, and whether it is `personal`, `secret` or neither."""
    if "__audit_plan__" not in cls.__dict__:
        attributes = list(cls.__mapper__.column_attrs)
        present = {a.key for a in attributes}
        cls.__audit_plan__ = [_planned(a) for a in attributes if _wanted(a, present)]
    return cls.__audit_plan__  # type: ignore[no-any-return]


def _wanted(attribute: Any, present: set[str]) -> bool:
    name, column = attribute.key, attribute.columns[0]
    if column.info.get("secret"):
        return True
    if name in STAMPS or column.info.get("audited") is False or isinstance(column.type, LargeBinary):
        return False
    if any(word in name for word in SECRETS):
        return False
    return not (name.endswith("_key") and name.removesuffix("_key") in present)


def _planned(attribute: Any) -> tuple[str, str, str]:
    if attribute.columns[0].info.get("secret"):
        return attribute.key, attribute.key, "secret"
    described = attribute.columns[0].info.get("field")
    named = described.named(attribute.key) if described is not None else None
    return attribute.key, named.name if named else attribute.key, "personal" if named and named.personal else ""


def _subject(record: Any) -> UUID:
    subject: UUID = getattr(record, "audit_subject", None) or record.id
    return subject


def _kept(record: Any, value: Any, kind: str) -> Any:
    """A value as the trail keeps it; of a secret only that there is one."""
    if kind == "secret":
        return MASK if value else None
    plain = machine(value)
    return Personal(plain, _subject(record)) if kind and plain is not None else plain


def _entry(record: Any, verb: str, changes: dict[str, list[Any]]) -> Entry:
    resource, way = resource_name(type(record)), under_way()
    own = way.resource == resource
    context = dict(way.context)
    if way.action and not own:
        context["within"] = way.action
    return Entry(action=way.action if own else f"{resource}.{verb}", resource=resource, record_id=record.id,
                 record_reference=getattr(record, "reference", None) or "", changes=changes, context=context,
                 organisation_id=getattr(record, "organisation_id", None) or PLATFORM_ID)


def created(record: Any) -> Entry:
    """The entry of a new record: every field that has a value."""
    changes = {name: [None, _kept(record, value, kind)] for attribute, name, kind in plan_of(type(record))
               if (value := record.__dict__.get(attribute)) is not None}
    return _entry(record, "create", changes)


def removed(record: Any) -> Entry:
    """The entry of a row that is deleted: every field as it was."""
    changes = {name: [_kept(record, value, kind), None] for attribute, name, kind in plan_of(type(record))
               if (value := record.__dict__.get(attribute)) is not None}
    return _entry(record, "delete", changes)


def changed(record: Any) -> Entry | None:
    """The entry of a changed record; None when nothing that counts has changed."""
    state = inspect(record)
    changes: dict[str, list[Any]] = {}
    for attribute, name, kind in plan_of(type(record)):
        if attribute not in state.committed_state:
            continue  # never set: asking each attribute for its history costs a third of a large import
        history = state.get_history(attribute, PASSIVE_NO_INITIALIZE)
        if history.has_changes():
            before, after = (side[0] if side else None for side in (history.deleted, history.added))
            if machine(before) != machine(after):
                changes[name] = [_kept(record, before, kind), _kept(record, after, kind)]
    if not changes:
        return None
    return _entry(record, _verb(changes), changes)


def _verb(changes: dict[str, list[Any]]) -> str:
    if "archived_at" not in changes:
        return "edit"
    return "archive" if changes["archived_at"][1] else "restore"


def record_created(records: Sequence[Any]) -> None:
    """The feed of the door for records that were written by COPY."""
    if records and is_audited(type(records[0])):
        write([created(record) for record in records])


def record_changed(records: Sequence[Any]) -> None:
    """The feed of many changed records, which one statement is about to write."""
    if records and is_audited(type(records[0])):
        write([entry for record in records if (entry := changed(record))])


@contextmanager
def making() -> Iterator[None]:
    """Within the block, all that is set on a record that it adds belongs to the one entry of its creation, which is written at its end."""
    made: dict[UUID | None, Entry] = {}
    before = _making.set(made)
    try:
        yield
    finally:
        _making.reset(before)
    write(list(made.values()))


def _apart(entries: Iterable[Entry]) -> list[Entry]:
    """What is to be written now: all but what belongs to a record that is being made."""
    made, others = _making.get() or {}, []
    for entry in entries:
        if entry.record_id not in made:
            others.append(entry)
            continue
        for name, (_before, after) in entry.changes.items():
            made[entry.record_id].changes[name] = [None, after]
    return others


def _audited(records: Iterable[Any]) -> list[Any]:
    return [record for record in records if is_audited(type(record))]


def on_flush(work: Session, _flushed: UOWTransaction) -> None:
    """The feed of the session: one entry for each row that this flush adds, changes or removes."""
    entries = [created(record) for record in _audited(work.new)]
    if (made := _making.get()) is not None:
        made.update((entry.record_id, entry) for entry in entries)
        entries = []
    entries += _apart(entry for record in _audited(work.dirty) if record not in work.deleted and (entry := changed(record)))
    entries += [removed(record) for record in _audited(work.deleted)]
    write(entries, work)


def on_statement(state: ORMExecuteState) -> None:
    """Refuse a statement that would change audited rows past the feeds, unless its caller audits them itself."""
    if not (state.is_insert or state.is_update or state.is_delete) or state.execution_options.get(BULK):
        return
    mapper = state.bind_mapper
    if mapper is not None and is_audited(mapper.class_):
        raise DeclarationError(f"{mapper.class_.__name__} is audited: change it through the session, or say execution_options({BULK}=True) "
                               "and write the audit rows.")


def install_feeds() -> None:
    """Listen to every session, and have each audited attribute know its value before a change."""
    for mapper in Base.registry.mappers:
        if is_audited(mapper.class_):
            for attribute, _name, _kind in plan_of(mapper.class_):
                getattr(mapper.class_, attribute).impl.active_history = True
    feed_of_many(record_changed)
    if not event.contains(Session, "after_flush", on_flush):
        event.listen(Session, "after_flush", on_flush)
        event.listen(Session, "do_orm_execute", on_statement)


__all__ = ["changed", "created", "current", "install_feeds", "is_audited", "making", "on_flush", "record_created", "removed",
           "resource_name"]
