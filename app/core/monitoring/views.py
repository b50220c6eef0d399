"""What machines ask of an installation: is it alive, is it ready, which version is it, whom to tell of a hole."""

from __future__ import annotations

from datetime import timedelta

from flask import Blueprint, Response, current_app, jsonify
from werkzeug.exceptions import RequestEntityTooLarge

from app.core.monitoring.health import is_ready, readiness
from app.kernel import clock
from app.kernel.faults import http_error
from app.kernel.release import release

screens = Blueprint("monitoring", __name__)


@screens.get("/healthz")
def alive() -> Response:
    """The process answers."""
    return jsonify(status="ok")


@screens.get("/readyz")
def ready() -> Response:
    """Requests can be served: 200, or 503 with what is missing."""
    parts = readiness()
    response = jsonify(status="ok" if is_ready(parts) else "not ready", parts=parts)
    if not is_ready(parts):
        response.status_code = 503
        response.headers["Retry-After"] = "5"
    return response


@screens.get("/.too-large")
@screens.get("/api/.too-large")
def too_large() -> Response:
    """What the proxy in front shows in place of its own page when it refuses a body by its size."""
    return http_error(RequestEntityTooLarge())


@screens.get("/version")
def which() -> Response:
    """The version of the product."""
    return jsonify(name="OpsFlux", version=release())


@screens.get("/.well-known/security.txt")
def security() -> Response:
    """Whom to tell of a hole (RFC 9116)."""
    base = current_app.extensions["settings"].base_url
    expires = (clock.now() + timedelta(days=180)).strftime("%Y-%m-%dT00:00:00Z")
    lines = [f"Contact: mailto:security@{base.partition('://')[2].partition(':')[0]}", f"Expires: {expires}",
             "Preferred-Languages: en, fr", f"Canonical: {base}/.well-known/security.txt"]
    return Response("\n".join(lines) + "\n", mimetype="text/plain")


for _view in (alive, ready, too_large, which, security):
    _view.needs = "public"  # type: ignore[attr-defined]
