"""What the description of the API says of approvals."""

from __future__ import annotations

from typing import Any

from app.core.approvals.consulting import STANCES
from app.core.approvals.decisions import PERSONAL
from app.core.approvals.models import Verb
from app.core.approvals.queue import TABS

_TEXT, _NUMBER, _FLAG = {"type": "string"}, {"type": "integer"}, {"type": "boolean"}
_REFUSED = {code: {"$ref": "#/components/responses/Problem"} for code in ("401", "403", "404", "409", "422", "429", "503")}
_SOME_TEXT = {"type": ["string", "null"]}
_ORG = [{"$ref": "#/components/parameters/org"}]
_AMOUNT = {"type": ["object", "null"], "properties": {"amount": _TEXT, "currency": _TEXT}}
_BRIEF = {"id": _TEXT, "reference": _TEXT, "resource": _TEXT, "record": _TEXT, "record_id": _TEXT, "action": _TEXT, "title": _TEXT,
          "state": _TEXT, "risk": _TEXT, "amount": _AMOUNT, "level": _NUMBER, "levels": _NUMBER, "due_at": _TEXT, "hash": _TEXT,
          "requested_by": _TEXT, "paused": _FLAG, "round": _NUMBER, "may_decide": _FLAG, "guard": _TEXT}
_DECIDED = {"reference": _TEXT, "record": _TEXT, "decision": _TEXT, "state": _TEXT, "repeated": _FLAG, "held_seconds": _NUMBER,
            "level": _NUMBER, "levels": _NUMBER}
_ANSWERS = {"type": "object", "additionalProperties": True,
            "description": "By the names of the form's questions; rows as a list of objects"}
_DECISION = {"type": "string", "enum": [verb.value for verb in Verb if verb in PERSONAL]}
_SENT = {**dict.fromkeys(("hash", "key", "reason", "member", "until", "word", "password"), _TEXT),
         "stance": {"type": "string", "enum": list(STANCES)}, "answers": _ANSWERS,
         "changes": {"type": "object", "additionalProperties": True, "description": "Fields that are changed while approving, by name"}}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": properties}


_QUESTION = {"name": _TEXT, "label": _TEXT, "kind": _TEXT, "required": _FLAG, "choices": _object({})}
_FORM = {"type": ["object", "null"], "description": "The form that you are asked to fill in at this step", "properties": {
    "code": _TEXT, "title": _TEXT,
    "questions": {"type": "array", "items": _object({**_QUESTION, "columns": {"type": "array", "items": _object(_QUESTION)}})}}}
_FILLED = {"type": "array", "items": _object({
    "form": _SOME_TEXT, "title": _TEXT, "by": _TEXT, "at": _TEXT, "level": _NUMBER, "answers": _ANSWERS})}
_STORY = {"type": "array", "items": _object({
    "verb": {"type": "string", "enum": [verb.value for verb in Verb]}, "by": _TEXT, "on_behalf_of": _SOME_TEXT, "at": _TEXT,
    "reason": _TEXT, "hash": _TEXT, "round": _NUMBER, "level": _NUMBER, "to": {},
    "opinion": {"type": ["string", "null"], "enum": [*STANCES, None]}})}


def _operation(name: str, summary: str, scope: str, answer: dict[str, Any], **more: Any) -> dict[str, Any]:
    given = {"description": "Done", "content": {"application/json": {"schema": answer}}}
    return {"operationId": f"approvals.{name}", "tags": ["approvals"], "summary": summary, "description": "Needs membership.",
            "security": [{"token": [scope]}, {"app": [scope]}], "responses": {"200": given, **_REFUSED}, **more}


def _asked(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "in": "query", "schema": schema}


PATHS: dict[str, Any] = {
    "/{org}/approvals/": {"parameters": _ORG, "get": _operation(
        "list", "What waits for you", "read_only",
        _object({"results": {"type": "array", "items": _object(_BRIEF)}, "next": _SOME_TEXT, "counts": _object({})}),
        parameters=[_asked("tab", {"type": "string", "enum": list(TABS)}), _asked("after", _TEXT), _asked("limit", _NUMBER)])},
    "/{org}/approvals/{reference}/": {
        "parameters": [*_ORG, {"$ref": "#/components/parameters/reference"}],
        "get": _operation("detail", "A request with what was shown, and its story", "read_only", _object(
            {**_BRIEF, "snapshot": {}, "flags": {}, "key": _SOME_TEXT,
             "form": _FORM, "filled": _FILLED, "story": _STORY}))},
    "/{org}/approvals/{reference}/decide": {
        "parameters": [*_ORG, {"$ref": "#/components/parameters/reference"}],
        "post": _operation("decide", "Answer a request", "write", _object(_DECIDED), parameters=[{"$ref": "#/components/parameters/key"}],
                           requestBody={"required": True, "content": {"application/json": {"schema": {
                               **_object({"decision": _DECISION, **_SENT}),
                               "required": ["decision"]}}}})},
}
