"""The local mail catcher of `make run`: keeps every mail as a file in `var/mail` and shows them on a page."""

from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import html
import re
import signal
import sys
import time
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import unquote

from aiosmtpd.controller import Controller

from app.kernel.config import Settings

SHOWN = 200
LARGEST = 30 * 1024 * 1024
POLICY = "default-src 'none'; style-src 'self'; frame-src 'self'; img-src data:; sandbox"
STYLE = """body{font:15px/1.5 system-ui;margin:2rem auto;max-width:70rem;padding:0 1rem;color-scheme:light dark}
table{border-collapse:collapse;width:100%}td,th{padding:.4rem .6rem;text-align:left;border-bottom:1px solid #8884}
pre{white-space:pre-wrap;background:#8881;padding:1rem}iframe{width:100%;height:60vh;border:1px solid #8884;background:#fff}"""


class Catcher:
    """Takes mail by SMTP and writes each to a file of its own, whole or not at all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Keep one mail; `X-Envelope-To` says who it was really for."""
        to = ", ".join(envelope.rcpt_tos)
        self.keep(f"X-Envelope-From: {envelope.mail_from}\r\nX-Envelope-To: {to}\r\n".encode() + envelope.content)
        return "250 kept"

    def keep(self, content: bytes) -> Path:
        """Write a mail down under the time at which it came."""
        path = self.folder / f"{time.time_ns()}.eml"
        scratch = path.with_suffix(".part")
        scratch.write_bytes(content)
        scratch.rename(path)
        return path


def messages(folder: Path, limit: int | None = None) -> list[tuple[str, EmailMessage]]:
    """The caught mails, newest first, as (file name, message)."""
    paths = sorted(folder.glob("*.eml"), reverse=True)[:limit]
    return [(path.name, _read(path)) for path in paths]


def serve(settings: Settings, host: str = "127.0.0.1") -> tuple[Controller, ThreadingHTTPServer]:
    """Start the catcher and its page, each in a thread of its own."""
    folder = settings.var / "mail"
    controller = Controller(Catcher(folder), hostname=host, port=settings.mail_port, data_size_limit=LARGEST)
    controller.start()
    page = ThreadingHTTPServer((host, settings.mail_port + 1), _page_for(folder))
    Thread(target=page.serve_forever, daemon=True).start()
    return controller, page


def main() -> int:
    """Catch mail until told to stop."""
    try:
        controller, page = serve(Settings.load())
    except OSError as error:
        print(f"Error: PORT: the mail catcher cannot listen ({error.strerror}); set PORT to another", file=sys.stderr)  # noqa: T201
        return 1
    asyncio.run(_until_told())
    page.shutdown()
    controller.stop()
    return 0


async def _until_told() -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    await told.wait()


def _read(path: Path) -> EmailMessage:
    with open(path, "rb") as file:
        message = email.message_from_binary_file(file, policy=email.policy.default)
    assert isinstance(message, EmailMessage)  # noqa: S101 - what this policy makes
    return message


def _page_for(folder: Path) -> type[BaseHTTPRequestHandler]:
    class Page(BaseHTTPRequestHandler):
        """Lists the caught mails, and shows one."""

        def do_GET(self) -> None:
            kind, body = _answer(folder, unquote(self.path))
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", f"{kind}; charset=utf-8")
            self.send_header("Content-Security-Policy", POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.end_headers()
            with contextlib.suppress(BrokenPipeError):
                self.wfile.write(body or b"No such mail.")

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing: this page is looked at, not watched."""

    return Page


def _answer(folder: Path, path: str) -> tuple[str, bytes]:
    if path == "/":
        return "text/html", _list(folder).encode()
    if path == "/style.css":
        return "text/css", STYLE.encode()
    found = re.fullmatch(r"/(\d+\.eml)(/html|/source)?", path)
    if not found or not (folder / found[1]).exists():
        return "text/plain", b""
    if found[2] == "/source":
        return "text/plain", (folder / found[1]).read_bytes()
    message = _read(folder / found[1])
    if found[2] == "/html":
        return "text/html", _body(message, "html").encode()
    return "text/html", _one(found[1], message).encode()


def _list(folder: Path) -> str:
    rows = "".join(
        f'<tr><td>{_h(message["date"])}<td>{_h(message["to"])}<td><a href="/{name}">{_h(message["subject"] or "(no subject)")}</a>'
        for name, message in messages(folder, SHOWN)
    )
    total = len(list(folder.glob("*.eml")))
    return _html("Caught mail", f"<h1>Caught mail</h1><p>{total} in {_h(folder)}</p><table><tr><th>Date<th>To<th>Subject{rows}</table>")


def _one(name: str, message: EmailMessage) -> str:
    heads = "".join(f"<tr><th>{_h(key)}<td>{_h(value)}" for key, value in message.items())
    parts = f"<pre>{_h(_body(message, 'plain'))}</pre>"
    if _body(message, "html"):
        parts += f'<h2>HTML</h2><iframe sandbox src="/{name}/html" title="HTML part"></iframe>'
    attached = "".join(f"<li>{_h(part.get_filename())}" for part in message.iter_attachments())
    return _html(str(message["subject"]), f'<p><a href="/">All mail</a> · <a href="/{name}/source">Source</a></p>'
                 f"<table>{heads}</table>{parts}<ul>{attached}</ul>")  # fmt: skip


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""


def _html(title: str, body: str) -> str:
    return f'<!doctype html><html lang="en"><title>{_h(title)}</title><link rel="stylesheet" href="/style.css">{body}</html>'


def _h(value: object) -> str:
    return html.escape(str(value or ""))


if __name__ == "__main__":
    sys.exit(main())
