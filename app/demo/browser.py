"""A plain browser for the demo's people: pages, forms and cookies over HTTP, as with JavaScript off."""

from __future__ import annotations

import html
import json
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from html.parser import HTMLParser
from http.cookiejar import CookieJar
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode, urljoin, urlsplit
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

    def form(self, ending: str) -> Form:
        """The first form whose address ends so, as it would be sent. Raises `RefusedError` when the page has none."""
        reader = _FormReader()
        reader.feed(self.text)
        found = next((form for form in reader.forms if urlsplit(form.action).path.endswith(ending)), None)
        if found is None:
            raise RefusedError(f"{self.url} ({self.status}) has no form that goes to …{ending}")
        return found

    def has_form(self, ending: str) -> bool:
        """Whether there is such a form."""
        return re.search(rf'action="[^"]*{re.escape(ending)}(\?[^"]*)?"', self.text) is not None


@dataclass
class Form:
    """A form as it stands on its page: address, and the fields that have a value."""

    action: str
    fields: list[tuple[str, str]] = dataclass_field(default_factory=list)
    options: dict[str, list[tuple[str, str]]] = dataclass_field(default_factory=dict)

    def with_(self, **changes: str) -> list[tuple[str, str]]:
        """Its fields, some of them filled in anew."""
        return [(name, value) for name, value in self.fields if name not in changes] + list(changes.items())


class _FormReader(HTMLParser):
    """Collects forms with inputs, chosen options and texts."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._select = self._chosen = self._option = ""
    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """A form begins, a field stands in it, an option is offered."""
        said = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(said.get("action", "")))
        elif not self.forms:
            return
        elif tag == "input" and said.get("name") and said.get("type") not in ("file", "submit"):
            if said.get("type") not in ("checkbox", "radio") or "checked" in said:
                self.forms[-1].fields.append((said["name"], said.get("value", "")))
        elif tag == "select":
            self._select, self._chosen = said.get("name", ""), ""
            self.forms[-1].options[self._select] = []
        elif tag == "option" and self._select:
            self._option = said.get("value", "")
            self.forms[-1].options[self._select].append((self._option, ""))
            if "selected" in said:
                self._chosen = self._option

    def handle_data(self, data: str) -> None:
        """The words of an option."""
        if self._select and self.forms[-1].options[self._select]:
            value, text = self.forms[-1].options[self._select][-1]
            self.forms[-1].options[self._select][-1] = (value, text + data)

    def handle_endtag(self, tag: str) -> None:
        """A choice is complete: what is selected, or the first."""
        if tag == "select" and self._select:
            offered = [(value, " ".join(text.split())) for value, text in self.forms[-1].options[self._select]]
            self.forms[-1].options[self._select] = offered
            self.forms[-1].fields.append((self._select, self._chosen or (offered[0][0] if offered else "")))
            self._select = ""


class Browser:
    """One person at one browser."""

    def __init__(self, base: str) -> None:
        self.base, self._token = base, ""
        cookies = HTTPCookieProcessor(CookieJar())
        self._openers = {True: build_opener(cookies, _Redirects()), False: build_opener(cookies, _Still())}
        for opener in self._openers.values():
            opener.addheaders = [("User-Agent", "opsflux-demo"), ("Accept", "text/html,application/json;q=0.9,*/*;q=0.1"),
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

    def post(self, path: str, fields: Fields, file: tuple[str, str, bytes] | None = None, *, follow: bool = True) -> Page:
        """Send a form with the token of the last page; `file` is (field, name, bytes). Without `follow` a redirect is the answer."""
        pairs = [("csrf_token", self._token), *(fields.items() if isinstance(fields, Mapping) else fields)]
        if file is None:
            data, kind = urlencode(pairs).encode(), "application/x-www-form-urlencoded"
        else:
            data, kind = _multipart(pairs, file)
        return self._open(_request(urljoin(self.base, path), data, {"Content-Type": kind, "Origin": self.base}), follow=follow)

    def _open(self, request: Request, *, follow: bool = True) -> Page:
        try:
            with self._openers[follow].open(request, timeout=120) as answer:
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


class _Still(HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_said: Any) -> None:
        """No further request."""


def _request(url: str, data: bytes | None = None, headers: Mapping[str, str] | None = None) -> Request:
    return Request(url, data, dict(headers or {}))  # noqa: S310 -- only ever the demo's own address


def _multipart(pairs: Sequence[tuple[str, str]], file: tuple[str, str, bytes]) -> tuple[bytes, str]:
    mark, (field, name, content) = secrets.token_hex(16), file
    parts = [f'--{mark}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode() for key, value in pairs]
    parts.append(f'--{mark}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\n'
                 "Content-Type: application/octet-stream\r\n\r\n".encode() + content + b"\r\n")
    return b"".join(parts) + f"--{mark}--\r\n".encode(), f"multipart/form-data; boundary={mark}"
