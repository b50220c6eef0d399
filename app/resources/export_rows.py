"""The rows of an export: read with a cursor, linked records named portion by portion, values typed as the file needs them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core.exports import Column
from app.kernel import currencies
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import fold
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.binding import form_names
from app.resources.labels import labels_for
from app.resources.querying import Wanted, narrowed, sortable

PORTION = 1_000
Value = Callable[[Any], Any]


def exported_names(resource: Resource) -> tuple[str, ...]:
    """The fields of an export: reference, the list's columns, then the rest of the form, so that it can be imported again."""
    fields = fields_of(resource.model)
    names = dict.fromkeys(("reference", *resource.columns, *form_names(resource)))
    return tuple(name for name in names if name in fields and fields[name].kind != "file")


def described(field: Field, resource: Resource) -> Column:
    """A field as the column of a file."""
    writable = field.name in form_names(resource)
    choices = tuple(str(entry.label) for entry in field.choices or ())
    scale = currencies.decimals(current.organisation.currency) if field.kind == "money" else field.scale
    return Column(
        field.name,
        str(field.label),
        field.kind,
        str(field.help or ""),
        writable and field.required and field.default is None,
        choices,
        field.numeric,
        scale,
    )


def rows_of(wanted: Wanted, fields: Sequence[Field], form: str, told: Callable[[int], None] | None = None) -> Iterator[list[Any]]:
    """Every record of the list as typed values, in its order; memory does not grow with their number."""
    model: Any = wanted.resource.model
    attribute = sortable(wanted.resource)[wanted.sort.removeprefix("-")]
    column, key = getattr(model, attribute), model.id
    order = (column.desc(), key.desc()) if wanted.sort.startswith("-") else (column, key)
    found = session().scalars(narrowed(wanted).order_by(*order).execution_options(yield_per=PORTION))
    for records in found.partitions(PORTION):
        linked = names_of(fields, records, shown=form == "pdf")
        values = [_value(field, form, linked) for field in fields]
        for record in records:
            yield [value(record) for value in values]
        if told:
            told(len(records))


def _value(field: Field, form: str, linked: Mapping[UUID, str]) -> Value:
    attribute = field.attribute
    if field.kind == "reference":
        return lambda record: linked.get(getattr(record, attribute))
    if form == "pdf":
        return field.display
    if field.kind == "datetime":
        return lambda record: getattr(record, attribute)
    if form in ("json", "jsonl"):
        return field.to_json if field.kind != "boolean" else lambda record: getattr(record, attribute)
    return field.export


def names_of(fields: Sequence[Field], records: Sequence[Any], *, shown: bool) -> dict[UUID, str]:
    """What linked records are called: by name; by reference where two have the same name, unless it is only to be read."""
    by_table: dict[str, set[UUID]] = {}
    for field in fields:
        if field.kind == "reference":
            for table in field.tables:
                by_table.setdefault(table, set()).update(filter(None, (getattr(r, field.attribute) for r in records)))
    named: dict[UUID, str] = {}
    for table, ids in by_table.items():
        resource = registry.of_table(table)
        if resource and ids:
            labels = labels_for(resource, ids)
            twins = _twins(resource, {label.text for label in labels.values()}, shown)
            named.update({i: label.reference if label.text in twins else label.text for i, label in labels.items()})
    return named


def _twins(resource: Resource, texts: set[str], shown: bool) -> set[str]:
    """The names that do not tell one record from another."""
    model: Any = resource.model
    field = fields_of(model).get(resource.title)
    if field is None or field.kind != "text" or field.key_attribute == field.attribute:
        return texts
    if shown:
        return set()
    column = getattr(model, field.key_attribute)
    by_key: dict[str, set[str]] = {}
    for text in texts:
        by_key.setdefault(fold(text), set()).add(text)
    query = (
        select(column).where(model.organisation_id == current.organisation.id, column.in_(by_key)).group_by(column).having(func.count() > 1)
    )
    return {text for found in session().scalars(query) for text in by_key.get(found, ())}
