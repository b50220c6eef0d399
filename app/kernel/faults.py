"""Error pages: designed, translated, with the request id; a toast for htmx, a problem document for the API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, Response, current_app, jsonify, make_response, render_template, request
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Refusal

MACHINES = ("/api/", "/scim/")
FRAMED = (403, 404)
MACHINE_FACTS = ("error", "needed_scope", "resets_at", "factors", "version")  # details of a refusal that a program reads
_dialects: dict[str, Callable[..., Response]] = {}


def speaks(start: str, answer: Callable[..., Response]) -> None:
    """Let the machines below an address have refusals in their own words: `answer(status, detail, **more)`."""
    _dialects[start] = answer


def wording(status: int) -> tuple[str, str, str]:
    """Title, advice and icon for a status."""
    said = {
        400: (_("This request cannot be read"), _("Go back, reload the page and try again."), "circle-x"),
        401: (_("Not signed in"), _("Sign in again, or send a valid token."), "lock"),
        403: (_("You may not do this"), _("Ask for access, or ask somebody who has it."), "lock"),
        404: (_("Not found"), _("It does not exist, was archived, or you may not see it. Check the address or search for it."), "search"),
        405: (_("This cannot be done here"), _("Go back and use the buttons of the page."), "ban"),
        409: (_("Somebody was faster"), _("The record has changed since the page was shown. Look at it again and decide."), "git-compare"),
        412: (_("Another version is there by now"),
              _("Read the record again, and repeat the change with its ETag in If-Match."), "git-compare"),
        413: (_("Too large"), _("Send a smaller file, or split it."), "file-plus"),
        422: (_("Something is missing or wrong"), _("Correct what is named and send it again. Nothing was changed."), "circle-alert"),
        428: (_("Say which version you change"), _("Send the ETag of the record in If-Match."), "git-compare"),
        429: (_("Too many attempts"), _("Wait a moment, then try again."), "hourglass"),
        500: (_("Something went wrong on our side"),
              _("Nothing was saved. It has been recorded; give the number below when you ask for help."), "octagon-alert"),
        503: (_("Not available at the moment"), _("A part that is needed is away. Nothing was lost; try again shortly."), "cloud-off"),
    }
    return said.get(status, said[400 if status < 500 else 500])


def problem(status: int, detail: str, **more: Any) -> Response:
    """RFC 9457 for machines, unless they speak something else."""
    for start, answer in _dialects.items():
        if request.path.startswith(start):
            return answer(status, detail, **more)
    response = jsonify(type="about:blank", title=wording(status)[0], status=status, detail=detail,
                       request_id=current.request_id, **more)
    response.status_code = status
    response.mimetype = "application/problem+json"
    return response


def fault(status: int, message: str = "", **more: Any) -> Response:
    """The answer to a request that was refused or failed, in the form that the asker reads."""
    title, advice, image = wording(status)
    if request.path.startswith(MACHINES):
        return problem(status, message or advice, **more)
    partial = request.headers.get("HX-Request-Type") == "partial"
    said = {"status": status, "title": title, "advice": advice, "image": image, "message": message, "errors": more.get("errors") or {},
            "typed": typed(status)}
    response = make_response(render_template("errors/toast.html", **said) if partial else _page(said), status)
    response.headers["Vary"] = "HX-Request, HX-Request-Type"
    return response


def _page(said: Mapping[str, Any]) -> str:
    """The page of a fault: where somebody may go on elsewhere, with the menu around it, unless that fails too or all of it is closed."""
    if said["status"] in FRAMED and current.has_organisation and current.is_signed_in and not current.organisation.is_closing:
        try:
            with session().no_autoflush:
                return render_template("errors/framed.html", **said)
        except Exception:  # whatever is away, the fault itself is said
            current_app.logger.warning("The menu of an error page could not be drawn.", exc_info=True)
    return render_template("errors/page.html", **said)


def typed(status: int) -> list[tuple[str, str]]:
    """What was typed into a form that could not be taken at the moment, so that its page can send it again; never a password or a file."""
    if status != 503 or request.method != "POST" or request.files or any("password" in name for name in request.form):
        return []
    return [(name, value) for name, value in request.form.items(multi=True) if name != "csrf_token"]


def refused(error: Refusal) -> Response:
    """A refusal of our own: its sentence is for the person."""
    errors = getattr(error, "errors", None)
    said = {name: error.details[name] for name in MACHINE_FACTS if name in error.details}
    response = fault(error.status, str(error), **({"errors": errors} if errors else {}), **said)
    if needed := error.details.get("needed_scope"):
        response.headers["WWW-Authenticate"] = f'Bearer error="insufficient_scope", scope="{needed}"'
    if retry := error.details.get("retry_after"):
        response.headers["Retry-After"] = str(retry)
    return response


def http_error(error: HTTPException) -> Any:
    """A refusal by the framework; redirects pass."""
    if error.code is None or error.code < 400:
        return error
    message = _("The file is larger than what is taken here.") if isinstance(error, RequestEntityTooLarge) else ""
    response = fault(error.code, message)
    for name, value in error.get_headers():
        if name.lower() not in ("content-type", "content-length"):
            response.headers.setdefault(name, value)
    return response


def crashed(_error: InternalServerError) -> Response:
    """Anything else: Flask has recorded it with its trace; the person sees the request's number."""
    return fault(500)


def install_faults(app: Flask) -> None:
    """Answer every error with a designed page."""
    app.register_error_handler(Refusal, refused)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(InternalServerError, crashed)
