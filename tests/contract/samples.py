"""Believable input for any declared resource, made from its fields alone."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select

from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import perform_one
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.binding import form_names

WORDS = ("Älpha", "bravo", "Çharlie", "delta", "Echo", "foxtrot", "golf 2", "golf 10", "hôtel", "India")


def value(field: Field, number: int) -> Any:  # noqa: C901 -- one line per kind
    """The `number`-th value of a field, as somebody would type it."""
    if "samples" in field.extra:
        return field.extra["samples"][number % len(field.extra["samples"])]
    if field.extra.get("sample") == "@me":
        return str(current.user.id)
    match field.kind:
        case "choice":
            entries = [entry for entry in field.choices or () if entry.value not in field.kept_back]
            return entries[number % len(entries)].value
        case "reference":
            return str(linked(field))
        case "date":
            return (date(2026, 3, 1) + timedelta(days=number % 200)).isoformat()
        case "datetime":
            return f"{date(2026, 3, 1) + timedelta(days=number % 200)}T08:{number % 60:02d}"
        case "money":
            return f"{10 + number}.50"
        case "integer":
            low = field.minimum if field.minimum is not None else 1
            high = field.maximum if field.maximum is not None else low + 1000
            return str(low + number % (high - low + 1))
        case "decimal":
            return f"{1 + number}.5"
        case "boolean":
            return "true"
        case "email":
            return f"person{number}@sample.example"
        case "long_text":
            return f"{WORDS[number % len(WORDS)]} and what happened, number {number}."
    if field.widget == "currency":
        return current.organisation.currency
    if field.widget == "timezone" or field.name == "timezone":
        return "Europe/Paris"
    text = f"{WORDS[number % len(WORDS)]} {number} {field.name}" if field.max_length > 60 else f"{WORDS[number % len(WORDS)]} {number}"
    return text[: field.max_length] if field.max_length else text


def linked(field: Field) -> Any:
    """The newest record that the field can refer to (roles and members begin with the owner's); made when there is none."""
    resource = registry.of_table(field.reference)
    assert resource is not None, field.reference
    model: Any = resource.model
    here = (model.organisation_id == current.organisation.id, model.archived_at.is_(None))
    found = session().scalar(select(model.id).where(*here).order_by(model.id.desc()).limit(1))
    return found or make(resource, 1)[0].id


def data(resource: Resource, number: int = 1) -> dict[str, Any]:
    """The `number`-th set of data for a new record."""
    fields = fields_of(resource.model)
    found = {
        name: value(fields[name], number)
        for name in form_names(resource)
        if fields[name].kind != "file"
        and not (fields[name].kind == "reference" and not fields[name].required and fields[name].reference == resource.model.__tablename__)
    }
    found = {name: given for name, given in found.items() if fields[name].applies(found.get)}
    if resource.lines:
        inner = fields_of(resource.lines.model)
        found["lines"] = [
            {n: value(inner[n], number + i) for n in resource.lines.fields}
            for i in range(1 if any(inner[n].kind == "reference" for n in resource.lines.fields) else 2)
        ]
    return found


def make(resource: Resource, count: int, start: int = 1) -> list[Any]:
    """`count` records, through the door."""
    return [perform_one(resource, "create", None, data(resource, number)).record for number in range(start, start + count)]


AWKWARD = ("=1+1", "007", "-5 °C", "+49 30", "'quoted", "1e5", "12/03", 'a, b; "c"', "@home", "TRUE", "3,5", "12:30")


def awkward(resource: Resource) -> list[dict[str, Any]]:
    """Data whose texts a spreadsheet takes for something else."""
    fields = fields_of(resource.model)
    known = [(n, fields[n]) for n in form_names(resource) if fields[n].kind in ("text", "long_text") and "samples" not in fields[n].extra]
    free = [(n, f) for n, f in known if not f.widget and f.max_length >= 20 and n not in ("timezone", "key")]
    sets = []
    for number in range(0, len(AWKWARD), max(len(free), 2)):
        given = data(resource, 300 + number)
        for place, (name, field) in enumerate((name, field) for name, field in free if name in given):
            text = AWKWARD[(number + place) % len(AWKWARD)]
            given[name] = f"{text}\nand \ta second line" if field.kind == "long_text" else text
        sets.append(given)
    return sets if free else []
