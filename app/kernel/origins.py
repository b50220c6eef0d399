"""Other sites whose pages may ask the API: those listed in `CORS_ORIGINS`, with a token of their own and never with cookies."""

from __future__ import annotations

from flask import Flask, Response, current_app, request

API = "/api/"
METHODS = "GET, HEAD, POST, PATCH"
SENT = "Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-ID"
SHOWN = "ETag, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset, Retry-After, WWW-Authenticate, X-Request-ID"
KEPT = 600  # seconds for which a browser remembers the answer


def answer_preflight() -> Response | None:
    """A browser asks whether a page of another site may ask: nothing is looked at, and `allow` says what is allowed."""
    if request.method == "OPTIONS" and request.path.startswith(API) and "Access-Control-Request-Method" in request.headers:
        return Response("", 204)
    return None


def allow(response: Response) -> Response:
    """Let pages of the configured sites read the answer; those of any other are told nothing at all."""
    configured = current_app.extensions["settings"].cors_origins if request.path.startswith(API) else ()
    if not configured:
        return response
    response.vary.add("Origin")
    origin = request.headers.get("Origin", "")
    if origin not in configured:
        return response
    response.headers["Access-Control-Allow-Origin"] = origin
    response.headers["Access-Control-Expose-Headers"] = SHOWN
    if request.method == "OPTIONS":
        response.headers.update({"Access-Control-Allow-Methods": METHODS, "Access-Control-Allow-Headers": SENT,
                                 "Access-Control-Max-Age": str(KEPT)})
    return response


def install_origins(app: Flask) -> None:
    """Answer before anything else is asked of a request, and mark what is answered."""
    app.before_request(answer_preflight)
    app.after_request(allow)
