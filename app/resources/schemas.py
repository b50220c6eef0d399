"""The JSON schemas of records, as the API shows and takes them, written from their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import tags
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Action, Resource
from app.resources.binding import form_names
from app.resources.features.api_bulk import together

Schema = dict[str, Any]
UUID: Schema = {"type": "string", "format": "uuid"}
MOMENT: Schema = {"type": "string", "format": "date-time"}
TYPES: dict[str, Schema] = {
    "text": {"type": "string"},
    "long_text": {"type": "string"},
    "email": {"type": "string", "format": "email"},
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"},
    "datetime": MOMENT,
    "boolean": {"type": "boolean"},
    "file": UUID,
    "reference": {"type": "string", "description": "id or reference"},
    "money": {"type": "string", "format": "decimal"},
    "answers": {"type": "object", "description": "answers to the form, by the names of its questions"},
}
SHOWN = {"money": "Money", "reference": "Link"}


def ref(name: str) -> Schema:
    """A schema by its name."""
    return {"$ref": f"#/components/schemas/{name}"}


def thing(properties: Mapping[str, Schema], *, needed: tuple[str, ...] | None = None, **said: Any) -> Schema:
    """An object; everything in it is always there unless `needed` names what is."""
    return {"type": "object", "properties": dict(properties), "required": list(properties if needed is None else needed), **said}


def or_null(schema: Schema) -> Schema:
    """The same, or nothing."""
    if "$ref" in schema:
        return {"anyOf": [schema, {"type": "null"}]}
    both = {**schema, "type": [schema["type"], "null"]}
    return {**both, "enum": [*schema["enum"], None]} if "enum" in schema else both


def common() -> dict[str, Schema]:
    """The schemas that all resources share."""
    text: Schema = {"type": "string"}
    errors: Schema = {"type": "object", "additionalProperties": {"type": "array", "items": text}}
    change = thing({"field": text, "before": text, "after": text})
    by = thing({"id": or_null(UUID), "name": text})
    entry = thing({"id": UUID, "at": MOMENT, "action": text, "by": by, "said": text, "result": text, "reason": text, "request_id": text,
                   "changes": {"type": "array", "items": change}})
    problem: dict[str, Schema] = {"type": text, "title": text, "status": {"type": "integer"}, "detail": text, "request_id": text,
                                  "errors": errors, "needed_scope": text, "resets_at": MOMENT, "version": {"type": "integer"},
                                  "error": text, "factors": {"type": "array", "items": text}}
    return {
        "Money": thing({"amount": TYPES["money"], "currency": text}),
        "Link": thing({"id": UUID, "reference": or_null(text), "title": or_null(text)}),
        "Exporting": thing({"id": UUID, "state": text, "done": {"type": "integer"}, "total": or_null({"type": "integer"}), "url": text}),
        "History": thing({"items": {"type": "array", "items": entry}}),
        "Errors": errors,
        "Problem": thing(problem, needed=("type", "title", "status", "detail", "request_id")),
    }


def schema_of(field: Field, *, shown: bool) -> Schema:
    """The schema of a field as it is shown, or as it is sent."""
    if shown and field.kind in SHOWN:
        found = ref(SHOWN[field.kind])
    else:
        found = {"type": "string", "enum": [c.value for c in field.choices]} if field.choices else dict(TYPES[field.kind])
        found["title"] = str(field.label)
        if field.max_length and not field.choices:
            found["maxLength"] = field.max_length
        if not shown:
            found |= {word: limit for word, limit in (("minimum", field.minimum), ("maximum", field.maximum))
                      if isinstance(limit, int) and found["type"] == "integer"}
    return found if field.required and (shown or field.default is None) else or_null(found)


def shown_schema(resource: Resource) -> Schema:
    """A record as the API gives it; `fields` narrows it to some of these."""
    fields = {n: schema_of(f, shown=True) for n, f in fields_of(resource.model).items()}
    properties = {"id": UUID, **fields, "archived_at": or_null(MOMENT), "version": {"type": "integer"}, "created_by": UUID}
    if tags.taggable(resource):
        properties["tags"] = {"type": "array", "items": {"type": "string"}, "description": "the names of its tags"}
    if resource.lines:
        inner = fields_of(resource.lines.model)
        rows = {n: or_null(_plain(inner[n])) for n in resource.lines.fields}
        properties["lines"] = {"type": "array", "items": thing(rows)}
    return thing(properties, needed=("id", "reference", "version"))


def _plain(field: Field) -> Schema:
    """A field of a line, which shows what is stored: the id of a linked record, an amount without its currency."""
    if field.kind == "reference":
        return dict(UUID)
    return {"type": "string", "enum": [c.value for c in field.choices]} if field.choices else dict(TYPES[field.kind])


def written_schema(resource: Resource, *, partial: bool = False) -> Schema:
    """A record as the API takes it; with `partial` as much of it as changes."""
    fields = {n: fields_of(resource.model)[n] for n in form_names(resource)}
    properties = {n: schema_of(f, shown=False) for n, f in fields.items()}
    if resource.lines:
        inner = {n: schema_of(f, shown=False) for n, f in fields_of(resource.lines.model).items() if n in resource.lines.fields}
        properties["lines"] = {"type": "array", "items": {"type": "object", "properties": inner, "additionalProperties": False}}
    needed = [n for n, f in fields.items() if f.required and f.default is None and f.widget != "currency"]
    return {"type": "object", "properties": properties, "required": [] if partial else needed, "additionalProperties": False}


def tagged_schema() -> Schema:
    """Which tags a record gets, and which it loses."""
    names = {"type": "array", "items": {"type": "string", "maxLength": tags.LONGEST}, "maxItems": tags.MOST}
    return {"type": "object", "properties": {"add": names, "remove": names}, "required": []}


def action_schema(action: Action) -> Schema:
    """What an action asks for."""
    fields: dict[str, Field] = dict(action.form.__fields__) if action.form else {}  # type: ignore[attr-defined]
    needed = [n for n, f in fields.items() if f.required and f.default is None and f.kind != "boolean"]
    return {"type": "object", "properties": {n: schema_of(f, shown=False) for n, f in fields.items()}, "required": needed}


def page_schema(resource: Resource) -> Schema:
    """A page of a list."""
    cursor = or_null({"type": "string"})
    return thing({"items": {"type": "array", "items": ref(resource.key)}, "next": cursor, "previous": cursor,
                  "count": {"type": "integer"}, "exact": {"type": "boolean"}})


def outcome_schema(resource: Resource) -> Schema:
    """What became of an action."""
    return thing({"state": {"type": "string", "enum": ["done", "parked"]}, "approval": or_null(UUID), "record": ref(resource.key)})


def many_schema(resource: Resource) -> Schema:
    """Many records in one call; `data` holds for all of them, that of an item for it alone."""
    content = ref(f"{resource.key}.partial") if _is_written(resource) else {"type": "object"}
    item = thing({"reference": {"type": "string"}, "version": {"type": "integer"}, "data": content}, needed=())
    return thing({"action": {"type": "string", "enum": together(resource)}, "data": {"type": "object"},
                  "items": {"type": "array", "minItems": 1, "maxItems": 500, "items": item}}, needed=("action", "items"))


def results_schema(resource: Resource) -> Schema:
    """What became of each of many, in the order in which they were sent."""
    number, text = {"type": "integer"}, {"type": "string"}
    result = {"reference": or_null(text), "state": {"type": "string", "enum": ["done", "parked", "refused"]}, "status": number,
              "approval": or_null(UUID), "record": or_null(ref(resource.key)), "detail": text, "errors": ref("Errors")}
    items = thing(result, needed=("reference", "state", "status", "approval", "record"))
    return thing({"items": {"type": "array", "items": items}, "done": number, "parked": number, "refused": number})


def schemas_of(resource: Resource) -> dict[str, Schema]:
    """All schemas of one resource, by name."""
    found = {resource.key: shown_schema(resource), f"{resource.key}.page": page_schema(resource)}
    if resource.form and resource.creatable:
        found[f"{resource.key}.write"] = written_schema(resource)
    if _is_written(resource):
        found[f"{resource.key}.partial"] = written_schema(resource, partial=True)
    if resource.actions or (resource.form and resource.editable):
        found[f"{resource.key}.outcome"] = outcome_schema(resource)
    if together(resource):
        found |= {f"{resource.key}.many": many_schema(resource), f"{resource.key}.results": results_schema(resource)}
    return found


def _is_written(resource: Resource) -> bool:
    return bool(resource.form and (resource.creatable or resource.editable))
