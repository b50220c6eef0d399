"""A page left open hears nothing more, five seconds after its reader was put out, whichever way."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable

import pytest

from app.core import auth, people
from app.core.auth import sessions
from app.core.people import services
from app.kernel.current import SYSTEM, Organisation, acting
from app.kernel.db import as_identity, unit_of_work
from tests.core.visitors import enrol, found
from tests.infra.serving import LiveServer

WITHIN = 5.0
pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(280)]


def _listen(server: LiveServer, place: Organisation, secret: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    cookie = f"session_{server.port}={secret}"
    connection.sendall(f"GET /{place.slug}/stream HTTP/1.1\r\nHost: localhost:{server.port}\r\nCookie: {cookie}\r\n\r\n".encode())
    assert connection.recv(4096).startswith(b"HTTP/1.1 200 OK"), "the stream was let in"
    return connection


def _ends_within(connection: socket.socket, seconds: float) -> bool:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            if not connection.recv(4096):
                return True
        except TimeoutError:
            return False
    return False


def test_every_way_out_closes_the_stream(live_server: LiveServer) -> None:
    with live_server.database.app.app_context():
        place = found("home")
        enrol(place, "ada@home.example", "owner")
        members = {name: enrol(place, f"{name}@home.example") for name in ("suspended", "ended", "disabled", "stays")}
        secrets = {}
        for name, member in members.items():
            assert member.identity_id
            with unit_of_work(), as_identity(member.identity_id):
                secrets[name] = auth.open_session(member.identity_id)

        def suspend() -> None:
            member = members["suspended"]
            with acting(place, SYSTEM), unit_of_work() as work:
                services.suspend(work.get_one(people.Member, (place.id, member.id)))

        def end() -> None:
            with unit_of_work():
                sessions.end_sessions(members["ended"].identity_id)  # type: ignore[arg-type]

        def disable() -> None:
            with unit_of_work():
                auth.disable(members["disabled"].identity_id)  # type: ignore[arg-type]

        streams = {name: _listen(live_server, place, secret) for name, secret in secrets.items()}
        deeds: dict[str, Callable[[], None]] = {"suspended": suspend, "ended": end, "disabled": disable}
        for name, deed in deeds.items():
            deed()
            assert _ends_within(streams[name], WITHIN), name
        assert not _ends_within(streams["stays"], 1), "nobody else is put out"
