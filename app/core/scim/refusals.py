"""Refusals in the words of SCIM (RFC 7644, 3.12): a status, a kind, a sentence."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Response

from app.kernel.errors import Refusal

MEDIA = "application/scim+json"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"
STATUSES = {422: 400}


class Refused(Refusal):
    """Something that SCIM has a word for: `kind` is its scimType, such as `invalidFilter`."""

    def __init__(self, kind: str, message: Any, status: int = 400) -> None:
        super().__init__(message)
        self.kind, self.status = kind, status


def said(status: int, detail: str, *, kind: str = "", errors: Any = None, **_more: Any) -> Response:
    """The body of a refusal. A value that cannot be taken is a bad request here."""
    kind = kind or ("invalidValue" if errors else "")
    body = {"schemas": [ERROR], "status": str(STATUSES.get(status, status)), "detail": detail, **({"scimType": kind} if kind else {})}
    return Response(orjson.dumps(body), STATUSES.get(status, status), mimetype=MEDIA)


def refused(error: Refused) -> Response:
    """The answer to a refusal of our own."""
    return said(error.status, str(error), kind=error.kind)
