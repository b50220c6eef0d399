"""Fields with what stands in them, as templates draw them; and back from a submitted form to names and raw values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from babel.numbers import get_currency_symbol
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from app.core import access
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import Field, fields_of
from app.kernel.kinds import fold, major_units, typed_moment
from app.kernel.manifest import Lines, Resource
from app.kernel.registry import registry
from app.resources.labels import Label, gather, title_attribute
from app.resources.querying import id_or_text
from app.resources.urls import picker_url

MANY_CHOICES = 5


@dataclass(frozen=True)
class BoundField:
    """One control: the field, what stands in it, and what is wrong with it; `redraw` is where the form is drawn anew when it changes."""

    name: str
    kind: str
    widget: str
    label: Any
    help: Any
    required: bool
    value: Any
    text: str
    errors: Sequence[Any]
    options: Sequence[tuple[str, Any]] | None
    suggest: str
    max_length: int
    minimum: Any
    maximum: Any
    scale: int
    affix: str
    validate: str
    wide: bool
    accept: str = ""
    redraw: str = ""


def bound_field(field: Field, raw: Any, *, errors: Sequence[Any] = (), text: str = "", validate: str = "", redraw: str = "",
                prefix: str = "", needed: bool = False) -> BoundField:
    """A field ready to draw, with `raw` as typed; `needed` beside what stands in the others."""
    kept_back = [each for each in field.kept_back if each not in (raw, getattr(raw, "value", raw))]
    options = [(c.value, c.label) for c in field.choices if c.value not in kept_back] if field.choices else None
    if field.listed is not None:
        options = list(field.listed().items())
    few = field.choices is not None and field.required and len(options or ()) < MANY_CHOICES
    radio = field.widget == "radio" or (not field.widget and few)
    return BoundField(
        name=prefix + field.name,
        kind=field.kind,
        widget="radio" if radio else field.widget,
        label=field.label,
        help=field.help,
        required=needed or (field.required and field.default is None) or bool(options and field.required),
        value="" if raw is None else raw,
        text=text,
        errors=errors,
        options=options,
        suggest=picker_url(field) if field.kind == "reference" else "",
        max_length=field.max_length,
        minimum=field.minimum,
        maximum=field.maximum,
        scale=field.scale,
        affix=get_currency_symbol(current.organisation.currency) if field.kind == "money" and not field.currency else "",
        validate=validate if field.kind not in ("reference", "file", "boolean") and not redraw else "",
        redraw=redraw,
        wide=field.kind in ("long_text", "file") or field.max_length > 150,
        accept=",".join(f".{each}" for each in field.extra.get("endings", ())),
    )


def raw_of(field: Field, record: Any) -> Any:
    """What a control shows for the value that a record has now."""
    value = field.value(record)
    if value is None:
        return ""
    if field.kind == "money":
        return str(major_units(value, field.currency_of(record)))
    if field.kind == "datetime":
        return typed_moment(value)
    if field.kind == "date":
        return value.isoformat()
    return getattr(value, "value", str(value) if field.kind != "boolean" else value)


def typed(form: MultiDict[str, str], fields: Iterable[Field], prefix: str = "") -> dict[str, Any]:
    """The raw values of a submitted form by field name; a picker's words are looked up when script did not choose."""
    found: dict[str, Any] = {}
    for field in fields:
        name = prefix + field.name
        if field.kind == "boolean":
            found[field.name] = form.get(name, "")
        elif field.kind == "reference":
            if name in form or f"{name}__text" in form:
                found[field.name] = chosen(field, form.get(name, ""), form.get(f"{name}__text"))
        elif name in form:
            found[field.name] = form[name]
    return found


def chosen(field: Field, value: str, words: str | None) -> Any:
    """The record that a picker means: the id chosen, or the only one whose title or reference is what was typed."""
    if words is None:
        return value
    if not words.strip():
        return ""
    if any(label.text == words for label in _labels_of(field, value)):
        return value
    resources = registry.meant_by(field)
    if not resources:
        return value or words
    ids = [each for resource in resources for each in _called(resource, words)]
    return str(ids[0]) if len(ids) == 1 else words


