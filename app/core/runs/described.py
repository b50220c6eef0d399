"""What the description of the API says of runs, beside their records."""

from __future__ import annotations

from typing import Any

_TEXT, _MAYBE = {"type": "string"}, {"type": ["string", "null"]}
_OUTPUTS = {"type": "object", "properties": {
    "reference": _TEXT, "kind": _TEXT, "state": _TEXT, "inputs": {}, "steps": {}, "outputs": {}, "evidence_bundle": {},
    "evidence_hash": _MAYBE, "cost": _TEXT, "currency": _TEXT, "seconds": _MAYBE, "error": _MAYBE}}
_REFUSED = {code: {"$ref": "#/components/responses/Problem"} for code in ("401", "403", "404", "422", "429", "503")}

PATHS: dict[str, Any] = {"/{org}/runs/runs/{reference}/outputs": {
    "parameters": [{"$ref": "#/components/parameters/org"}, {"$ref": "#/components/parameters/reference"}],
    "get": {"operationId": "runs.run.outputs", "tags": ["runs"], "summary": "All that a run was given, did and found",
            "description": "Needs runs.run.view.", "security": [{"token": ["read_only"]}, {"app": ["read_only"]}],
            "responses": {"200": {"description": "The run", "content": {"application/json": {"schema": _OUTPUTS}}}, **_REFUSED}},
}}
