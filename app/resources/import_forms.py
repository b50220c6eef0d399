"""The mapping page's form: what was chosen there, and what it offers."""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from typing import Any

from flask_babel import gettext as _

from app.core import imports
from app.core.imports import ImportRun, Mapping, Place
from app.core.imports.delimited import SEPARATORS
from app.core.imports.encodings import CHOICES
from app.core.imports.guess import place_for
from app.core.imports.shapes import DATES
from app.kernel.errors import Invalid
from app.kernel.manifest import Resource

EXAMPLES = {
    "%Y-%m-%d": "2026-01-31", "%d/%m/%Y": "31/01/2026", "%m/%d/%Y": "01/31/2026", "%d.%m.%Y": "31.01.2026", "%d-%m-%Y": "31-01-2026",
    "%m-%d-%Y": "01-31-2026", "%Y/%m/%d": "2026/01/31", "%d-%b-%Y": "31-Jan-2026", "%d %b %Y": "31 Jan 2026", "%d %B %Y": "31 January 2026",
    "%b %d, %Y": "Jan 31, 2026", "%B %d, %Y": "January 31, 2026", "%d/%m/%y": "31/01/26", "%m/%d/%y": "01/31/26", "%d.%m.%y": "31.01.26",
    "%d-%b-%y": "31-Jan-26",
}  # fmt: skip


def date_shapes() -> list[tuple[str, str]]:
    """The ways in which days may be written, each shown by an example."""
    return [("", _("As found in each column")), *((shape, EXAMPLES[shape]) for shape in DATES)]


def separators() -> list[tuple[str, str]]:
    """The separators that may be chosen."""
    words = {",": _("Comma (,)"), ";": _("Semicolon (;)"), "\t": _("Tab"), "|": _("Bar (|)")}
    return [(mark, words[mark]) for mark in SEPARATORS]


def encodings() -> list[tuple[str, str]]:
    """The encodings that may be chosen."""
    return list(CHOICES)


def chosen_shape(run: ImportRun, form: MappingType[str, str]) -> dict[str, str]:
    """Encoding and separator where they are others than before; empty when nothing changed, or the file has none."""
    if run.shape["kind"] != "csv":
        return {}
    asked = {name: form.get(name, "") for name in ("encoding", "separator")}
    return {name: value for name, value in asked.items() if value and value != run.shape[name]}


def mapping_of(resource: Resource, run: ImportRun, form: MappingType[str, Any]) -> Mapping:
    """The mapping that the form describes. Raises `Invalid`."""
    fields, seen, shape = imports.importable(resource), imports.look_again(run), str(form.get("date_shape", ""))
    if shape and shape not in EXAMPLES:
        raise Invalid({"date_shape": [_("This way of writing days is not known.")]})
    columns: dict[str, Place] = {}
    for column in seen.columns:
        name = str(form.get(f"column-{column.place}", ""))
        if not name:
            continue
        if name not in fields:
            raise Invalid({"mapping": [_("“%(field)s” cannot be imported.", field=name[:60])]})
        place = place_for(fields[name], column)
        columns[column.header] = Place(name, date=shape or place.date, decimal=place.decimal) if fields[name].kind in ("date", "datetime") \
            else Place(name, decimal=place.decimal)
    chosen = form.getlist("create_missing") if hasattr(form, "getlist") else form.get("create_missing", ())
    constants = {n: v for n, v in Mapping.from_json(run.mapping).constants.items() if n not in {p.field for p in columns.values()}}
    return Mapping(columns, constants, tuple(name for name in chosen if name in resource.create_missing))
