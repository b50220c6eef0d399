"""Stored values in words, and what to call the records that they refer to: one query per table, whatever the number."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from types import SimpleNamespace
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import Select, Text, cast, func, select, union_all

from app.core.approvals.models import ApprovalDecision
from app.kernel.current import SYSTEM_ID, current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Unreadable, minor_units, read_decimal
from app.kernel.manifest import Resource
from app.kernel.registry import registry

_kept: ContextVar[dict[UUID, str] | None] = ContextVar("names_kept", default=None)


def shown(field: Field | None, value: Any, names: Mapping[UUID, str]) -> str:
    """A snapshot's value in the reader's language; what cannot be read any more is shown as it is."""
    if value is None or value == "":
        return ""
    if field is None:
        return str(value)
    try:
        return _shown(field, value, names)
    except (Unreadable, ValueError, KeyError):
        return str(value)


def _shown(field: Field, value: Any, names: Mapping[UUID, str]) -> str:
    if field.kind in ("reference", "file"):
        return names.get(UUID(str(value)), str(value))
    holder = SimpleNamespace()
    if field.kind == "money":
        setattr(holder, field.currency, value["currency"])
        setattr(holder, field.attribute, minor_units(read_decimal(value["amount"]), value["currency"]))
    else:
        setattr(holder, field.attribute, field.behaviour.parse(field, value))
    return field.display(holder)


def names_in(fields: Iterable[Field], rows: Sequence[Mapping[str, Any]]) -> dict[UUID, str]:
    """What to call the records that these rows (field name → JSON value) refer to."""
    return names_of(linked(fields, rows))


def linked(fields: Iterable[Field], rows: Sequence[Mapping[str, Any]]) -> dict[str, set[UUID]]:
    """By table, the ids of the records that these rows refer to."""
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for field in fields:
        if field.kind == "reference":
            for table in field.tables:
                wanted[table] |= {UUID(str(row[field.name])) for row in rows if row.get(field.name)}
    return wanted


@contextmanager
def remembering() -> Iterator[None]:
    """Within the block no name is asked for twice: what several parts of a page say is read once."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def names_of(wanted: Mapping[str, Iterable[UUID]]) -> dict[UUID, str]:
    """Names by id, of the records of several tables, in one statement."""
    kept = _kept.get()
    known = {} if kept is None else kept
    asked = {table: {i for i in ids if i} for table, ids in wanted.items()}
    unknown = [(resource, missing) for table, ids in asked.items()
               if (resource := registry.of_table(table)) is not None and (missing := ids - known.keys())]
    if unknown:
        known.update({row[0]: str(row[1]) for row in session().execute(union_all(*(_names(*each) for each in unknown)))})
    return {i: known[i] for ids in asked.values() for i in ids if i in known}


def _names(resource: Resource, ids: Iterable[UUID]) -> Select[Any]:
    model: Any = resource.model
    named = fields_of(model).get(resource.title)
    title = getattr(model, named.attribute) if named and named.kind != "reference" else model.reference
    said = func.coalesce(func.nullif(cast(title, Text), ""), model.reference)
    return select(model.id, said).where(model.organisation_id == current.organisation.id, model.id.in_(list(ids)))


def titles(resource: Resource, records: Sequence[Any]) -> list[tuple[str, str]]:
    """The title and the quieter second line of many records: their own declared fields, linked names included."""
    fields = fields_of(resource.model)
    heads = [fields[resource.title]] if resource.title in fields else []
    tails = [fields[name] for name in resource.subtitle if name in fields]
    wanted: dict[str, set[UUID]] = defaultdict(set)
    for field in (*heads, *tails):
        if field.kind == "reference":
            for table in field.tables:
                wanted[table] |= {v for record in records if (v := field.value(record))}
    names = names_of(wanted)
    return [(_joined(heads, record, names)[:300] or record.reference, _joined(tails, record, names)[:300]) for record in records]


def _joined(fields: Sequence[Field], record: Any, names: Mapping[UUID, str]) -> str:
    said = (names.get(f.value(record), "") if f.kind == "reference" else f.display(record) for f in fields)
    return " · ".join(each for each in said if each)


def people(ids: Iterable[UUID | None]) -> dict[UUID, str]:
    """What to call members; the system is OpsFlux."""
    wanted = {i for i in ids if i}
    found = names_of({"member": wanted - {SYSTEM_ID}})
    return {SYSTEM_ID: "OpsFlux"} | {i: found.get(i, "—") for i in wanted if i != SYSTEM_ID}


def you_or(name: str, member_id: UUID | None, you: Any) -> str:
    """“you” for the reader, the name for everybody else."""
    return str(you) if member_id and current.user.id == member_id else name


def reason_of(line: ApprovalDecision) -> str:
    """Why something was decided; of what was signed, what the signature means, and by whom."""
    if not line.data.get("meaning"):
        return line.reason
    signed = _("Signed by %(name)s: %(meaning)s", name=line.data["signed_as"], meaning=line.data["meaning"])
    return f"{signed} {line.reason}".strip()
