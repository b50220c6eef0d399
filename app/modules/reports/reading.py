"""The figures of a run, all out of one query: rows, groups, totals, and the hash of what the rows said.

Who sees which records, in the list and one step further, is decided where the lists decide it: a linked record that the reader may not open
leaves its columns empty.
"""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import orjson
from babel.dates import format_date, format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import Select, and_, false, select

from app.core import access
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.kinds import fold
from app.kernel.registry import registry
from app.modules.reports.layout import DAYS, Layout, Place
from app.modules.reports.tallying import Tally
from app.resources.export_rows import PORTION, names_of
from app.resources.querying import narrowed, sortable

MOST_ROWS = 50_000
MOST_ACROSS = 12  # columns of a table across: the months of a year, and what fits on a sheet of paper
Row = list[Any]


@dataclass
class Group:
    """Rows that belong together, and what they come to, by `key`; `order` sorts the groups, `cells` are what they come to across."""

    label: str
    order: Any
    rows: list[Row] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    key: Any = ""
    cells: dict[Any, Tally] = field(default_factory=dict)


@dataclass
class Figures:
    """What a run found. `rows_hash` is the SHA-256 of the rows as JSON, one a line in the order of the report, ids for linked records."""

    groups: list[Group]
    tally: Tally
    count: int
    rows_hash: str
    asked_at: datetime
    seconds: float
    more: bool = False
    across: list[Group] = field(default_factory=list)

    @property
    def rows(self) -> Iterator[Row]:
        """All rows, group after group."""
        for group in self.groups:
            yield from group.rows


def figures_of(layout: Layout, *, shown: bool, most: int = MOST_ROWS, cut: bool = False,
               told: Callable[[int], None] | None = None) -> Figures:
    """Read the rows once. `shown` words them for a reader, otherwise they are typed for a sheet.

    Of more than `most` rows a preview is `cut`; a report refuses, with `Invalid`.
    """
    asked_at, began = clock.now(), time.monotonic()
    digest, whole, groups, count = hashlib.sha256(_line([p.name for p in layout.columns])), Tally(), dict[Any, Group](), 0
    columns: dict[Any, Group] = {}
    if layout.parameters:
        digest.update(_line(layout.answers))
    for records, linked in _portions(layout, most + 1):
        named = names_of([p.field for p in layout.places if p.field.kind == "reference" and p.link is None], records, shown=shown)
        for place_of in (_holders(record, joined) for record, joined in zip(records, linked, strict=True)):
            count += 1
            if count > most:
                break
            digest.update(_line([place.field.to_json(place_of(place)) for place in layout.columns]))
            group = _group(layout.group, layout.span, place_of, named, groups)
            group.rows.append([_cell(place, place_of(place), named, shown=shown) for place in layout.columns])
            for tally in (whole, group.tally, *_across(layout, group, place_of, named, columns)):
                tally.add(layout.totals, place_of)
        if told:
            told(len(records))
    if count > most and not cut:
        raise Invalid({"filters": [_("These are more than %(most)s rows. Narrow the report by a filter.", most=most)]})
    if layout.across and len(columns) > MOST_ACROSS:
        said = _("“%(name)s” has %(count)d values; at most %(most)d stand side by side. Narrow the report by a filter, take a longer span "
                 "of days, or put it down and the groups across.", name=layout.across.label, count=len(columns), most=MOST_ACROSS)
        raise Invalid({"across": [said]})
    found, across = (sorted(each.values(), key=lambda each: each.order) for each in (groups, columns))
    return Figures(found, whole, min(count, most), digest.hexdigest(), asked_at, round(time.monotonic() - began, 3), count > most, across)


def query_of(layout: Layout) -> tuple[Select[Any], list[tuple[str, list[str]]]]:
    """The one query of a report, and for each link what is read through it: the attributes, in the order of the query's columns."""
    model: Any = layout.resource.model
    key = getattr(model, sortable(layout.resource)[layout.wanted.sort.removeprefix("-")])
    order = (key.desc(), model.id.desc()) if layout.wanted.sort.startswith("-") else (key, model.id)
    query, joined = narrowed(layout.wanted), list[tuple[str, list[str]]]()
    for link in {place.link.name: place.link for place in layout.places if place.link}.values():
        other = registry.resource(layout.beyond[link.name])
        target: Any = other.model
        names = list(dict.fromkeys(name for place in layout.places if place.link == link for name in _attributes(place)))
        may = access.visible(other, current.user) if access.can(current.user, other.permission("view")) else false()
        near = select(target.id, *(getattr(target, name) for name in names)).where(
            target.organisation_id == current.organisation.id, may).subquery()
        query = query.outerjoin(near, and_(near.c.id == getattr(model, link.attribute))).add_columns(
            *(near.c[name].label(f"{link.name}__{name}") for name in names))
        joined.append((link.name, names))
    return query.order_by(*order), joined


