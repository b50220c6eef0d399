"""The headers that every response carries: content policy with a nonce, Trusted Types, and what else a browser may not do."""

from __future__ import annotations

import secrets

from flask import Flask, Response, current_app, g
from markupsafe import Markup

POLICY = (
    "default-src 'none'; script-src 'nonce-{nonce}'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; "
    "manifest-src 'self'; worker-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; "
    "require-trusted-types-for 'script'; trusted-types htmx worker"
)
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=(), camera=(self), payment=(), usb=()",
}
HSTS = "max-age=63072000; includeSubDomains"


def nonce() -> str:
    """The nonce of this response; fragments have one of their own, which the page's gate rewrites."""
    if "csp_nonce" not in g:
        g.csp_nonce = secrets.token_hex(16)
    found: str = g.csp_nonce
    return found


def hx() -> Markup:
    """Jinja: `<form hx-post="…" {{ hx() }}>`. Without it the element's htmx attributes are inert."""
    return Markup('hx-nonce="{}"').format(nonce())


def harden(response: Response) -> Response:
    """Put the headers on; pages with data are never stored."""
    response.headers.setdefault("Content-Security-Policy", POLICY.format(nonce=nonce()))
    for name, value in FIXED.items():
        response.headers.setdefault(name, value)
    if response.headers.get("Cache-Control", "no-cache") == "no-cache":  # as a file is sent that says nothing: kept, and asked for again
        response.headers["Cache-Control"] = "no-store"
    if not current_app.extensions["settings"].local:
        response.headers.setdefault("Strict-Transport-Security", HSTS)
    return response


def install_security(app: Flask) -> None:
    """Harden every response and give templates `hx()` and `nonce()`."""
    app.after_request(harden)
    app.jinja_env.globals.update(hx=hx, nonce=nonce)
