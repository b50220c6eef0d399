"""The live stream: it takes no request thread, says what concerns its reader, and gives up those who do not read."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import textwrap
import urllib.error
import urllib.request
from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import redis
from flask import Flask

from app.kernel import embedded
from app.kernel.config import PROJECT
from app.kernel.stream import CHANNEL, MARK, Hub, answer
from app.running.ports import free_ports
from tests.infra.serving import listens, wait_for

ORGANISATION, SOMEBODY, SOMEBODY_ELSE = (UUID(int=n) for n in (1, 2, 3))
SERVER = """
    import os
    from types import SimpleNamespace
    from uuid import UUID
    from flask import Flask, request
    from app.kernel.stream import answer, install_stream

    app = Flask(__name__)
    app.extensions["settings"] = SimpleNamespace(redis_url=os.environ["REDIS_URL"])

    @app.get("/acme/stream")
    def stream():
        return answer(UUID(int=1), UUID(int=int(request.args["who"])))

    @app.get("/closed/stream")
    def closed():
        return "no", 403

    @app.get("/")
    def page():
        return "page"

    install_stream(app)
"""


@pytest.fixture
def port(servers: embedded.Servers, tmp_path: Path) -> Iterator[int]:
    """One gunicorn process with two request threads, and streams."""
    (tmp_path / "little.py").write_text(textwrap.dedent(SERVER))
    port = free_ports()
    command = [sys.executable, "-m", "gunicorn", "-k", "gthread", "--threads", "2", "-b", f"127.0.0.1:{port}", "--no-control-socket"]
    environ = os.environ | {"REDIS_URL": servers.place.redis_url, "PYTHONPATH": f"{tmp_path}:{PROJECT}"}
    process = subprocess.Popen([*command, "little:app"], cwd=tmp_path, env=environ, stderr=subprocess.PIPE, text=True)
    wait_for(lambda: listens(port), 30, "the server")
    yield port
    process.terminate()
    assert "Traceback" not in process.communicate(timeout=30)[1]


def listen(port: int, who: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(f"GET /acme/stream?who={who} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
    head = connection.recv(4096).decode()
    assert head.startswith("HTTP/1.1 200 OK\r\n")
    assert "text/event-stream" in head
    assert MARK not in head
    return connection


def page(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as response:
        return str(response.read().decode())


def tell(servers: embedded.Servers, to: list[UUID] | None, organisation: UUID = ORGANISATION) -> None:
    message = {"event": "inbox-changed", "data": "7", "to": None if to is None else [str(each) for each in to]}
    redis.Redis.from_url(servers.place.redis_url).publish(f"{CHANNEL}{organisation}", json.dumps(message))


def heard(connection: socket.socket, limit: float = 10) -> str:
    """What comes next but signs of life and the call to look again."""
    connection.settimeout(limit)
    try:
        while True:
            text = connection.recv(4096).decode()
            if "inbox-changed" in text or not text:
                return text
    except TimeoutError:
        return ""


def test_streams_take_no_request_thread(port: int) -> None:
    open_ones = [listen(port, 2 + n) for n in range(50)]

    assert [page(port) for _ in range(20)] == ["page"] * 20
    for connection in open_ones:
        connection.close()
    assert page(port) == "page"


@pytest.mark.requirement("LG-290", "OF-565")
def test_it_says_what_concerns_its_reader_and_nothing_else(port: int, servers: embedded.Servers) -> None:
    mine, other = listen(port, 2), listen(port, 3)
    text = ""
    for _each in range(40):  # told again until the hub has its ear at Redis
        tell(servers, None, organisation=UUID(int=99))
        tell(servers, [SOMEBODY])
        if text := heard(mine, 0.5):
            break
    assert "event: inbox-changed\ndata: 7\n\n" in text
    while heard(mine, 0.5):
        pass
    assert heard(other, 0.5) == ""

    tell(servers, None)
    assert "inbox-changed" in heard(mine)
    assert "inbox-changed" in heard(other)


def test_who_is_not_let_in_gets_the_applications_own_answer(port: int) -> None:
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(f"http://127.0.0.1:{port}/closed/stream", timeout=10)


def test_without_a_socket_the_page_is_told_to_poll(servers: embedded.Servers) -> None:
    from types import SimpleNamespace

    from app.kernel.stream import install_stream

    app = Flask("little")
    app.extensions["settings"] = SimpleNamespace(redis_url=servers.place.redis_url)
    app.add_url_rule("/acme/stream", view_func=lambda: answer(ORGANISATION, SOMEBODY), endpoint="stream")
    install_stream(app)

    refused = app.test_client().get("/acme/stream")
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "60"


def test_a_reader_who_does_not_keep_up_is_dropped(servers: embedded.Servers) -> None:
    hub = Hub(servers.place.redis_url)
    near, far = socket.socketpair()
    hub.take(near, "org", "who", b"head")
    assert len(hub) == 1

    for _ in range(2000):
        hub.everyone(b"x" * 8192)
        if len(hub) == 0:
            break
    assert len(hub) == 0
    far.close()


def test_the_oldest_stream_of_a_person_with_too_many_is_closed(servers: embedded.Servers) -> None:
    from app.kernel.stream import MOST_EACH

    hub = Hub(servers.place.redis_url)
    pairs = [socket.socketpair() for _ in range(MOST_EACH + 1)]
    for near, _far in pairs:
        hub.take(near, "org", "who", b"head")

    assert len(hub) == MOST_EACH
    first = pairs[0][1]
    assert _said(first) == b"head"
    assert _said(first) == b""


def _said(far: socket.socket) -> bytes:
    """What a stream says next, whenever the hub's own word that it listens comes; nothing when it was closed."""
    while heard := far.recv(100):
        if said := heard.replace(b"event: resync\ndata:\n\n", b""):
            return said
    return b""


def test_a_stream_whose_session_is_no_longer_good_is_closed_and_the_others_go_on(servers: embedded.Servers) -> None:
    hub = Hub(servers.place.redis_url)
    asked: list[set[tuple[str, str]]] = []

    def living(pairs: Collection[tuple[str, str]]) -> Collection[tuple[str, str]]:
        asked.append(set(pairs))
        return {("here", "good")}

    pairs = [socket.socketpair() for _ in range(3)]
    for (near, _far), (place, proof) in zip(pairs, [("here", "good"), ("here", "ended"), ("elsewhere", "good")], strict=True):
        hub.take(near, place, "who", b"head", proof)
    hub.close_dead()
    assert len(hub) == 3, "nobody says who is let in"
    hub.living = living
    hub.close_dead()

    assert asked == [{("here", "good"), ("here", "ended"), ("elsewhere", "good")}], "one question for all"
    assert len(hub) == 1
    assert [_said(far) for _near, far in pairs] == [b"head"] * 3
    assert [_said(far) for _near, far in pairs[1:]] == [b"", b""]
    hub.everyone(b"on")
    assert _said(pairs[0][1]) == b"on"