def _attributes(place: Place) -> list[str]:
    return [place.field.attribute, *([place.field.currency] if place.field.currency else [])]


def _portions(layout: Layout, limit: int) -> Iterator[tuple[Sequence[Any], Sequence[Mapping[str, Any]]]]:
    """Records with what stands beyond their links, portion by portion."""
    query, joined = query_of(layout)
    found = session().execute(query.limit(limit).execution_options(yield_per=PORTION))
    for rows in found.partitions(PORTION):
        yield [row[0] for row in rows], [_beyond(row, joined) for row in rows]


def _beyond(row: Any, joined: Sequence[tuple[str, list[str]]]) -> dict[str, Any]:
    found, at = {}, 1
    for link, names in joined:
        found[link] = SimpleNamespace(**dict(zip(names, row[at:at + len(names)], strict=True)))
        at += len(names)
    return found


def _holders(record: Any, beyond: Mapping[str, Any]) -> Callable[[Place], Any]:
    """What holds the value of a place: the record, or the one that it refers to."""
    return lambda place: beyond[place.link.name] if place.link else record


def _cell(place: Place, holder: Any, named: Mapping[UUID, str], *, shown: bool) -> Any:
    if place.field.kind == "reference":
        return named.get(place.field.value(holder), "" if shown else None)
    if shown:
        return place.field.display(holder)
    return place.field.value(holder) if place.field.kind == "datetime" else place.field.export(holder)


def _across(layout: Layout, group: Group, place_of: Callable[[Place], Any], named: Mapping[UUID, str],
            columns: dict[Any, Group]) -> tuple[Tally, ...]:
    """What a row counts in of a table across: its column and its cell."""
    if layout.across is None:
        return ()
    column = _group(layout.across, layout.across_span, place_of, named, columns)
    return column.tally, group.cells.setdefault(column.key, Tally())


def _group(place: Place | None, span: str, place_of: Callable[[Place], Any], named: Mapping[UUID, str],
           groups: dict[Any, Group]) -> Group:
    if place is None:
        return groups.setdefault("", Group("", ""))
    value = place.field.value(place_of(place))
    if place.field.kind in DAYS:
        value = _begin(value, span)
    if value not in groups:
        label = _label(span, place, place_of(place), value, named)
        groups[value] = Group(label, (value is None, _order(place, value, label)), key=value)
    return groups[value]


def _begin(value: Any, span: str) -> date | None:
    """The first day of the span in which a day is, on the reader's clock."""
    if value is None:
        return None
    if isinstance(value, datetime):
        from zoneinfo import ZoneInfo

        value = value.astimezone(ZoneInfo(current.organisation.timezone)).date()
    first: date = value.replace(month=1, day=1) if span == "year" else value.replace(day=1) if span == "month" else value
    return first


def _label(span: str, place: Place, holder: Any, value: Any, named: Mapping[UUID, str]) -> str:
    if value is None:
        return _("Without: %(name)s", name=place.label)
    if place.field.kind == "reference":
        return named.get(value, "") or _("Without: %(name)s", name=place.label)
    if place.field.kind in DAYS:
        return format_date(value, "d MMM y", locale=get_locale()) if span == "day" else \
            format_skeleton("yMMMM" if span == "month" else "y", value, locale=get_locale())
    return place.field.display(holder) or _("Without: %(name)s", name=place.label)


def _order(place: Place, value: Any, label: str) -> Any:
    if value is None:
        return ""
    if place.field.choices:
        return list(place.field.choices).index(value)
    return value if place.field.kind in DAYS or place.field.numeric or place.field.kind == "boolean" else fold(label)


def _line(values: Sequence[Any]) -> bytes:
    return orjson.dumps(values, option=orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE, default=str)
