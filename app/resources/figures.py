"""Figures of a list: how many, how much, how much on average, as one number or grouped, within what the reader may see."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, Literal

from flask_babel import gettext as _
from sqlalchemy import ColumnElement, Text, func, literal, null

from app.core import access
from app.core.charts import Chart, Series
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import major_units
from app.kernel.manifest import Resource
from app.resources.grouping import EVERY, Bucket
from app.resources.querying import Wanted, narrowed

Number = int | Decimal
Place = tuple[Any, Any, str]
MOST, MOST_SERIES, MOST_DAYS = 12, 6, 62
GROUPED_BY = frozenset({"choice", "reference", "boolean", "date", "datetime"})


@dataclass(frozen=True)
class Group:
    """One group: its values by series and unit, and the filter under which the list shows it (empty where the list has none)."""

    label: str
    values: Mapping[tuple[int, str], Number]
    narrows: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Figures:
    """What was asked of a list. `units` are the currencies found, the organisation's own first, or one empty unit; `series` the names of
    the series, by whose place the values of the groups are kept.
    """

    what: str
    groups: tuple[Group, ...]
    units: tuple[str, ...]
    series: tuple[str, ...]
    average: bool = False
    timed: bool = False

    def number(self, unit: str = "") -> Number | None:
        """The one number of figures that are not grouped; None where there is no average."""
        found = self.groups[0].values.get((0, unit or self.units[0])) if self.groups else None
        return found if found is not None or self.average else 0

    def chart(self, kind: Literal["bar", "line", "pie"], title: str, unit: str = "") -> Chart:
        """The picture of the groups, in one unit."""
        unit = unit or self.units[0]
        gap = None if self.average else 0
        drawn = [Series(label, [group.values.get((place, unit), gap) for group in self.groups]) for place, label in enumerate(self.series)]
        return Chart(kind, title, [group.label for group in self.groups], drawn, unit, self.timed)


def shown_fields(resource: Resource) -> dict[str, Field]:
    """The fields that somebody who may open records of this kind gets to see; no figure says anything of others."""
    fields = fields_of(resource.model)
    names = dict.fromkeys((*resource.columns, *resource.filters, *resource.facts, "created_at"))
    return {name: fields[name] for name in names if name in fields}


def groupable(resource: Resource) -> dict[str, Field]:
    """The fields by which figures of a resource can be grouped."""
    return {name: each for name, each in shown_fields(resource).items() if each.kind in GROUPED_BY}


def measurable(resource: Resource) -> dict[str, Field]:
    """The fields that can be added up."""
    return {name: each for name, each in shown_fields(resource).items() if each.numeric}


def grouped(wanted: Wanted, by: str = "", measure: str = "count", *, every: str = "month", split: str = "", limit: int = MOST) -> Figures:
    """Figures of a list as filtered. `measure` is count, sum:field or average:field; `every` is day, week or month of a date; `split` makes
    a series of each value of a further field. What is beyond `limit` groups (of days the latest 62 at most) is put together as others.
    Raises `Forbidden` and, naming the nearest right word, `Invalid`.
    """
    resource = wanted.resource
    access.require(current.user, resource.permission("view"))
    how, measured = _measure(resource, measure)
    first, second = _bucket(resource, by, every), _bucket(resource, split, every)
    cells = _cells(wanted, first, second, measured)
    kept, rest = _shown(first, cells, 0, MOST_DAYS if first and first.dated and limit == MOST else limit)
    lines, pooled = _shown(second, cells, 1, MOST_SERIES)
    value = _value(how, measured)
    parts = [(label, (key,), first.narrows(key) if first else ()) for key, label in kept]
    if rest:
        parts.insert(*((0, (_("Earlier"), rest, ())) if first and first.dated else (len(parts), (_("Others"), rest, ()))))
    columns = [(label, (key,)) for key, label in lines] + ([(_("Others"), pooled)] if pooled else [])
    units = tuple(sorted({unit for _first, _second, unit in cells}, key=lambda unit: (unit != current.organisation.currency, unit)))
    what = _words(how, measured, resource)
    named = columns if second else [(what, (None,))]
    groups = tuple(Group(label, {(place, unit): value(*found) for place, (_label, lines_of) in enumerate(named) for unit in units
                                 if (found := _sum(cells, keys, lines_of, unit))[1]}, narrows) for label, keys, narrows in parts)
    return Figures(what, groups, units or _units(measured), tuple(label for label, _keys in named), how == "average",
                   bool(first and first.dated))


def check_words(resource: Resource, *, by: str = "", measure: str = "count", every: str = "month", split: str = "") -> None:
    """Raises `Invalid`, naming the nearest right word, where figures of a resource could not be made so."""
    _measure(resource, measure)
    for name in (by, split):
        _bucket(resource, name, every)


def _measure(resource: Resource, measure: str) -> tuple[str, Field | None]:
    how, _sep, name = measure.partition(":")
    if measure == "count":
        return how, None
    fields = measurable(resource)
    if how not in ("sum", "average") or name not in fields:
        raise Invalid({"measure": [_unknown(name or how, fields)]})
    return how, fields[name]


def _bucket(resource: Resource, name: str, every: str) -> Bucket | None:
    fields = groupable(resource)
    if not name:
        return None
    if name not in fields:
        raise Invalid({"by": [_unknown(name, fields)]})
    if every not in EVERY:
        raise Invalid({"every": [_unknown(every, EVERY)]})
    return Bucket(resource, fields[name], every)


def _unknown(word: str, among: Iterable[str]) -> str:
    names = list(among)
    near = get_close_matches(word, names, n=1)
    said = _("Figures cannot be made of “%(name)s”.", name=word[:60])
    return f"{said} {_('Did you mean “%(near)s”?', near=near[0]) if near else _('Possible: %(names)s.', names=', '.join(names))}"


def _cells(wanted: Wanted, first: Bucket | None, second: Bucket | None, measured: Field | None) -> dict[Place, tuple[Decimal, int]]:
    """Sum and number of what was measured, by group, series and unit: one query."""
    model: Any = wanted.resource.model
    heads: list[ColumnElement[Any]] = [bucket.column() if bucket else null() for bucket in (first, second)]
    unit: ColumnElement[Any] = literal("", Text)
    if measured is not None and measured.kind == "money":
        unit = getattr(model, measured.currency) if hasattr(model, measured.currency) else literal(current.organisation.currency, Text)
    value: ColumnElement[Any] = getattr(model, measured.attribute) if measured else literal(1)
    named = zip((*heads, unit, value), ("first", "second", "unit", "value"), strict=True)
    inner = narrowed(wanted).with_only_columns(*(column.label(name) for column, name in named)).subquery()
    keys = (inner.c.first, inner.c.second, inner.c.unit)
    query = inner.select().with_only_columns(*keys, func.sum(inner.c.value), func.count(inner.c.value)).group_by(*keys)
    return {(row[0], row[1], row[2] or ""): (Decimal(row[3]), int(row[4])) for row in session().execute(query) if row[4]}


def _shown(bucket: Bucket | None, cells: Mapping[Place, tuple[Decimal, int]], place: int, limit: int) -> tuple[list[Any], tuple[Any, ...]]:
    """The groups or series that are shown, each key with its name, and the keys of those that are put together."""
    if bucket is None:
        return [(None, "")], ()
    weights: dict[Any, Decimal] = {}
    for keys, (amount, _count) in cells.items():
        weights[keys[place]] = weights.get(keys[place], Decimal(0)) + amount
    ordered = bucket.ordered(weights)
    room = limit if len(ordered) <= limit else limit - 1
    if bucket.dated:
        kept, rest = ordered[-room:], ordered[:-room]
    else:
        largest = set(sorted(ordered, key=lambda key: -weights.get(key, Decimal(0)))[:room])
        kept, rest = [key for key in ordered if key in largest], [key for key in ordered if key not in largest]
    names = bucket.words(kept)
    return [(key, names[key]) for key in kept], tuple(rest)


def _sum(cells: Mapping[Place, tuple[Decimal, int]], keys: Sequence[Any], lines: Sequence[Any], unit: str) -> tuple[Decimal, int, str]:
    found = [cells[place] for key in keys for line in lines if (place := (key, line, unit)) in cells]
    return sum((amount for amount, _count in found), Decimal(0)), sum(count for _amount, count in found), unit


def _value(how: str, measured: Field | None) -> Any:
    """From a sum, a number of values and a unit to the figure."""

    def figure(amount: Decimal, count: int, unit: str) -> Number:
        if measured is None:
            return count
        meant = amount / count if how == "average" else amount
        if measured.kind == "money":
            return major_units(round(meant), unit)
        return round(meant, 2) if how == "average" or measured.kind == "decimal" else int(meant)

    return figure


def _units(measured: Field | None) -> tuple[str, ...]:
    return (current.organisation.currency,) if measured is not None and measured.kind == "money" else ("",)


def _words(how: str, measured: Field | None, resource: Resource) -> str:
    if measured is None:
        return str(resource.plural)
    said = _("Average: %(field)s", field=str(measured.label)) if how == "average" else _("Sum: %(field)s", field=str(measured.label))
    return str(said)
