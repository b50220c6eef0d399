"""The live stream: after a commit, whoever looks at a page hears which things changed. It carries names and ids, never HTML.

A stream takes no request thread: once the request for it was let in like any other, its connection moves to one thread
per process that writes to all of them. Where the server does not allow that, browsers ask again by themselves.
"""

from __future__ import annotations

import contextlib
import errno
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any
from uuid import UUID

import redis
from flask import Flask, Response

from app.kernel import carrier
from app.kernel.current import current

CHANNEL = "opsflux:stream:"
MARK = "X-OpsFlux-Stream"
MOST, MOST_EACH = 4000, 12  # streams of one process; streams of one person in it
BEAT = 20.0  # seconds between signs of life
LOOK = 3.0  # seconds after which it is asked again whether the listeners are still let in
RETRY = 3000  # milliseconds after which a browser whose stream broke comes back

log = logging.getLogger("opsflux.stream")
Pair = tuple[str, str]


def announce(name: str, data: str = "", *, to: Iterable[UUID] | None = None) -> None:
    """Tell the organisation's open pages (or those of some identities) that something changed, once this is committed."""
    message = {"event": name, "data": data, "to": None if to is None else sorted(map(str, to))}
    carrier.say(f"{CHANNEL}{current.organisation.id}", json.dumps(message))


def answer(organisation_id: UUID, identity_id: UUID, proof: str = "") -> Response:
    """The answer of the view that lets somebody listen to an organisation; `proof` is that by which they were let in."""
    response = Response(f"retry: {RETRY}\n\n", mimetype="text/event-stream")
    response.headers.update({MARK: f"{organisation_id} {identity_id} {proof}", "Cache-Control": "no-store",
                             "X-Accel-Buffering": "no"})
    return response


def install_stream(app: Flask) -> None:
    """Put the hand-over in front of the application."""
    hub = Hub(app.extensions["settings"].redis_url)
    app.extensions["stream"] = hub
    hub.living = app.extensions.get("living")
    app.wsgi_app = _HandOver(app.wsgi_app, hub)  # type: ignore[method-assign]


class Hub:
    """All streams of this process, and the threads that write to them and close those of whoever is let in no more.

    `living` is given pairs of organisation and proof, and gives those that are still good.
    """

    def __init__(self, redis_url: str) -> None:
        self._redis_url = redis_url
        self.living: Callable[[Collection[Pair]], Collection[Pair]] | None = None
        self._listeners: dict[str, list[_Listener]] = {}
        self._lock = threading.Lock()
        self._process = 0

    def __len__(self) -> int:
        return sum(map(len, self._listeners.values()))

    def take(self, connection: socket.socket, organisation: str, identity: str, head: bytes, proof: str = "") -> None:
        """Own a connection from now on; the oldest of a person with too many is closed."""
        self._start()
        listener = _Listener(connection, identity, proof)
        if not listener.send(head):
            return
        with self._lock:
            listeners = self._listeners.setdefault(organisation, [])
            listeners.append(listener)
            own = [each for each in listeners if each.identity == identity]
        for each in own[:-MOST_EACH]:
            self._drop(organisation, each)

    def tell(self, organisation: str, message: dict[str, Any]) -> None:
        """Write one event to those whom it concerns."""
        chunk = f"event: {message['event']}\ndata: {message['data']}\n\n".encode()
        wanted = message["to"]
        for listener in list(self._listeners.get(organisation, ())):
            if (wanted is None or listener.identity in wanted) and not listener.send(chunk):
                self._drop(organisation, listener)

    def everyone(self, chunk: bytes) -> None:
        """Write the same to all streams, and forget those that are gone."""
        for organisation, listeners in list(self._listeners.items()):
            for listener in list(listeners):
                if not listener.send(chunk):
                    self._drop(organisation, listener)

    def close_dead(self) -> None:
        """Close the streams whose session has ended, or whose reader may not enter the organisation any more."""
        held = [(organisation, each) for organisation, listeners in list(self._listeners.items()) for each in list(listeners) if each.proof]
        if self.living is None or not held:
            return
        alive = set(self.living({(organisation, each.proof) for organisation, each in held}))
        for organisation, each in held:
            if (organisation, each.proof) not in alive:
                self._drop(organisation, each)

    def _drop(self, organisation: str, listener: _Listener) -> None:
        listener.close()
        with self._lock, contextlib.suppress(ValueError, KeyError):
            self._listeners[organisation].remove(listener)
            if not self._listeners[organisation]:
                del self._listeners[organisation]

    def _start(self) -> None:
        with self._lock:
            if self._process == os.getpid():
                return
            self._process, self._listeners = os.getpid(), {}
            for work in (self._listen, self._beat, self._look):
                threading.Thread(target=work, name=f"stream{work.__name__}", daemon=True).start()

    def _beat(self) -> None:
        while True:
            time.sleep(BEAT)
            self.everyone(b":\n\n")

    def _look(self) -> None:
        while True:
            time.sleep(LOOK)
            try:
                self.close_dead()
            except Exception:  # the database is away: asked again in a moment
                log.exception("It could not be seen who may still listen")

    def _listen(self) -> None:
        """Pass on what Redis says; after an outage tell everyone to look again, since something may have been missed."""
        while True:
            try:
                client = redis.Redis.from_url(self._redis_url, socket_connect_timeout=3, health_check_interval=15)
                with client.pubsub(ignore_subscribe_messages=True) as heard:  # type: ignore[no-untyped-call]
                    heard.psubscribe(f"{CHANNEL}*")
                    self.everyone(b"event: resync\ndata:\n\n")
                    for message in heard.listen():
                        self.tell(message["channel"].decode().removeprefix(CHANNEL), json.loads(message["data"]))
            except (redis.RedisError, OSError):
                log.info("Redis is away: streams wait")
                time.sleep(1)
            except Exception:
                log.exception("A message for the streams could not be passed on")


