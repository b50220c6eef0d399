"""What the description of the API says of tokens: the two kinds, and where apps get theirs."""

from __future__ import annotations

from typing import Any

from app.core.auth.app_api import GRANTS
from app.core.auth.scopes import SCOPES

SCHEMES: dict[str, Any] = {
    "token": {"type": "http", "scheme": "bearer", "description": "A personal or a service token: 32 characters."},
    "app": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "An access token of 15 minutes, from /auth/token."},
}
_TEXT = {"type": "string"}
_SENT = {"grant_type": {"type": "string", "enum": list(GRANTS)}, "email": _TEXT, "password": _TEXT, "code": _TEXT,
         "refresh_token": _TEXT, "scope": {"type": "string", "enum": list(SCOPES)}}
_ISSUED = {"access_token": _TEXT, "token_type": _TEXT, "expires_in": {"type": "integer"}, "scope": _TEXT, "refresh_token": _TEXT,
           "refresh_expires_in": {"type": "integer"}}


def _post(name: str, summary: str, sent: dict[str, Any], needed: list[str], answer: dict[str, Any]) -> dict[str, Any]:
    body = {"schema": {"type": "object", "properties": sent, "required": needed}}
    refused = {code: {"$ref": "#/components/responses/Problem"} for code in ("401", "403", "422", "429")}
    given = {"schema": {"type": "object", "properties": answer}}
    return {"post": {"operationId": f"auth.{name}", "tags": ["auth"], "summary": summary, "security": [],
                     "requestBody": {"required": True, "content": {"application/json": body}},
                     "responses": {"200": {"description": "Done", "content": {"application/json": given}}, **refused}}}


PATHS: dict[str, Any] = {
    "/auth/token": _post("token", "Get an access token, or renew it: a refresh token works once", _SENT, ["grant_type"], _ISSUED),
    "/auth/revoke": _post("revoke", "Sign an app out", {"refresh_token": _TEXT}, ["refresh_token"], {}),
}
