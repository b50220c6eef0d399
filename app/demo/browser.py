"""A plain browser for the demo's people: pages, forms and cookies over HTTP, as with JavaScript off."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
Fields = Mapping[str, str] | Sequence[tuple[str, str]]


class RefusedError(Exception):
    """The product answered with an error page; the text says which."""


@dataclass(frozen=True)
class Page:
    """An answer: where it came from in the end, its status, type and bytes."""

    url: str
    status: int
    kind: str
    body: bytes

    @property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode("utf-8", "replace")

    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    def field(self, name: str) -> str:
        """The value of a hidden field; empty when there is none."""
        found = re.search(rf'name="{re.escape(name)}" value="([^"]*)"', self.text)
        return html.unescape(found[1]) if found else ""

    def action(self, within: str = "") -> str:
        """The address of the first form after the text `within`."""
        found = re.compile(r'<form[^>]*\baction="([^"]+)"').search(self.text, max(self.text.find(within), 0))
        return html.unescape(found[1]) if found else ""


class Browser:
    """One person at one browser."""

    def __init__(self, base: str) -> None:
        self.base, self._token = base, ""
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), _Redirects())
        self._opener.addheaders = [("User-Agent", "opsflux-demo"), ("Accept", "text/html,application/json;q=0.9,*/*;q=0.1"),
                                   ("Accept-Language", "en")]

    def sign_in(self, email: str, password: str) -> Page:
        """Sign in by the form; raises `RefusedError` when it is not accepted."""
        self.get("/sign-in")
        page = self.post("/sign-in", {"email": email, "password": password})
        if page.url.endswith("/sign-in"):
            raise RefusedError(f"{email} could not sign in")
        return page

    def get(self, path: str) -> Page:
        """Open a page."""
        return self._open(_request(urljoin(self.base, path)))

    def post(self, path: str, fields: Fields, file: tuple[str, str, bytes] | None = None) -> Page:
        """Send a form with the token of the last page; `file` is (field, name, bytes)."""
        pairs = [("csrf_token", self._token), *(fields.items() if isinstance(fields, Mapping) else fields)]
        if file is None:
            data, kind = urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        else:
            data, kind = _multipart(pairs, file)
        return self._open(_request(urljoin(self.base, path), data, {"Content-Type": kind, "Origin": self.base}))

    def _open(self, request: Request) -> Page:
        try:
            with self._opener.open(request, timeout=120) as answer:
                page = Page(answer.geturl(), answer.status, answer.headers.get_content_type(), answer.read())
        except HTTPError as error:
            page = Page(error.url or "", error.code, error.headers.get_content_type(), error.read())
        if found := TOKEN.search(page.text if page.kind == "text/html" else ""):
            self._token = html.unescape(found[1])
        return page


class _Redirects(HTTPRedirectHandler):
    """Follows as browsers do: after a POST the next request is a GET, without a body."""

    def redirect_request(self, req: Request, _fp: Any, _code: int, _msg: str, _headers: Any, newurl: str) -> Request:
        """The request that follows."""
        return _request(newurl, None, {key: value for key, value in req.headers.items() if key.lower() not in ("content-type", "origin")})


def _request(url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Request:
    return Request(url, data, dict(headers or {}))  # noqa: S310 -- only ever the demo's own address


def _multipart(pairs: Sequence[tuple[str, str]], file: tuple[str, str, bytes]) -> tuple[bytes, str]:
    mark, (field, name, content) = secrets.token_hex(16), file
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in pairs]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
