"""The OpenAPI 3.1 description of the API, written from the registry."""

from __future__ import annotations

from typing import Any

from app.core import auth
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.binding import form_names
from app.resources.querying import filter_fields, sortable

TYPES: dict[str, dict[str, Any]] = {
    "text": {"type": "string"},
    "long_text": {"type": "string"},
    "email": {"type": "string", "format": "email"},
    "integer": {"type": "integer"},
    "decimal": {"type": "string", "format": "decimal"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "boolean": {"type": "boolean"},
    "file": {"type": "string", "format": "uuid"},
    "reference": {"type": "string", "description": "id or reference"},
    "money": {"type": "string", "format": "decimal"},
}
SHOWN = {"money": {"$ref": "#/components/schemas/Money"}, "reference": {"$ref": "#/components/schemas/Link"}}
ERRORS = {str(code): {"$ref": "#/components/responses/Problem"} for code in (401, 403, 404, 409, 422, 429, 503)}


def document(version: str = "1") -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, Any] = dict(auth.PATHS)
    schemas: dict[str, Any] = {
        "Money": {"type": "object", "properties": {"amount": TYPES["money"], "currency": {"type": "string"}}},
        "Link": {
            "type": ["object", "null"],
            "properties": {
                "id": {"type": "string", "format": "uuid"},
                "reference": {"type": ["string", "null"]},
                "title": {"type": ["string", "null"]},
            },
        },
        "Problem": {
            "type": "object",
            "properties": {
                "title": {"type": "string"},
                "needed_scope": {"type": "string"},
                "resets_at": TYPES["datetime"],
                "status": {"type": "integer"},
                "detail": {"type": "string"},
                "errors": {"type": "object"},
                "request_id": {"type": "string"},
            },
        },
    }
    for resource in registry:
        schemas[resource.key] = shown_schema(resource)
        schemas[f"{resource.key}.write"] = written_schema(resource)
        paths |= paths_of(resource)
    return {
        "openapi": "3.1.0",
        "info": {"title": "OpsFlux", "version": version},
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": auth.SCHEMES,
            "responses": {
                "Problem": {
                    "description": "What was wrong",
                    "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
                }
            },
        },
        "security": [{"token": []}, {"app": []}],
    }


def schema_of(field: Field, *, shown: bool) -> dict[str, Any]:
    """The JSON schema of a field as it is shown, or as it is sent."""
    if shown and field.kind in SHOWN:
        return dict(SHOWN[field.kind])
    found: dict[str, Any] = {"type": "string", "enum": [c.value for c in field.choices]} if field.choices else dict(TYPES[field.kind])
    found["title"] = str(field.label)
    if field.max_length and not field.choices:
        found["maxLength"] = field.max_length
    if not field.required and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
        if "enum" in found:
            found["enum"] = [*found["enum"], None]
    return found


def shown_schema(resource: Resource) -> dict[str, Any]:
    """A record as the API gives it."""
    fields = fields_of(resource.model)
    properties = {"id": {"type": "string", "format": "uuid"}, "version": {"type": "integer"}}
    return {"type": "object", "properties": properties | {n: schema_of(f, shown=True) for n, f in fields.items()}}


def written_schema(resource: Resource) -> dict[str, Any]:
    """A record as the API takes it."""
    fields = {n: fields_of(resource.model)[n] for n in form_names(resource)}
    properties = {n: schema_of(f, shown=False) for n, f in fields.items()}
    if resource.lines:
        inner = {n: schema_of(f, shown=False) for n, f in fields_of(resource.lines.model).items() if n in resource.lines.fields}
        properties["lines"] = {"type": "array", "items": {"type": "object", "properties": inner, "additionalProperties": False}}
    needed = [n for n, f in fields.items() if f.required and f.default is None and f.widget != "currency"]
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def paths_of(resource: Resource) -> dict[str, Any]:
    """The paths of one resource."""
    base = f"/{{org}}/{resource.module}/{resource.slug}"
    parameters = [{"name": "org", "in": "path", "required": True, "schema": {"type": "string"}}]
    record = [*parameters, {"name": "reference", "in": "path", "required": True, "schema": {"type": "string"}}]
    collection: dict[str, Any] = {
        "parameters": parameters,
        "get": _operation(resource, "list", "view", {"200": "A page of records"}, method="GET", query=_query(resource)),
    }
    shown = _operation(resource, "detail", "view", {"200": "The record"}, method="GET", shows=True)
    single: dict[str, Any] = {"parameters": record, "get": shown}
    if resource.form and resource.creatable:
        collection["post"] = _operation(
            resource, "create", "create", {"201": "Made", "202": "Made; what follows waits for approval"}, sends=True, shows=True
        )
    if resource.form and resource.editable:
        single["patch"] = _operation(resource, "update", "edit", {"200": "The record as it is now"}, sends=True, shows=True)
    found = {f"{base}/": collection, f"{base}/{{reference}}/": single}
    built_in = ("archive", "restore") if resource.form and resource.editable else ()
    for name in (*built_in, *(a.name for a in resource.actions)):
        found[f"{base}/{{reference}}/{name}"] = {
            "parameters": record,
            "post": _operation(resource, name, name, {"200": "Done", "202": "Waits for approval"}),
        }
    return found


def _operation(
    resource: Resource,
    name: str,
    verb: str,
    answers: dict[str, str],
    *,
    method: str = "POST",
    sends: bool = False,
    shows: bool = False,
    query: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": f"#/components/schemas/{resource.key}" if shows else "#/components/schemas/Answer"}}}
    operation: dict[str, Any] = {
        "operationId": f"{resource.key}.{name}",
        "tags": [resource.module],
        "summary": f"{resource.label}: {name}",
        "description": f"Needs {resource.permission(verb)}.",
        "security": [{scheme: [auth.needed_scope(resource.permission(verb), method)]} for scheme in auth.SCHEMES],
        "responses": {code: {"description": said, **({"content": content} if shows else {})} for code, said in answers.items()} | ERRORS,
    }
    if query:
        operation["parameters"] = query
    if sends:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{resource.key}.write"}}},
        }
    return operation


def _query(resource: Resource) -> list[dict[str, Any]]:
    names = ["q", "sort", "after", "before", "per_page", "archived", "import"]
    for name, field in filter_fields(resource).items():
        names += [name, *(f"{name}__{operator}" for operator in field.behaviour.operators)]
    described = {"sort": f"One of {', '.join(sorted(sortable(resource)))}; a leading - turns it round",
                 "import": "The reference of an import: only what it created or changed"}
    return [
        {"name": n, "in": "query", "schema": {"type": "string"}, **({"description": described[n]} if n in described else {})} for n in names
    ]
