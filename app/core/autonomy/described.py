"""What the description of the API says of proposals, beside their records."""

from __future__ import annotations

from typing import Any

_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
_SOURCE = {"type": "object", "properties": {"label": _TEXT, "url": _TEXT, "hash": _TEXT}}
_SENT = {"type": "object", "required": ["kind", "title", "text"], "properties": {
    "kind": _TEXT, "title": _TEXT, "text": _TEXT, "sources": {"type": "array", "items": _SOURCE}, "inputs": {"type": "object"},
    "confidence": _NUMBER, "cost": _NUMBER, "provider": _TEXT, "model": _TEXT}}
_MADE = {"type": "object", "properties": dict.fromkeys(("reference", "kind", "level", "status", "evidence_hash", "url"), _TEXT)}
_REFUSED = {code: {"$ref": "#/components/responses/Problem"} for code in ("401", "403", "422", "429", "503")}

PATHS: dict[str, Any] = {"/{org}/autonomy/propose": {
    "parameters": [{"$ref": "#/components/parameters/org"}],
    "post": {"operationId": "autonomy.propose", "tags": ["autonomy"], "summary": "Propose something",
             "description": "Needs autonomy.proposal.create.", "security": [{"token": ["write"]}, {"app": ["write"]}],
             "parameters": [{"$ref": "#/components/parameters/key"}],
             "requestBody": {"required": True, "content": {"application/json": {"schema": _SENT}}},
             "responses": {"201": {"description": "Made", "content": {"application/json": {"schema": _MADE}}}, **_REFUSED}},
}}
