"""A server that speaks S3 over real HTTP, for tests: one bucket in memory, signatures of version 4 checked, uploads in parts."""

from __future__ import annotations

import hashlib
import hmac
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlsplit
from uuid import uuid4

KEY, SECRET, BUCKET = "test-key", "test/secret+key", "opsflux"
NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


class Bucket(ThreadingHTTPServer):
    """The server; `objects` is what it keeps, `faults` the statuses with which it answers next."""

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.objects: dict[str, bytes] = {}
        self.parts: dict[str, dict[int, bytes]] = {}
        self.faults: list[int] = []
        self.asked: list[str] = []
        self._lines: list[socket.socket] = []

    @property
    def url(self) -> str:
        """What `STORAGE_URL` says to use it."""
        return f"s3://{KEY}:{quote(SECRET, safe='')}@127.0.0.1:{self.server_port}/{BUCKET}/kept?region=eu-west-1&tls=0"

    @contextmanager
    def running(self) -> Iterator[Bucket]:
        """Within the block it answers; after it nobody listens there."""
        serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        serving.start()
        try:
            yield self
        finally:
            self.shutdown()
            self.server_close()
            serving.join()
            for line in self._lines:  # those that a client keeps open would go on being served
                with suppress(OSError):
                    line.shutdown(socket.SHUT_RDWR)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Remember the line, so that it ends with the server."""
        self._lines.append(request)
        super().process_request(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Bucket

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if not self._welcome(body):
            return
        if "uploadId" in self.asked:
            self.server.parts[self.asked["uploadId"]][int(self.asked["partNumber"])] = body
        else:
            self.server.objects[self.name] = body
        self._answer(200, ETag=f'"{hashlib.md5(body).hexdigest()}"')

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        if not self._welcome(body):
            return
        if "uploads" in self.asked:
            upload = uuid4().hex
            self.server.parts[upload] = {}
            said = f"<UploadId>{upload}</UploadId>"
            self._answer(200, f"<InitiateMultipartUploadResult {NAMESPACE}><Bucket>{BUCKET}</Bucket><Key>{self.name}</Key>{said}"
                              "</InitiateMultipartUploadResult>")
        else:
            parts = self.server.parts.pop(self.asked["uploadId"])
            self.server.objects[self.name] = b"".join(parts[number] for number in sorted(parts))
            self._answer(200, f"<CompleteMultipartUploadResult {NAMESPACE}><Bucket>{BUCKET}</Bucket><Key>{self.name}</Key>"
                              '<ETag>"whole"</ETag><Location>here</Location></CompleteMultipartUploadResult>')

    def do_GET(self) -> None:
        if not self._welcome(b""):
            return
        found = self.server.objects.get(self.name)
        if found is None:
            self._refuse(404, "NoSuchKey")
        else:
            self._answer(200, found, ETag='"whole"')

    def do_DELETE(self) -> None:
        if self._welcome(b""):
            self.server.objects.pop(self.name, None)
            self._answer(204)

    def log_message(self, *_words: Any) -> None:
        """Say nothing."""

    def _welcome(self, body: bytes) -> bool:
        """Whether the request is to be served: signed by the key, about the bucket, and no fault is due."""
        parts = urlsplit(self.path)
        self.asked = dict(parse_qsl(parts.query, keep_blank_values=True))
        bucket, _slash, self.name = unquote(parts.path).lstrip("/").partition("/")
        self.server.asked.append(f"{self.command} {self.name}")
        if self.server.faults:
            self._refuse(self.server.faults.pop(0), "InternalError")
        elif not self._signed(parts.path, body):
            self._refuse(403, "SignatureDoesNotMatch")
        elif bucket != BUCKET:
            self._refuse(404, "NoSuchBucket")
        else:
            return True
        return False

    def _signed(self, path: str, body: bytes) -> bool:
        """Compute the signature as Amazon describes it, from what arrived alone."""
        given = dict(pair.strip().split("=", 1) for pair in self.headers["Authorization"].partition(" ")[2].split(","))
        key, day, region, service, ending = given["Credential"].split("/")
        told = self.headers["x-amz-content-sha256"]
        if key != KEY or told not in ("UNSIGNED-PAYLOAD", hashlib.sha256(body).hexdigest()):
            return False
        names = given["SignedHeaders"].split(";")
        query = "&".join(f"{quote(n, safe='-_.~')}={quote(v, safe='-_.~')}" for n, v in sorted(self.asked.items()))
        heads = "".join(f"{name}:{' '.join(self.headers[name].split())}\n" for name in names)
        canonical = "\n".join((self.command, path, query, heads, given["SignedHeaders"], told))
        scope = f"{day}/{region}/{service}/{ending}"
        wanted = f"AWS4-HMAC-SHA256\n{self.headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
        secret = f"AWS4{SECRET}".encode()
        for word in (day, region, service, ending):
            secret = hmac.digest(secret, word.encode(), "sha256")
        return hmac.compare_digest(hmac.digest(secret, wanted.encode(), "sha256").hex(), given["Signature"])

    def _refuse(self, status: int, code: str) -> None:
        self._answer(status, f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{code}</Message><Resource>{self.name}</Resource>"
                             "<RequestId>1</RequestId><HostId>h</HostId></Error>")

    def _answer(self, status: int, content: str | bytes = b"", **headers: str) -> None:
        body = content.encode() if isinstance(content, str) else content
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body)), "Content-Type": "application/xml"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
