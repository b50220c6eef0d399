"""From a query string to a list: filters, search, sort and place, shared by page, export, API and bulk actions."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from difflib import get_close_matches
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, and_, any_, cast, false, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute
from werkzeug.datastructures import MultiDict

from app.core import access, imports, search, tags, views
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.explain import Explain
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import Unreadable, counted, fold, minor_units
from app.kernel.manifest import Resource
from app.resources.binding import known_records

WORDS = frozenset(
    {"q", "sort", "after", "before", "archived", "format", "per_page", "peek", "separator", "bom", "ids", "scope", "key", "view", "import",
     "fields", "columns", "zip", "export_reason"}
)
VIEW = re.compile(r"[A-Z]{1,8}-\d{4}-\d{1,9}")
TAG = "tag"
COUNT_LIMIT = 10_000
PER_PAGE = 50


@dataclass(frozen=True)
class Condition:
    """One filter as it stands in the query string: `amount__gte=100`."""

    name: str
    operator: str
    values: tuple[str, ...]

    @property
    def parameter(self) -> str:
        """The name in the query string."""
        return f"{self.name}__{self.operator}" if self.operator else self.name


@dataclass(frozen=True)
class Wanted:
    """What a list is asked for; `came_with` is the reference of an import whose records alone are wanted, `columns` those that were
    chosen (none: the list's own), `view` the reference of the saved view that it came from.
    """

    resource: Resource
    conditions: tuple[Condition, ...] = ()
    text: str = ""
    sort: str = ""
    archived: bool = False
    came_with: str = ""
    after: str = ""
    before: str = ""
    per_page: int = PER_PAGE
    columns: tuple[str, ...] = ()
    view: str = ""
    tags: tuple[str, ...] = ()
    extra: Mapping[str, Any] = dataclass_field(default_factory=dict)

    @property
    def shown(self) -> tuple[str, ...]:
        """The names of its columns."""
        return self.columns or self.resource.columns

    def parameters(self, **changes: str | None) -> MultiDict[str, str]:
        """The query string of this list, some words changed (None takes one away) and the place on it forgotten."""
        pairs: list[tuple[str, str]] = [(c.parameter, v) for c in self.conditions for v in c.values]
        pairs += [(TAG, name) for name in self.tags]
        plain = {"q": self.text, "sort": self.sort if self.sort != self.resource.sort else "", "archived": "1" if self.archived else "",
                 "import": self.came_with, "columns": ",".join(self.columns), "view": self.view}
        plain.update({k: v or "" for k, v in changes.items()})
        kept = [(k, v) for k, v in pairs if k not in changes]
        return MultiDict(kept + [(k, v) for k, v in plain.items() if v])


def read(resource: Resource, args: MultiDict[str, str]) -> Wanted:
    """Understand a query string. Raises `Invalid` naming the parameter, and the nearest right one."""
    fields = filter_fields(resource)
    conditions, errors = [], {}
    for parameter in dict.fromkeys(args.keys()):
        if parameter in WORDS or (parameter == TAG and tags.taggable(resource)):
            continue
        name, _sep, operator = parameter.partition("__")
        values = tuple(v for v in args.getlist(parameter) if v.strip())
        if name not in fields or (operator and operator not in fields[name].behaviour.operators):
            errors[parameter] = [_unknown(parameter, fields)]
        elif values:
            conditions.append(Condition(name, operator, values))
    text, tokens = _tokens(args.get("q", ""), fields)
    sort = args.get("sort", "") or resource.sort
    if sort.removeprefix("-") not in sortable(resource):
        errors["sort"] = [_("This list is sorted by: %(names)s.", names=", ".join(sorted(sortable(resource))))]
    columns: tuple[str, ...] = ()
    try:
        columns = views.chosen(resource, args.get("columns", ""))
    except Invalid as error:
        errors |= error.errors
    if errors:
        raise Invalid(errors)
    archived = args.get("archived") == "1" or any(c.name == "is:archived" for c in tokens)
    return Wanted(
        resource,
        (*conditions, *(c for c in tokens if c.name in fields)),
        text,
        sort,
        archived,
        args.get("import", "")[:40],
        args.get("after", ""),
        args.get("before", ""),
        _per_page(args.get("per_page", "")),
        columns,
        args.get("view", "") if VIEW.fullmatch(args.get("view", "")) else "",
        tuple(tags.named_in(*args.getlist(TAG))[: tags.MOST]) if tags.taggable(resource) else (),
    )


def _per_page(raw: str) -> int:
    wanted = counted(raw)
    return PER_PAGE if wanted is None else min(max(wanted, 1), 200)


def _unknown(parameter: str, fields: Mapping[str, Field]) -> str:
    near = get_close_matches(parameter.partition("__")[0], list(fields), n=1)
    hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known filters: %(names)s.", names=", ".join(fields))
    said = _("There is no filter “%(name)s”.", name=parameter[:60])
    return f"{said} {hint}"


def _tokens(raw: str, fields: Mapping[str, Field]) -> tuple[str, list[Condition]]:
    """`is:archived severity:high rest of the text` → (rest of the text, conditions)."""
    asked = search.understood(raw, lambda name, value: name in fields or (name, value) == ("is", "archived"))
    return asked.rest, [Condition("is:archived" if name == "is" else name, "", (value,)) for name, value in asked.said]


def filter_fields(resource: Resource) -> dict[str, Field]:
    """The fields that a list can be narrowed by."""
    fields = fields_of(resource.model)
    return {name: fields[name] for name in resource.filters if name in fields}


def sortable(resource: Resource) -> dict[str, str]:
    """Names that a list can be sorted by, with the attribute that carries the order: those for which the registry keeps an index."""
    fields = fields_of(resource.model)
    found = {
        name: fields[name].key_attribute
        for name in (*resource.columns, resource.sort.removeprefix("-"))
        if name in fields and fields[name].sortable and fields[name].kind not in ("reference", "file", "long_text", "decimal")
    }
    return {**found, "reference": "reference"}


def narrowed(wanted: Wanted) -> Select[Any]:
    """All records that match, within what the reader may see; not yet sorted or cut."""
    model: Any = wanted.resource.model
    return select(model).where(model.organisation_id == current.organisation.id, *criteria(wanted))


def criteria(wanted: Wanted) -> Iterable[ColumnElement[bool]]:
    """The conditions of a list: visibility, archive, filters, search."""
    model: Any = wanted.resource.model
    yield access.visible(wanted.resource, current.user)
    fields = filter_fields(wanted.resource)
    if not _asks_for_archived(wanted, fields):
        yield model.archived_at.isnot(None) if wanted.archived else model.archived_at.is_(None)
    by_name: dict[tuple[str, str], list[str]] = {}
    for condition in wanted.conditions:
        by_name.setdefault((condition.name, condition.operator), []).extend(condition.values)
    for (name, operator), values in by_name.items():
        yield _condition(model, fields[name], operator, values)
    if wanted.came_with:
        yield model.id == any_(cast(imports.came_in(wanted.resource, wanted.came_with), ARRAY(Uuid)))
    yield from tags.among(wanted.resource, wanted.tags, model.id)
    if wanted.text:
        yield search.among(wanted.text, wanted.resource, model.id)


def _asks_for_archived(wanted: Wanted, fields: Mapping[str, Field]) -> bool:
    """Whether the list is narrowed to a status that only archived records have, which then says it all."""
    return any(fields[each.name].choices and not each.operator and "archived" in each.values for each in wanted.conditions)


def _condition(model: Any, field: Field, operator: str, values: Sequence[str]) -> ColumnElement[bool]:
    column: InstrumentedAttribute[Any] = getattr(model, field.attribute)
    if operator == "empty":
        column = getattr(model, field.key_attribute)  # the one with the index; both are empty together
        return column.is_(None) if values[0] in ("1", "true", "yes") else column.isnot(None)
    if field.kind in ("text", "email") and operator in ("", "ic", "sw"):
        return or_(*(_textual(model, field, operator, value) for value in values))
    try:
        meant = _values(field, values)
    except Unreadable as error:
        raise Invalid({field.name: [str(error)]}) from None
    compare = {"gte": column.__ge__, "lte": column.__le__, "gt": column.__gt__, "lt": column.__lt__}
    if operator in compare:
        return and_(*(compare[operator](value) for value in meant))
    if operator == "n":
        return or_(column.notin_(meant), column.is_(None))
    if operator == "ic":
        return or_(*(column.ilike(f"%{_escaped(v)}%", escape="\\") for v in values))
    return column.in_(meant) if meant else false()


def _textual(model: Any, field: Field, operator: str, value: str) -> ColumnElement[bool]:
    column: InstrumentedAttribute[Any] = getattr(model, field.key_attribute)
    folded = fold(value) if field.key_attribute != field.attribute else value
    if operator == "sw":
        return and_(column >= folded, column < folded + "\U0010ffff")
    if operator == "ic":
        return column.like(f"%{_escaped(folded)}%", escape="\\")
    return column == folded


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def _values(field: Field, values: Sequence[str]) -> list[Any]:
    if field.kind == "reference":
        asked: list[UUID | str] = [id_or_text(v) for v in values if v != "@me"]
        mine = (current.user.own_ids if field.groups else {current.user.id}) if "@me" in values else ()
        known = known_records(field, asked)
        return [*mine, *(known[a] for a in asked if a in known)]
    meant = [field.behaviour.parse(field, v) for v in values]
    if field.kind == "money":
        return [minor_units(v, current.organisation.currency) for v in meant]
    return meant


def id_or_text(raw: str) -> UUID | str:
    """An id where the text is one; otherwise the text, which may be a reference."""
    try:
        return UUID(raw)
    except ValueError:
        return raw


def count(wanted: Wanted) -> tuple[int, bool]:
    """How many match; exact up to ten thousand, and an estimate of the planner (False) past that."""
    limited = narrowed(wanted).with_only_columns(true()).limit(COUNT_LIMIT + 1).subquery()
    found = session().scalar(select(func.count()).select_from(limited)) or 0
    if found <= COUNT_LIMIT:
        return found, True
    plan = session().execute(Explain(narrowed(wanted).with_only_columns(true()))).scalar_one()
    return max(int(plan[0]["Plan"]["Plan Rows"]), COUNT_LIMIT), False


def matching_ids(wanted: Wanted, limit: int) -> list[UUID]:
    """The ids of all records that match, at most `limit`."""
    model: Any = wanted.resource.model
    return list(session().scalars(narrowed(wanted).with_only_columns(model.id).order_by(model.id).limit(limit)))


def without_place(wanted: Wanted) -> Wanted:
    """The same list from its beginning."""
    return replace(wanted, after="", before="")
