"""What to call the records that a field refers to, looked up for many rows in one query."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import false, select

from app.core import access, approvals, files
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.urls import record_url


@dataclass(frozen=True)
class Label:
    """The name of a linked record, with its address when the reader may open it."""

    text: str
    reference: str = ""
    url: str = ""

    def __str__(self) -> str:
        return self.text


def labels_for(resource: Resource, ids: Iterable[UUID]) -> dict[UUID, Label]:
    """Names of records of one resource by id: one query, whatever their number."""
    wanted = {i for i in ids if i}
    if not wanted:
        return {}
    model: Any = resource.model
    named = fields_of(model).get(resource.title)
    title = named.attribute if named and named.kind != "reference" else "reference"
    opens = access.visible(resource, current.user) if access.can(current.user, resource.permission("view")) else false()
    rows = session().execute(select(model.id, model.reference, getattr(model, title), opens).where(
        model.organisation_id == current.organisation.id, model.id.in_(wanted)))
    return {row[0]: Label(str(row[2] or row[1]), row[1], record_url(resource, row[1]) if row[3] else "") for row in rows}


def title_attribute(resource: Resource) -> str:
    """The column that names a record where only text fits: its title, or its reference when the title is itself a link."""
    field = fields_of(resource.model).get(resource.title)
    return field.attribute if field is not None and field.kind != "reference" else "reference"


class Shown:
    """Values of a page of records as people read them; linked records are looked up once per resource, not once per row."""

    def __init__(self, resource: Resource, records: Sequence[Any], names: Sequence[str]) -> None:
        self.fields = {name: field for name, field in fields_of(resource.model).items() if name in names}
        self._labels = gather(self.fields.values(), records)
        self._waits = resource.waits if resource.waits and resource.waits[0] in self.fields else None
        self._waiting = approvals.open_among(resource, [record.id for record in records]) if self._waits else frozenset()
        self._said: dict[tuple[Any, str], Any] = {}

    def __call__(self, record: Any, name: str) -> Any:
        """The displayed value of a field: a `Label` for a linked record, text otherwise; worded once, however often it is asked for."""
        key = (record, name)
        if key not in self._said:
            self._said[key] = self._word(record, name)
        return self._said[key]

    def state(self, record: Any, name: str) -> Any:
        """The choice that a field of a record reads as: its value, or that it waits while somebody is asked to agree."""
        value = self.fields[name].value(record)
        waits = record.id in self._waiting and (name, str(value)) == self._waits
        return approvals.State.OPEN if waits else value

    def _word(self, record: Any, name: str) -> Any:
        field = self.fields[name]
        if self._waits and name == self._waits[0]:
            return str(self.state(record, name).label)
        if field.kind in ("reference", "file"):
            return self._labels.get(field.value(record), "")
        return field.display(record)


def gather(fields: Iterable[Field], records: Sequence[Any]) -> Mapping[UUID, Label]:
    """The labels of everything that `records` refer to through `fields`, files among them."""
    fields = [*fields]
    by_table: dict[str, set[UUID]] = {}
    for field in fields:
        if field.kind == "reference":
            for table in field.tables:
                by_table.setdefault(table, set()).update(filter(None, (field.value(r) for r in records)))
    found: dict[UUID, Label] = {}
    for table, ids in by_table.items():
        resource = registry.of_table(table)
        if resource and ids:
            found.update(labels_for(resource, ids))
    held = {field.value(record) for field in fields if field.kind == "file" for record in records}
    return found | {file.id: Label(file.name, "", files.url_of(file) if files.readable(file) else "") for file in files.named(held)}
