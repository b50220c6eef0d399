"""The API as a Postman collection (v2.1): a folder for each module, with variables for address, organisation and token."""

from __future__ import annotations

import json
from typing import Any

from app.resources.portal.calls import Call, calls, whole

SCHEMA = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json"
VARIABLES = {"org": "{{org}}"}


def collection(base: str, organisation: str = "") -> dict[str, Any]:
    """The whole collection; `base` is where the installation answers."""
    folders: dict[str, list[dict[str, Any]]] = {}
    for call in calls().values():
        folders.setdefault(call.tag, []).append(_item(call))
    labels = {tag["name"]: tag["description"] for tag in whole()["tags"]}
    variables = {"base_url": f"{base}/api/v1", "org": organisation, "token": "", "reference": ""}
    return {
        "info": {"name": "OpsFlux", "schema": SCHEMA, "version": whole()["info"]["version"], "description": whole()["info"]["description"]},
        "auth": {"type": "bearer", "bearer": [{"key": "token", "value": "{{token}}", "type": "string"}]},
        "variable": [{"key": name, "value": value, "type": "string"} for name, value in variables.items()],
        "item": [{"name": labels.get(tag, tag), "item": items} for tag, items in folders.items()],
    }


def _item(call: Call) -> dict[str, Any]:
    path = call.path.replace("{org}", "{{org}}").replace("{reference}", "{{reference}}")
    asked = [each for each in call.parameters if each["in"] == "query"]
    query = [{"key": each["name"], "value": "", "disabled": True, "description": each.get("description", "")} for each in asked]
    request: dict[str, Any] = {
        "method": call.method, "description": call.said.get("description", call.said["summary"]),
        "header": [{"key": name, "value": value} for name, value in call.headers.items() if name != "Authorization"],
        "url": {"raw": f"{{{{base_url}}}}{path}", "host": ["{{base_url}}"], "path": path.strip("/").split("/") + [""] * path.endswith("/"),
                "query": query},
    }
    if call.said.get("security") == []:
        request["auth"] = {"type": "noauth"}
    if call.body is not None:
        request["body"] = {"mode": "raw", "raw": json.dumps(call.body, indent=2, ensure_ascii=False),
                           "options": {"raw": {"language": "json"}}}
    return {"name": call.said["summary"], "request": request, "response": []}
