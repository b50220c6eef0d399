"""What the description of the API says of the trail."""

from __future__ import annotations

from typing import Any

from app.core.audit.asking import NAMES

_TEXT = {"type": "string"}
_WORDS = {"type": "object", "properties": dict.fromkeys(("who", "email", "place", "device", "said"), _TEXT)}
_ENTRY = {"type": "object", "properties": {"entry": {"type": "object"}, "digest": _TEXT, "words": _WORDS}}
_PAGE = {"type": "object", "properties": {"items": {"type": "array", "items": _ENTRY}, "next": {"type": ["string", "null"]}}}
_REFUSED = {code: {"$ref": "#/components/responses/Problem"} for code in ("401", "403", "422", "429", "503")}

PATHS: dict[str, Any] = {"/{org}/audit/entries/": {
    "parameters": [{"$ref": "#/components/parameters/org"}],
    "get": {"operationId": "audit.entry.list", "tags": ["audit"], "summary": "The entries of the trail",
            "description": "Needs audit.entry.view.",
            "security": [{"token": ["read_only"]}, {"app": ["read_only"]}],
            "parameters": [{"name": name, "in": "query", "schema": _TEXT} for name in (*NAMES, "before")],
            "responses": {"200": {"description": "A page of entries", "content": {"application/json": {"schema": _PAGE}}}, **_REFUSED}},
}}