class _Listener:
    """One connection and the identity that listens through it; a reader that does not keep up is dropped."""

    def __init__(self, connection: socket.socket, identity: str, proof: str) -> None:
        connection.setblocking(False)
        self.connection, self.identity, self.proof = connection, identity, proof

    def send(self, chunk: bytes) -> bool:
        try:
            return self.connection.send(chunk) == len(chunk)
        except OSError:
            return False

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.connection.close()


class _HandOver:
    """WSGI middleware: when the application lets a stream in, move its connection from the request thread to the hub."""

    def __init__(self, inner: Callable[..., Any], hub: Hub) -> None:
        self._inner, self._hub = inner, hub

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        if not environ.get("PATH_INFO", "").endswith("/stream"):
            return self._inner(environ, start_response)
        held: list[Any] = []

        def hold(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], None]:
            held[:] = [status, headers, exc_info]
            return lambda _chunk: None

        body = self._inner(environ, hold)
        status, headers, exc_info = held
        who = dict(headers).get(MARK)
        headers = [(name, value) for name, value in headers if name != MARK]
        if who is None:
            start_response(status, headers, exc_info)
            return body
        if "gunicorn.socket" not in environ or len(self._hub) >= MOST:
            return _refuse(body, start_response)
        head = _head(headers) + b"".join(body)
        _close(body)
        organisation, identity, proof = who.split(" ")
        self._hub.take(_moved(environ["gunicorn.socket"]), organisation, identity, head, proof)
        raise OSError(errno.EPIPE, "this connection went to the stream hub")  # the server forgets it without a word


def _refuse(body: Any, start_response: Callable[..., Any]) -> list[bytes]:
    """No stream here: the browser polls instead."""
    _close(body)
    start_response("503 Service Unavailable", [("Retry-After", "60"), ("Content-Length", "0"), ("Cache-Control", "no-store")])
    return []


def _moved(connection: socket.socket) -> socket.socket:
    """The connection under a new descriptor; the server keeps the old one, which leads nowhere now."""
    taken = socket.socket(fileno=os.dup(connection.fileno()))
    with socket.socket(taken.family, socket.SOCK_STREAM) as nowhere:
        os.dup2(nowhere.fileno(), connection.fileno(), inheritable=False)
    return taken


def _head(headers: list[tuple[str, str]]) -> bytes:
    kept = [(name, value) for name, value in headers if name.lower() not in ("content-length", "connection", "content-encoding")]
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in kept), "Connection: close", "", ""]
    return "\r\n".join(lines).encode("latin-1")


def _close(body: Any) -> None:
    if hasattr(body, "close"):
        body.close()
