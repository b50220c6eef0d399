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
from app.core.imports.parsing import reader_of
from app.core.imports.shapes import DATES
from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.kernel.kinds import Unreadable
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
    """Encoding, separator or sheet where they are others than before; empty when nothing changed, or the file has none."""
    names = {"csv": ("encoding", "separator"), "xlsx": ("sheet",), "ods": ("sheet",)}.get(run.shape["kind"], ())
    asked = {name: form.get(name, "") for name in names}
    return {name: value for name, value in asked.items() if value and value != run.shape[name]}


def constants_of(resource: Resource, form: MappingType[str, str]) -> dict[str, str]:
    """The values that the form gives for every row, by field."""
    given = {name: form.get(f"constant-{name}", "").strip() for name in imports.importable(resource)}
    return {name: value for name, value in given.items() if value}


def constant_fields(resource: Resource, given: MappingType[str, str]) -> list[tuple[str, str, list[tuple[str, str]], str]]:
    """Name, label, choices (none where it is typed) and value of each field that may be the same in every row."""
    fields = imports.importable(resource)
    return [(f"constant-{name}", str(field.label), _choices(field), given.get(name, "")) for name, field in fields.items()
            if name != "reference"]


def _choices(field: Field) -> list[tuple[str, str]]:
    if field.kind == "boolean":
        return [("true", _("Yes")), ("false", _("No"))]
    return [(entry.value, str(entry.label)) for entry in field.choices or ()]


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
    sheet = run.shape["sheet"] if len(run.shape.get("sheets", ())) > 1 else ""
    missing = tuple(name for name in chosen if name in resource.create_missing)
    mapping = Mapping(columns, constants_of(resource, form), missing, sheet).checked(resource)
    _check_constants(fields, mapping.constants)
    return mapping


def _check_constants(fields: MappingType[str, Field], constants: MappingType[str, str]) -> None:
    errors = {}
    for name, value in constants.items():
        try:
            reader_of(fields[name], Place(name))(value)
        except Unreadable as error:
            errors[f"constant-{name}"] = [f"{fields[name].label}: {error}"]
    if errors:
        raise Invalid(errors)
