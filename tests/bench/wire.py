"""One client on one kept-open connection to 127.0.0.1, which tells how long an answer took and how many bytes it had on the wire."""

from __future__ import annotations

import http.client
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import brotli

PARTIAL = {"HX-Request": "true", "HX-Request-Type": "partial"}


@dataclass(frozen=True)
class Answer:
    """What came back: status, seconds until its last byte, bytes with and without the head, the text."""

    status: int
    seconds: float
    wire: int
    body: int
    text: str
    location: str


class Client:
    """Somebody who is signed in already, by the session's cookie."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self.port = port
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._head = {"Host": f"localhost:{port}", "Accept-Encoding": "br", "Accept": "text/html, */*", "Accept-Language": "en"}
        self._cookies = dict([cookie.split("=", 1)]) if cookie else {}

    def get(self, path: str, **more: str) -> Answer:
        """Ask for a page; anything but success or a redirect fails."""
        return self._send("GET", path, None, more)

    def part(self, path: str) -> Answer:
        """Ask for the part of a page that htmx would swap."""
        return self._send("GET", path, None, PARTIAL)

    def post(self, path: str, fields: list[tuple[str, str]]) -> Answer:
        """Send a form as htmx does."""
        head = {**PARTIAL, "Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://localhost:{self.port}"}
        return self._send("POST", path, urlencode(fields), head)

    def close(self) -> None:
        """Hang up."""
        self._connection.close()

    def _send(self, method: str, path: str, body: str | None, more: Mapping[str, str]) -> Answer:
        try:
            answer, content, seconds = self._exchange(method, path, body, {**self._head, **more})
        except ConnectionError:  # the server hangs up on those who are silent for 15 s
            self._connection.close()
            answer, content, seconds = self._exchange(method, path, body, {**self._head, **more})
        head = sum(len(name) + len(value) + 4 for name, value in answer.getheaders()) + len("HTTP/1.1 200 OK\r\n\r\n")
        plain = brotli.decompress(content) if answer.getheader("Content-Encoding") == "br" else content
        text = plain.decode("utf-8", "replace")
        assert answer.status < 400, f"{method} {path} answered {answer.status}: {text[:500]}"
        return Answer(answer.status, seconds, head + len(content), len(content), text, answer.getheader("Location", ""))

    def _exchange(self, method: str, path: str, body: str | None, head: dict[str, str]) -> tuple[http.client.HTTPResponse, bytes, float]:
        if self._cookies:
            head = {**head, "Cookie": "; ".join(f"{name}={value}" for name, value in self._cookies.items())}
        began = time.perf_counter()
        self._connection.request(method, path, body, head)
        answer = self._connection.getresponse()
        content = answer.read()
        seconds = time.perf_counter() - began
        self._cookies |= dict(given.partition(";")[0].split("=", 1) for given in answer.headers.get_all("Set-Cookie", []))
        return answer, content, seconds
