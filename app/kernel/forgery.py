"""Requests that another site makes a browser send: refused on every unsafe route, by origin and by token."""

from __future__ import annotations

import hmac
import secrets
from urllib.parse import urlsplit

from flask import Flask, current_app, request, session
from flask_babel import gettext as _

from app.kernel.errors import Forbidden
from app.kernel.faults import MACHINES

SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
KEPT_AS = "_csrf"
BYTES = 24


def csrf_token() -> str:
    """The session's token, masked anew each time so that compression tells nothing about it (BREACH)."""
    if KEPT_AS not in session:
        session[KEPT_AS] = secrets.token_hex(BYTES)
    mask = secrets.token_bytes(BYTES)
    return (mask + _mixed(mask, bytes.fromhex(session[KEPT_AS]))).hex()


def _mixed(left: bytes, right: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(left, right, strict=True))


def _unmasked(token: str) -> bytes:
    try:
        raw = bytes.fromhex(token)
    except ValueError:
        return b""
    return _mixed(raw[:BYTES], raw[BYTES:]) if len(raw) == 2 * BYTES else b""


def same_origin() -> bool:
    """Whether the browser says that the request comes from a page of ours (or says nothing, as tools do)."""
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    try:
        return origin is None or urlsplit(origin).netloc == request.host
    except ValueError:
        return False


def check() -> None:
    """Refuse an unsafe request that carries no token of this session; a bearer token where machines ask, or a signed address, is
    proof by itself. Pages look at the cookie alone, so there a header that anybody can write proves nothing.

    A view that takes what it needs from the body alone says `without_cookies`; where it looks at one after all, it calls `require_form`.
    """
    if request.method in SAFE or _comes_by_token():
        return
    view = current_app.view_functions.get(request.endpoint or "")
    if not (getattr(view, "signed_address", False) or getattr(view, "without_cookies", False)):
        require_form()


def _comes_by_token() -> bool:
    return request.path.startswith(MACHINES) and request.headers.get("Authorization", "").startswith("Bearer ")


def require_form() -> None:
    """Refuse what does not come from a page of ours, made for this session."""
    given = _unmasked(request.headers.get("X-CSRF-Token") or request.form.get("csrf_token", ""))
    expected = bytes.fromhex(session.get(KEPT_AS, ""))
    if not same_origin() or not expected or not hmac.compare_digest(given, expected):
        raise Forbidden(_("This form is too old or came from another site. Reload the page and send it again; what you typed is kept."))


def install_forgery(app: Flask) -> None:
    """Guard every unsafe route and give templates `csrf_token()`."""
    app.before_request(check)
    app.jinja_env.globals.update(csrf_token=csrf_token)
