"""Somebody's browser over the network: keeps cookies, sends the page's token along, comes from an address."""

from __future__ import annotations

import http.client
import http.cookiejar
import re
import ssl
import urllib.error
import urllib.parse
import urllib.request
import uuid
from dataclasses import dataclass
from functools import partial
from typing import Any

TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    text: str


class _Direct(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_arguments: Any) -> None:
        return None


class Browser:
    """One browser on one address; `source` is where it calls from, `trust` the certificate that it believes."""

    def __init__(self, base: str, *, source: str = "127.0.0.1", trust: str | None = None) -> None:
        self.base, self.cookies = base, http.cookiejar.CookieJar()
        connect: dict[str, Any] = {"source_address": (source, 0)}
        plain, secure = urllib.request.HTTPHandler(), urllib.request.HTTPSHandler()
        context = ssl.create_default_context(cafile=trust)
        plain.http_open = lambda r: plain.do_open(partial(http.client.HTTPConnection, **connect), r)  # type: ignore[method-assign]
        secure.https_open = lambda r: secure.do_open(  # type: ignore[method-assign]
            partial(http.client.HTTPSConnection, context=context, **connect), r)
        self._opener = urllib.request.build_opener(plain, secure, _Direct(), urllib.request.HTTPCookieProcessor(self.cookies))

    def send(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None, limit: float = 60) -> Answer:
        """Send a request and give whatever comes back; redirects are not followed."""
        request = urllib.request.Request(self.base + path, data=body, method=method, headers=headers or {})
        try:
            with self._opener.open(request, timeout=limit) as response:
                return Answer(response.status, response.headers, response.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read().decode())

    def get(self, path: str, **headers: str) -> Answer:
        """Look at a page."""
        return self.send("GET", path, headers=headers)

    def post(self, page: str, fields: dict[str, str], to: str = "", *, files: dict[str, tuple[str, bytes]] | None = None) -> Answer:
        """Send the form of a page, with its token; `to` is its address where that is another one."""
        found = TOKEN.search(self.get(page).text)
        assert found, f"{page} has no form"
        values = fields | {"csrf_token": found[1]}
        if files is None:
            return self.form(to or page, values)
        kind, body = _multipart(values, files)
        return self.send("POST", to or page, body, {"Content-Type": kind})

    def form(self, path: str, fields: dict[str, str]) -> Answer:
        """Send these fields, whatever page they come from."""
        return self.send("POST", path, urllib.parse.urlencode(fields).encode())

    def hold(self, name: str, value: str) -> None:
        """Put a cookie in, as if the address had set it."""
        self.cookies.set_cookie(http.cookiejar.Cookie(
            0, name, value, None, False, "localhost.local", False, False, "/", True, False, None, False, None, None, {}))

    def sign_in(self, email: str, password: str) -> Answer:
        """Sign in by the form."""
        return self.post("/sign-in", {"email": email, "password": password})

    def cookie(self, name: str) -> http.cookiejar.Cookie:
        """One of the cookies that it holds."""
        return next(each for each in self.cookies if each.name == name)


def _multipart(fields: dict[str, str], files: dict[str, tuple[str, bytes]]) -> tuple[str, bytes]:
    mark = uuid.uuid4().hex
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode() for name, value in fields.items()]
    for name, (filename, content) in files.items():
        head = f'--{mark}\r\nContent-Disposition: form-data; name="{name}"; filename="{filename}"\r\n'
        parts.append(f"{head}Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
    return f"multipart/form-data; boundary={mark}", b"".join([*parts, f"--{mark}--\r\n".encode()])
