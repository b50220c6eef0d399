"""What the description of the API says of approvals."""

from __future__ import annotations

from typing import Any

from app.core.approvals.models import Verb
from app.core.approvals.queue import TABS

_TEXT, _NUMBER, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_REFUSED = {code: {"$ref": "#/components/responses/Problem"} for code in ("401", "403", "404", "409", "422", "429", "503")}
_ORG = [{"$ref": "#/components/parameters/org"}]
_AMOUNT = {"type": ["object", "null"], "properties": {"amount": _TEXT, "currency": _TEXT}}
_BRIEF = {"id": _TEXT, "reference": _TEXT, "resource": _TEXT, "record": _TEXT, "record_id": _TEXT, "action": _TEXT, "title": _TEXT,
          "state": _TEXT, "risk": _TEXT, "amount": _AMOUNT, "level": _NUMBER, "levels": _NUMBER, "due_at": _TEXT, "hash": _TEXT,
          "requested_by": _TEXT, "paused": _FLAG, "round": _NUMBER, "may_decide": _FLAG, "guard": _TEXT}
_DECIDED = {"reference": _TEXT, "record": _TEXT, "decision": _TEXT, "state": _TEXT, "repeated": _FLAG, "held_seconds": _NUMBER,
            "level": _NUMBER, "levels": _NUMBER}
_SENT = dict.fromkeys(("hash", "key", "reason", "member", "until", "word", "password"), _TEXT) | {"answers": {"type": "object"}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


def _operation(name: str, summary: str, scope: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"description": "Done", "content": {"application/json": {"schema": answer}}}
    return {"operationId": f"approvals.{name}", "tags": ["approvals"], "summary": summary, "description": "Needs membership.",
            "security": [{"token": [scope]}, {"app": [scope]}], "responses": {"200": given, **_REFUSED}, **more}


def _asked(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


PATHS: dict[str, Any] = {
    "/{org}/approvals/": {"parameters": _ORG, "get": _operation(
        "list", "What waits for you", "read_only",
        _object({"results": {"type": "array", "items": _object(_BRIEF)}, "next": {"type": ["string", "null"]}, "counts": _object({})}),
        parameters=[_asked("tab", {"type": "string", "enum": list(TABS)}), _asked("after", _TEXT), _asked("limit", _NUMBER)])},
    "/{org}/approvals/{reference}/": {
        "parameters": [*_ORG, {"$ref": "#/components/parameters/reference"}],
        "get": _operation("detail", "A request with what was shown, and its story", "read_only", _object(
            {**_BRIEF, "snapshot": {}, "flags": {}, "key": {"type": ["string", "null"]},
             "form": {"type": ["object", "null"]}, "filled": {"type": "array", "items": _object({})},
             "story": {"type": "array", "items": _object({})}}))},
    "/{org}/approvals/{reference}/decide": {
        "parameters": [*_ORG, {"$ref": "#/components/parameters/reference"}],
        "post": _operation("decide", "Answer a request", "write", _object(_DECIDED), requestBody={
            "required": True, "content": {"application/json": {"schema": {
                **_object({"decision": {"type": "string", "enum": [verb.value for verb in list(Verb)[:8]]}, **_SENT}),
                "required": ["decision"]}}}})},
}
