"""A call of the API: the object that it sends; with its `Idempotency-Key` it is answered once, and repeated with no second effect."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, g, request
from flask_babel import gettext as _

from app.kernel import idempotency
from app.kernel.errors import Invalid

HEADER, REPLAYED, LONGEST = "Idempotency-Key", "Idempotency-Replayed", 200


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


def once(work: Callable[[], Response], again: Callable[[dict[str, Any]], None], content: bytes | None = None) -> Response:
    """Do the work, or give the answer that this token got for the same key, address and body (`content`, where not all of it may be kept).

    `again` is told what was answered before it is given again, and refuses whoever may not have it any more. A refusal of the work undoes
    the key with everything else, so that the call can be mended and sent again. Raises `Invalid` for a key that came with another body
    before.
    """
    given = request.headers.get(HEADER, "")
    if not given:
        return work()
    if len(given) > LONGEST:
        raise Invalid({HEADER: [_("At most %(most)d characters.", most=LONGEST)]})
    holder = g.entry.token_id or g.entry.session_id
    key = idempotency.scoped(given, "api", holder, request.method, request.path)
    first, earlier = idempotency.claim(key, request.get_data(cache=True) if content is None else content)
    if not first:
        again(earlier["body"])
        return _again(earlier)
    response = work()
    kept = {"status": response.status_code, "tag": response.headers.get("ETag", ""), "body": orjson.loads(response.get_data())}
    idempotency.answer(key, kept)
    return response


def _again(earlier: dict[str, Any]) -> Response:
    headers = {REPLAYED: "true", **({"ETag": str(earlier["tag"])} if earlier["tag"] else {})}
    return Response(orjson.dumps(earlier["body"]), int(str(earlier["status"])), headers=headers, mimetype="application/json")
