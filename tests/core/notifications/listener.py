"""A server on this machine that others tell things: it keeps what it was given, and answers as it was told to."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from flask import Flask


@dataclass
class Listener:
    """What came in, and the answers to give: the first, then the next, then the last for ever."""

    answers: list[int] = field(default_factory=lambda: [201])
    said: dict[str, str] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0

    @property
    def bodies(self) -> list[Any]:
        """What came in, as JSON."""
        return [json.loads(body) for _path, _headers, body in self.asked]

    def answer(self) -> int:
        """The next answer."""
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


def listening(listener: Listener) -> ThreadingHTTPServer:
    """Begin to listen."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            listener.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
            said = json.dumps(listener.said).encode()
            self.send_response(listener.answer())
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def log_message(self, *_said: Any) -> None:
            """Nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def settings(app: Flask, **said: Any) -> Any:
    """The installation's settings, with this machine among the hosts that may be called."""
    return replace(app.extensions["settings"], outbound_allow=("127.0.0.1",), **said)
