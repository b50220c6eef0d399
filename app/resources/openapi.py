"""The OpenAPI 3.1 description of the API, written from the registry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.core import approvals, audit, auth, autonomy, runs, tags
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.resources.features.api_bulk import together
from app.resources.features.exporting import TYPES, ZIP
from app.resources.querying import filter_fields, sortable
from app.resources.schemas import Schema, action_schema, common, ref, schemas_of, tagged_schema
from app.resources.tagging import VERB, built_in

VERSION = "1.2"
TEXT: Schema = {"type": "string"}
ABOUT = ("Records of every module, with the names, filters, permissions and refusals of the pages. Each call carries a token: "
         "`Authorization: Bearer …`. A call that sends something may carry an `Idempotency-Key`: repeated within a day it gets its first "
         "answer again. A change names its version in `If-Match`. Refusals are `application/problem+json` with a request id.")
REFUSALS = {400: "Problem", 401: "Problem", 403: "Problem", 404: "Problem", 409: "Problem", 422: "Problem", 429: "TooMany", 503: "Problem"}


def document(version: str = VERSION) -> dict[str, Any]:
    """The whole description."""
    paths: dict[str, Any] = {**auth.PATHS, **approvals.PATHS, **audit.PATHS, **autonomy.PATHS, **runs.PATHS}
    schemas = common()
    for resource in registry:
        schemas |= schemas_of(resource)
        paths |= paths_of(resource)
    used = {tag for path in paths.values() for operation in operations(path).values() for tag in operation["tags"]}
    return {
        "openapi": "3.1.0",
        "info": {"title": "OpsFlux", "version": version, "description": ABOUT},
        "servers": [{"url": "/api/v1"}],
        "tags": [{"name": m.name, "description": str(m.label)} for m in registry.modules.values() if m.name in used],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": auth.SCHEMES, "parameters": PARAMETERS, "headers": HEADERS,
                       "responses": RESPONSES},
        "security": [{"token": []}, {"app": []}],
    }


def operations(path: Mapping[str, Any]) -> dict[str, Any]:
    """The operations of a path, by method."""
    return {method: path[method] for method in ("get", "post", "patch") if method in path}


def _header(description: str, kind: str) -> Schema:
    return {"description": description, "schema": {"type": kind}}


HEADERS: dict[str, Schema] = {
    "RateLimit-Limit": _header("How many requests the token has in each hour", "integer"),
    "RateLimit-Remaining": _header("How many are left of them", "integer"),
    "RateLimit-Reset": _header("Seconds until the count begins anew", "integer"),
    "Retry-After": _header("Seconds to wait", "integer"),
    "ETag": _header("The version of the record, for If-Match and If-None-Match", "string"),
    "Idempotency-Replayed": _header("true where this is the first answer again", "string"),
}
PARAMETERS: dict[str, Schema] = {
    "org": {"name": "org", "in": "path", "required": True, "schema": TEXT, "description": "The address of the organisation"},
    "reference": {"name": "reference", "in": "path", "required": True, "schema": TEXT, "description": "The reference of the record"},
    "fields": {"name": "fields", "in": "query", "schema": TEXT, "description": "Names of fields, separated by commas: only those"},
    "key": {"name": "Idempotency-Key", "in": "header", "schema": {**TEXT, "maxLength": 200},
            "description": "A text of your own; repeated with it, the call has no second effect"},
    "match": {"name": "If-Match", "in": "header", "required": True, "schema": TEXT,
              "description": "The ETag of the version that is changed; * overwrites whatever is there"},
    "may_match": {"name": "If-Match", "in": "header", "schema": TEXT, "description": "The ETag of the version that is meant"},
    "none_match": {"name": "If-None-Match", "in": "header", "schema": TEXT, "description": "The ETag of the version that you have"},
}
LIMITS = {name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")}
_PROBLEM = {"application/problem+json": {"schema": ref("Problem")}}
RESPONSES: dict[str, Any] = {
    "Problem": {"description": "What was wrong", "content": _PROBLEM},
    "TooMany": {"description": "More requests than the token has in this hour", "content": _PROBLEM,
                "headers": {**LIMITS, "Retry-After": {"$ref": "#/components/headers/Retry-After"}}},
}


EXPORT: dict[str, tuple[Schema, str]] = {
    "format": ({**TEXT, "enum": list(TYPES)}, "csv when nothing is said"),
    "columns": (TEXT, "Names of fields, separated by commas: only those, in this order"),
    "zip": ({**TEXT, "enum": ["0", "1"]}, "1 for a ZIP; from 50,000 records on it is one unless 0 is said"),
    "export_reason": (TEXT, "Why; needed where the records are confidential"),
}
NOTHING: Schema = {"type": "object", "properties": {}, "required": []}
ROWS: Schema = {"type": "array", "items": {"type": "object"}}
_FILE: Schema = {"description": "The file", "headers": {**LIMITS}, "content": {
    kind.partition(";")[0]: {"schema": ROWS if kind == TYPES["json"] else {**TEXT, "format": "binary"}} for kind in (*TYPES.values(), ZIP)}}


def paths_of(resource: Resource) -> dict[str, Any]:
    """The paths of one resource."""
    base = f"/{{org}}/{resource.module}/{resource.slug}"
    place, record = _used("org"), _used("org", "reference")
    return {
        f"{base}/": {"parameters": place, **_collection(resource)},
        **_exports(resource, f"{base}/export", place),
        **_many(resource, f"{base}/bulk", place),
        f"{base}/{{reference}}/": {"parameters": record, **_single(resource)},
        f"{base}/{{reference}}/history": {"parameters": record, "get": operation(
            resource, "history", "view", {"200": ("What happened to it, newest first", "History")}, method="GET")},
        **_actions(resource, f"{base}/{{reference}}", record),
    }


def _collection(resource: Resource) -> dict[str, Any]:
    page = {"200": ("A page of records", f"{resource.key}.page")}
    found = {"get": operation(resource, "list", "view", page, method="GET", parameters=[*_used("fields"), *_query(resource)])}
    if resource.form and resource.creatable:
        made = {"201": ("Made", resource.key), "202": ("Made; what follows waits for approval", resource.key)}
        found["post"] = operation(resource, "create", "create", made, sends=ref(f"{resource.key}.write"), tagged=True)
    return found


def _single(resource: Resource) -> dict[str, Any]:
    shown = {"200": ("The record", resource.key), "304": ("You have this version", "")}
    found = {"get": operation(resource, "detail", "view", shown, method="GET", parameters=_used("fields", "none_match"), tagged=True)}
    if resource.form and resource.editable:
        changed = {"200": ("The record as it is now", resource.key)}
        found["patch"] = operation(resource, "update", "edit", changed, method="PATCH", sends=ref(f"{resource.key}.partial"), tagged=True,
                                   parameters=_used("match"), refusals={412: "Problem", 428: "Problem"})
    return found


def _many(resource: Resource, address: str, place: list[Schema]) -> dict[str, Any]:
    if not together(resource):
        return {}
    results = {"200": ("What became of each, in the same order", f"{resource.key}.results")}
    return {address: {"parameters": place, "post": operation(resource, "bulk", "view", results, sends=ref(f"{resource.key}.many"))}}


def _exports(resource: Resource, address: str, place: list[Schema]) -> dict[str, Any]:
    """The records of the list as a file, and the place of one that takes longer."""
    if not resource.exportable:
        return {}
    options: list[Schema] = [{"name": name, "in": "query", "schema": schema, "description": said}
                             for name, (schema, said) in EXPORT.items()]
    paged = ("after", "before", "per_page")
    wanted = [each for each in _query(resource) if each["name"] not in paged]
    asked = operation(resource, "export", "export", {"202": ("Being written; ask at its address", "Exporting")}, method="GET",
                      parameters=[*options, *wanted])
    later = operation(resource, "exported", "export", {"202": ("Still being written", "Exporting")}, method="GET")
    for each in (asked, later):
        each["responses"] = {"200": _FILE, **each["responses"]}
    job = {"name": "job_id", "in": "path", "required": True, "schema": {**TEXT, "format": "uuid"}, "description": "The id of the export"}
    return {address: {"parameters": place, "get": asked}, f"{address}/{{job_id}}": {"parameters": [*place, job], "get": later}}


def _actions(resource: Resource, base: str, record: list[Schema]) -> dict[str, Any]:
    found = {}
    for name, verb in (built_in(resource) | {a.name: a.name for a in resource.actions}).items():
        action = resource.action(name)
        answers = {"200": ("Done", f"{resource.key}.outcome"), "202": ("Waits for approval", f"{resource.key}.outcome")}
        sent = action_schema(action) if action else tagged_schema() if name == VERB else dict(NOTHING)
        found[f"{base}/{name}"] = {"parameters": record, "post": operation(
            resource, name, verb, answers, sends=sent, parameters=_used("may_match"), refusals={412: "Problem"})}
    return found


def operation(resource: Resource, name: str, verb: str, answers: Mapping[str, tuple[str, str]], *, method: str = "POST",
              sends: Schema | None = None, parameters: list[Schema] | None = None, tagged: bool = False,
              refusals: Mapping[int, str] | None = None) -> dict[str, Any]:
    """One operation: what it needs, takes and answers; `tagged` answers carry the version of the record."""
    permission = resource.permission(verb)
    found: dict[str, Any] = {
        "operationId": f"{resource.key}.{name}",
        "tags": [resource.module],
        "summary": f"{resource.label}: {name}",
        "description": f"Needs {permission}.",
        "security": [{scheme: [auth.needed_scope(permission, method)]} for scheme in auth.SCHEMES],
        "responses": {code: _response(said, schema, tagged=tagged) for code, (said, schema) in answers.items()}
        | {str(code): {"$ref": f"#/components/responses/{said}"} for code, said in (REFUSALS | dict(refusals or {})).items()},
    }
    asked = [*(parameters or ()), *(_used("key") if method != "GET" else ())]
    if asked:
        found["parameters"] = asked
    if sends is not None:
        found["requestBody"] = {"required": bool(sends.get("required", True)), "content": {"application/json": {"schema": sends}}}
    return found


def _response(said: str, schema: str, *, tagged: bool) -> Schema:
    headers = LIMITS | ({"ETag": {"$ref": "#/components/headers/ETag"}} if tagged else {})
    return {"description": said, "headers": headers, **({"content": {"application/json": {"schema": ref(schema)}}} if schema else {})}


def _used(*names: str) -> list[Schema]:
    return [{"$ref": f"#/components/parameters/{name}"} for name in names]


def _query(resource: Resource) -> list[Schema]:
    described = {"q": "Words to search for; also is:archived and field:value",
                 "sort": f"One of {', '.join(sorted(sortable(resource)))}; a leading - turns it round",
                 "after": "The cursor `next` of the page before", "before": "The cursor `previous` of the page after",
                 "per_page": "At most 200; 50 when nothing is said", "archived": "1 for what is archived",
                 "import": "The reference of an import: only what it created or changed",
                 **({"tag": "The name of a tag; said more than once, what wears all of them"} if tags.taggable(resource) else {})}
    found: list[Schema] = [{"name": name, "in": "query", "schema": TEXT, "description": said} for name, said in described.items()]
    filters = [f"{name}__{operator}" if operator else name for name, field in filter_fields(resource).items()
               for operator in ("", *field.behaviour.operators)]
    return found + [{"name": name, "in": "query", "schema": {"type": "array", "items": TEXT}, "explode": True, "style": "form"}
                    for name in filters]