def _called(resource: Resource, words: str) -> Sequence[UUID]:
    """The records with this title or reference that may be chosen: two at most, which is one too many."""
    model: Any = resource.model
    column = getattr(model, title_attribute(resource))
    keyed = getattr(model, f"{title_attribute(resource)}_key", None)
    same = (keyed == fold(words)) if keyed is not None else (column == words)
    return session().scalars(select(model.id).where(
        model.organisation_id == current.organisation.id, same | (model.reference == words.strip()),
        access.choosable(resource, current.user)).limit(2)).all()


@dataclass(frozen=True)
class _Holding:
    field: Field
    value: Any

    def __getattr__(self, name: str) -> Any:
        return self.value


def words_for(fields: Iterable[Field], raws: Mapping[str, Any]) -> dict[str, str]:
    """What pickers show for the ids (or words) that stand in them."""
    words = {}
    for field in fields:
        raw = raws.get(field.name)
        if field.kind != "reference" or not raw:
            continue
        words[field.name] = next((label.text for label in _labels_of(field, str(raw))), str(raw))
    return words


def _labels_of(field: Field, raw: str) -> Iterable[Label]:
    """The label of the record that a picker holds; none when it holds words, as after a refused form."""
    found = id_or_text(raw)
    return gather([field], [_Holding(field, found)]).values() if isinstance(found, UUID) else ()


@dataclass(frozen=True)
class BoundLines:
    """The rows of a record in its form; `fresh` is the place of the row that was just added, -1 without one."""

    label: Any
    columns: Sequence[Any]
    numeric: Sequence[bool]
    rows: Sequence[Sequence[BoundField]]
    errors: Sequence[Any]
    fresh: int
    name: str = "lines"


def bound_lines(lines: Lines, rows: Sequence[Mapping[str, Any]], errors: Mapping[str, Sequence[Any]], fresh: int = -1) -> BoundLines:
    """Rows ready to draw: `lines-0-quantity` and so on."""
    fields = [field for name, field in fields_of(lines.model).items() if name in lines.fields]
    return bound_rows("lines", lines.label, fields, rows, errors, fresh)


def bound_rows(name: str, label: Any, fields: Sequence[Field], rows: Sequence[Mapping[str, Any]], errors: Mapping[str, Sequence[Any]],
               fresh: int = -1) -> BoundLines:
    """Rows of fields ready to draw, as `name-0-quantity` and so on; their errors are called `name.1.quantity`."""
    drawn = []
    for place, row in enumerate(rows):
        words = words_for(fields, row)
        drawn.append([bound_field(field, row.get(field.name), errors=errors.get(f"{name.replace('-', '.')}.{place + 1}.{field.name}", ()),
                                  text=words.get(field.name, ""), prefix=f"{name}-{place}-") for field in fields])
    wrong = errors.get(name.replace("-", "."), ())
    return BoundLines(label, [f.label for f in fields], [f.numeric for f in fields], drawn, wrong, fresh, name)


def typed_lines(form: MultiDict[str, str], lines: Lines) -> list[dict[str, Any]]:
    """The rows of a submitted form, in their order."""
    return typed_rows(form, "lines", [field for name, field in fields_of(lines.model).items() if name in lines.fields], lines.maximum)


def typed_rows(form: MultiDict[str, str], name: str, fields: Sequence[Field], most: int) -> list[dict[str, Any]]:
    """The rows of that name in a submitted form, in their order; one too many shows that there are too many."""
    numbers = sorted({int(m.group(1)) for key in form if (m := re.fullmatch(re.escape(name) + r"-(\d{1,4})-\w+", key))})
    return [typed(form, fields, f"{name}-{number}-") for number in numbers[: most + 1]]
