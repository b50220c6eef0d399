"""Many records in one call of the API: each has its own result, and what is refused of one leaves the others as they are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from flask_babel import gettext as _

from app.core import access, tags
from app.kernel.calls import body, once
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.door import Outcome, perform
from app.kernel.errors import Conflict, Invalid, NotFound, Refusal, Unavailable
from app.kernel.fields import fields_of
from app.kernel.manifest import Resource
from app.resources.features import acting
from app.resources.features.api import answer, as_json, overtaken, still
from app.resources.labels import gather
from app.resources.tagging import verb_of

OWN_DATA = ("create", "edit")


def together(resource: Resource) -> list[str]:
    """What one call may do to many records: make them, change each in its own way, and what pages do to many at once."""
    written = [verb for verb, may in (("create", resource.creatable), ("edit", resource.editable)) if may and resource.form]
    return list(dict.fromkeys([*written, *acting.together(resource)]))


def api_bulk(resource: Resource) -> Response:
    """`{"action", "items": [{"reference", "version", "data"}], "data"}`: 200 with `items` in the same order, each with its status."""
    access.require(current.user, resource.permission("view"))
    sent = body()
    action, items = str(sent.get("action", "")), _items(sent)
    if action not in together(resource):
        raise Invalid({"action": [_("Known actions: %(names)s.", names=", ".join(together(resource)))]})
    verb = verb_of(action)
    access.require(current.user, resource.permission(verb))
    if action != "create" and any(not isinstance(item.get("reference"), str) for item in items):
        raise Invalid({"items": [_("Each item names the reference of a record.")]})
    return once(lambda: _answered(resource, items, _done(resource, action, items, sent.get("data") or {})),
                lambda said: still(resource, verb, _told_of(said)))


def _told_of(said: Mapping[str, Any]) -> list[str]:
    """The references of the records that an answer shows."""
    return [item["record"]["reference"] for item in said["items"] if item["record"]]


def _items(sent: Mapping[str, Any]) -> list[dict[str, Any]]:
    items = sent.get("items")
    if not isinstance(items, list) or not items or not all(isinstance(item, dict) for item in items):
        raise Invalid({"items": [_("A list of objects is needed.")]})
    if len(items) > acting.BULK_LIMIT:
        raise Invalid({"items": [_("At most %(limit)d records at once; narrow the list.", limit=acting.BULK_LIMIT)]})
    if not isinstance(sent.get("data") or {}, dict) or not all(isinstance(item.get("data") or {}, dict) for item in items):
        raise Invalid({"data": [_("A JSON object is needed.")]})
    return items


def _done(resource: Resource, action: str, items: Sequence[dict[str, Any]], data: dict[str, Any]) -> list[Outcome]:
    targets = [] if action == "create" else [item["reference"] for item in items]
    if action in OWN_DATA:
        rows: Any = [data | (item.get("data") or {}) | _version(action, item) for item in items]
    else:
        rows, targets = data, list(dict.fromkeys(targets))
    try:
        with session().begin_nested():
            return perform(resource, action, targets, rows, each=True, channel="api")
    except Unavailable:
        raise
    except Refusal:
        if action != "create":
            raise
    return [_one(resource, row) for row in rows]


def _version(action: str, item: Mapping[str, Any]) -> dict[str, Any]:
    return {"version": item["version"]} if action == "edit" and "version" in item else {}


def _one(resource: Resource, row: dict[str, Any]) -> Outcome:
    """Make one record alone: one of all of them met what only the database knows, a key that is taken."""
    try:
        with session().begin_nested():
            return perform(resource, "create", (), row, channel="api")[0]
    except Unavailable:
        raise
    except Refusal as error:
        return Outcome("refused", error=error)


def _answered(resource: Resource, items: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome]) -> Response:
    shown = [outcome.record for outcome in outcomes if outcome.record is not None and outcome.state != "refused"]
    labels = gather(fields_of(resource.model).values(), shown)
    worn = tags.of_many(shown)
    names = [item.get("reference") for item in items]
    if len(outcomes) < len(names):
        names = list(dict.fromkeys(names))
    results = [_result(resource, name, outcome, labels, worn) for name, outcome in zip(names, outcomes, strict=True)]
    counts = {state: sum(1 for outcome in outcomes if outcome.state == state) for state in ("done", "parked", "refused")}
    return answer({"items": results, **counts})


def _result(resource: Resource, name: str | None, outcome: Outcome, labels: Mapping[Any, Any], worn: Mapping[Any, Any]) -> dict[str, Any]:
    if outcome.state == "refused":
        return {"reference": name, "state": "refused", "record": None, "approval": None, **_refused(outcome, name or "")}
    return {
        "reference": outcome.record.reference,
        "state": outcome.state,
        "status": 202 if outcome.state == "parked" else 200,
        "approval": str(outcome.approval_id) if outcome.approval_id else None,
        "record": as_json(resource, outcome.record, labels, worn),
    }


def _refused(outcome: Outcome, name: str) -> dict[str, Any]:
    error: Refusal = outcome.error or NotFound()
    if isinstance(error, Conflict) and "version" in error.details:
        error = overtaken(name, error.details["version"])
    return {"status": error.status, "detail": str(error), "errors": getattr(error, "errors", {})}
