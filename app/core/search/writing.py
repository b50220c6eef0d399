"""The one writer of the search index; the session's flush and the door's COPY are its two feeds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select, text

from app.core.search.models import SearchEntry, SearchWord
from app.core.search.vocabulary import unknown_words
from app.core.search.words import vector
from app.kernel.bulk import MANY, copy_rows
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.records import new_id
from app.kernel.registry import registry
from app.kernel.rehearsal import rehearsing

PENDING = "search_pending"
_PUT = text("INSERT INTO search_entry (organisation_id, id, resource, reference, words) "
            "VALUES (:organisation_id, :id, :resource, :reference, CAST(:words AS tsvector)) "
            "ON CONFLICT (organisation_id, id) DO UPDATE SET reference = excluded.reference, words = excluded.words "
            "WHERE (search_entry.reference, search_entry.words) IS DISTINCT FROM (excluded.reference, excluded.words)")
_REMOVE = text("DELETE FROM search_entry WHERE organisation_id = :organisation_id AND id = ANY(:ids)")


def index(resource: Resource, records: Sequence[Any]) -> None:
    """Bring the index in step with these records, in the running transaction: live ones are findable, archived ones are not."""
    if not records or not resource.search or rehearsing():
        return
    pending = session().info.get(PENDING, {})
    for record in records:
        pending.pop(record.id, None)
    connection = session().connection()
    gone = [record.id for record in records if record.archived_at is not None]
    remove(gone, connection)
    live = [record for record in records if record.archived_at is None]
    rows, words = _rows(resource, live)
    if len(rows) > MANY:
        remove([row["id"] for row in rows], connection)
        names = ("organisation_id", "id", "resource", "reference", "words")
        copy_rows(SearchEntry.__table__, names, ([row[name] for name in names] for row in rows))  # type: ignore[arg-type]
    elif rows:
        connection.execute(_PUT, rows)
    _learn(words)


def remove(ids: Sequence[UUID], connection: Connection | None = None) -> None:
    """Take records out of the index."""
    if ids:
        told = {"organisation_id": current.organisation.id, "ids": list(ids)}
        (connection or session().connection()).execute(_REMOVE, told)


def _rows(resource: Resource, records: Sequence[Any]) -> tuple[list[dict[str, Any]], set[str]]:
    fields = fields_of(resource.model)
    wanted = [(fields[name], weight) for name, weight in resource.search.items() if name in fields]
    linked = _linked([field for field, _weight in wanted if field.kind == "reference"], records)
    number, words = current.organisation.number, set()
    rows = []
    for record in records:
        own = [(_text(field, record), weight) for field, weight in wanted if field.kind != "reference"]
        named = [(linked.get(field.value(record), ""), weight) for field, weight in wanted if field.kind == "reference"]
        lexemes, found = vector(number, [(record.reference, "A"), *own], named)
        words |= found
        rows.append({"organisation_id": record.organisation_id, "id": record.id, "resource": resource.key, "reference": record.reference,
                     "words": lexemes})
    return rows, words


def _text(field: Field, record: Any) -> str:
    value = field.value(record)
    if value is None:
        return ""
    if field.kind == "choice":
        return f"{value.value} {value.label}"
    return field.display(record) if field.kind == "answers" else str(field.to_json(record))


def said_in(resource: Resource, record: Any) -> list[str]:
    """What a record says itself, field by field, of what it is found by: what counts most first, without its title and references."""
    fields = fields_of(resource.model)
    names = sorted((name for name in resource.search if name in fields and name != resource.title), key=lambda name: resource.search[name])
    return [said for name in names if fields[name].kind != "reference" and (said := _text(fields[name], record))]


def _linked(fields: Iterable[Field], records: Sequence[Any]) -> dict[UUID, str]:
    """What the records that are referred to are called: one query per resource."""
    found: dict[UUID, str] = {}
    for field in fields:
        ids = {field.value(record) for record in records} - {None}
        for resource in registry.meant_by(field) if ids else ():
            model: Any = resource.model
            title = title_of(resource)
            rows = session().execute(select(model.id, getattr(model, title)).where(
                model.organisation_id == current.organisation.id, model.id.in_(ids)))
            found.update({row[0]: str(row[1] or "") for row in rows})
    return found


def title_of(resource: Resource) -> str:
    """The attribute by which its records are called."""
    fields = fields_of(resource.model)
    return fields[resource.title].attribute if resource.title in fields else "reference"


def _learn(words: set[str]) -> None:
    new = sorted(unknown_words(words))
    rows = [(current.organisation.id, new_id(), word) for word in new]
    if len(rows) > MANY:
        copy_rows(SearchWord.__table__, ("organisation_id", "id", "word"), rows)  # type: ignore[arg-type]
    elif rows:
        session().connection().execute(text("INSERT INTO search_word (organisation_id, id, word) VALUES (:organisation_id, :id, :word)"),
                                       [dict(zip(("organisation_id", "id", "word"), row, strict=True)) for row in rows])
