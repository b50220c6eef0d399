"""Keyset paging: any page costs what the first one costs, and rows that come or go in between shift nothing."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Select, and_, null, or_, tuple_

from app.core import tags
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.resources.querying import Wanted, narrowed, sortable


@dataclass(frozen=True)
class Page:
    """One page of a list; `next` and `previous` are the cursors of its neighbours, empty where there is none, `worn` the tags by id."""

    records: Sequence[Any]
    next: str = ""
    previous: str = ""
    worn: Mapping[UUID, Sequence[tags.Worn]] = field(default_factory=dict)


def page_of(wanted: Wanted) -> Page:
    """The page that is asked for."""
    model: Any = wanted.resource.model
    attribute = sortable(wanted.resource)[wanted.sort.removeprefix("-")]
    column, key = getattr(model, attribute), model.id
    descending, backwards = wanted.sort.startswith("-"), bool(wanted.before)
    query = narrowed(wanted)
    cursor = wanted.before or wanted.after
    if cursor:
        value, last = _unpacked(cursor, column)
        query = query.where(_beyond(column, key, value, last, descending != backwards))
    wears = tags.worn_by(key) if tags.taggable(wanted.resource) else null()
    rows = session().execute(_ordered(query, column, key, descending != backwards).add_columns(wears).limit(wanted.per_page + 1))
    said: dict[Any, Any] = dict(rows.tuples().all())
    records, worn = list(said), {record.id: tags.read_worn(names) for record, names in said.items() if names}
    more, records = len(records) > wanted.per_page, records[:wanted.per_page]
    if backwards:
        records.reverse()
    if not records:
        return Page([])
    first, last_one = _packed(records[0], attribute), _packed(records[-1], attribute)
    has_next, has_previous = (True, more) if backwards else (more, bool(wanted.after))
    return Page(records, last_one if has_next else "", first if has_previous else "", worn)


def _ordered(query: Select[Any], column: Any, key: Any, descending: bool) -> Select[Any]:
    return query.order_by(column.desc(), key.desc()) if descending else query.order_by(column, key)


def _beyond(column: Any, key: Any, value: Any, last: UUID, descending: bool) -> ColumnElement[bool]:
    """The rows after (value, last) in this order; NULL comes last going up and first going down, as PostgreSQL has it."""
    if value is None:
        at_null = and_(column.is_(None), key < last if descending else key > last)
        return or_(at_null, column.isnot(None)) if descending else at_null
    pair = tuple_(column, key)
    here = pair < tuple_(value, last) if descending else pair > tuple_(value, last)
    if column.property.columns[0].nullable and not descending:
        return or_(here, column.is_(None))
    return here


def _packed(record: Any, attribute: str) -> str:
    value = getattr(record, attribute)
    plain = value.isoformat() if isinstance(value, (date, datetime)) else getattr(value, "value", value)
    return base64.urlsafe_b64encode(orjson.dumps([plain, str(record.id)])).decode().rstrip("=")


def _unpacked(cursor: str, column: Any) -> tuple[Any, UUID]:
    try:
        value, last = orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        kind = column.type.python_type if not hasattr(column.type, "choices") else str
        if value is not None and kind in (date, datetime):
            value = kind.fromisoformat(value)
        strange = isinstance(value, bool) != (kind is bool) or not isinstance(value, (kind, str) if kind is UUID else kind)
        if value is not None and strange:
            raise ValueError(cursor)  # noqa: TRY301 -- one place words the refusal
        if value is not None and hasattr(column.type, "choices"):
            value = column.type.choices(value)
        return value, UUID(str(last))
    except (ValueError, TypeError, KeyError):
        raise Invalid({"after": [_("This place in the list is not understood; begin at its first page.")]}) from None
