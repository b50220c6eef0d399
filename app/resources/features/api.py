"""The JSON API: the same names, filters, visibility and door as the pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from flask import Response, request
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.core import access, audit
from app.kernel.current import current
from app.kernel.door import Outcome, perform_one
from app.kernel.errors import Invalid
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources.features.detail import fetch
from app.resources.labels import Label, gather
from app.resources.paging import page_of
from app.resources.querying import count, read
from app.resources.stages import lines_of


def answer(data: Any, status: int = 200, **headers: str) -> Response:
    """JSON, with the version of the record as its ETag where there is one."""
    return Response(orjson.dumps(data), status, headers=headers, mimetype="application/json")


def as_json(resource: Resource, record: Any, labels: Mapping[Any, Label], *, full: bool = False) -> dict[str, Any]:
    """A record: its fields by name; linked records as id, reference and title; money as a decimal string beside its currency."""
    data: dict[str, Any] = {"id": str(record.id), "reference": record.reference}
    for name, field in fields_of(resource.model).items():
        if name == "reference":
            continue
        value = field.to_json(record)
        if field.kind == "reference" and value is not None:
            label = labels.get(field.value(record))
            value = {"id": value, "reference": label.reference if label else None, "title": label.text if label else None}
        elif field.kind == "money" and value is not None:
            value = {"amount": value, "currency": field.currency_of(record)}
        data[name] = value
    data |= {
        "archived_at": record.archived_at.isoformat() if record.archived_at else None,
        "version": record.version,
        "created_by": str(record.created_by),
    }
    if full and resource.lines:
        fields = fields_of(resource.lines.model)
        data["lines"] = [{n: fields[n].to_json(line) for n in resource.lines.fields} for line in lines_of(resource.lines, record)]
    return data


def one(resource: Resource, record: Any, status: int = 200) -> Response:
    """A single record."""
    labels = gather(fields_of(resource.model).values(), [record])
    return answer(as_json(resource, record, labels, full=True), status, ETag=f'"{record.version}"')


def api_list(resource: Resource) -> Response:
    """A page of records: `items`, `next`, `previous`, `count` and whether it is exact."""
    access.require(current.user, resource.permission("view"))
    wanted = read(resource, request.args)
    page = page_of(wanted)
    total, exact = count(wanted)
    labels = gather(fields_of(resource.model).values(), page.records)
    audit.note_list(resource, len(page.records), request.query_string.decode("ascii", "replace"))
    return answer(
        {
            "items": [as_json(resource, r, labels) for r in page.records],
            "next": page.next or None,
            "previous": page.previous or None,
            "count": total,
            "exact": exact,
        }
    )


def api_detail(resource: Resource, reference: str) -> Response:
    """One record with its lines."""
    record = fetch(resource, reference)
    audit.note_read(resource, record)
    return one(resource, record)


def api_create(resource: Resource) -> Response:
    """Make a record: 201 with the record, 202 when what follows waits for approval."""
    outcome = perform_one(resource, "create", None, body(), key=request.headers.get("Idempotency-Key", ""), channel="api")
    return one(resource, outcome.record, 202 if outcome.state == "parked" else 201)


def api_update(resource: Resource, reference: str) -> Response:
    """Change some fields; `If-Match` with the version refuses to overwrite somebody else's change."""
    data = body()
    if tag := request.headers.get("If-Match", "").strip('W/"'):
        data = {**data, "version": tag}
    outcome = perform_one(resource, "edit", fetch(resource, reference), data, key=request.headers.get("Idempotency-Key", ""), channel="api")
    return one(resource, outcome.record)


def api_act(resource: Resource, reference: str, action: str) -> Response:
    """Archive, restore or a declared action: 200 when done, 202 when it waits for approval."""
    known = {a.name for a in resource.actions} | {"archive", "restore"}
    if action not in known:
        raise Invalid({"action": [_("Known actions: %(names)s.", names=", ".join(sorted(known)))]})
    outcome = perform_one(
        resource, action, fetch(resource, reference), body(), key=request.headers.get("Idempotency-Key", ""), channel="api"
    )
    return answer(said(resource, outcome), 202 if outcome.state == "parked" else 200)


def said(resource: Resource, outcome: Outcome) -> dict[str, Any]:
    """An outcome in JSON."""
    record = outcome.record
    return {
        "state": outcome.state,
        "approval": str(outcome.approval_id) if outcome.approval_id else None,
        "record": as_json(resource, record, gather(fields_of(resource.model).values(), [record]), full=True),
    }


def body() -> dict[str, Any]:
    """The JSON object that was sent; an empty body is an empty object."""
    raw = request.get_data(cache=True)
    if not raw.strip():
        return {}
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Invalid({"body": [_("This is not JSON: %(reason)s", reason=str(error)[:200])]}) from None
    if not isinstance(data, dict):
        raise Invalid({"body": [_("A JSON object is needed.")]})
    return data


Arguments = MultiDict[str, str] | Sequence[Any]
