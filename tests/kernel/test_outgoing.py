"""Calls to addresses that somebody typed reach public servers, and those that the operator lists; nothing else."""

from __future__ import annotations

import datetime as dt
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from flask import Flask

from app.kernel import outgoing
from app.kernel.outgoing import Away, NotAllowed

PLAIN = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
FORBIDDEN = ["127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "240.0.0.1",
             "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::127.0.0.1",
             "64:ff9b::7f00:1", "64:ff9b::a9fe:a9fe", "2002:7f00:1::1", "2002:a00:1::", "2001:0:7f00:1::1",
             "2001:0:808:808:0:0:80ff:fffe", "64:ff9b:1::1", "2001:db8::1"]
PUBLIC = ["8.8.8.8", "2606:4700:4700::1111", "64:ff9b::808:808", "2002:808:808::1", "::ffff:8.8.8.8"]

Server = Callable[..., str]


@pytest.fixture
def inside(application: Flask) -> Iterator[None]:
    """The application, with 127.0.0.1 listed as every test has it."""
    with application.app_context():
        yield


@pytest.fixture
def unlisted(application: Flask, inside: None) -> Iterator[None]:
    """An operator who lists nothing."""
    before = application.extensions["settings"]
    application.extensions["settings"] = replace(before, outbound_allow=())
    yield
    application.extensions["settings"] = before


@pytest.fixture
def server() -> Iterator[Server]:
    """`server(*pieces, pause=…, context=…)`: says these pieces to whoever calls, once; gives its address. What it heard is in `heard`."""
    opened: list[socket.socket] = []

    def start(*pieces: bytes, pause: float = 0, context: ssl.SSLContext | None = None, heard: list[bytes] | None = None) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        opened.append(listener)
        threading.Thread(target=_serve, args=(listener, pieces, pause, context, heard), daemon=True).start()
        return f"127.0.0.1:{listener.getsockname()[1]}"

    yield start
    for listener in opened:
        listener.close()


def _serve(listener: socket.socket, pieces: tuple[bytes, ...], pause: float, context: ssl.SSLContext | None,
           heard: list[bytes] | None) -> None:
    try:
        plain, _ = listener.accept()
        caller = context.wrap_socket(plain, server_side=True) if context else plain
        said = caller.recv(65536)
        if heard is not None:
            heard.append(said)
        for piece in pieces:
            caller.sendall(piece)
            time.sleep(pause)
        caller.close()
    except OSError:
        return


def _named(monkeypatch: pytest.MonkeyPatch, *answers: str) -> list[str]:
    """Let every name stand for these addresses, the first asked first; gives the names that were asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_more: Any, **_said: Any) -> list[Any]:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in answers]

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("address", FORBIDDEN)
def test_an_address_that_is_not_public_is_refused(unlisted: None, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    assert not outgoing.is_public(ipaddress.ip_address(address))
    _named(monkeypatch, address)
    with pytest.raises(NotAllowed):
        outgoing.send("GET", "https://idp.example/")


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_is_let_through(address: str) -> None:
    assert outgoing.is_public(ipaddress.ip_address(address))


def test_one_private_address_among_public_ones_is_enough(unlisted: None, monkeypatch: pytest.MonkeyPatch) -> None:
    _named(monkeypatch, "8.8.8.8", "127.0.0.1")
    with pytest.raises(NotAllowed):
        outgoing.resolve("idp.example", 443)


@pytest.mark.parametrize("host", ["2130706433", "0x7f000001", "017700000001", "127.1", "localhost"])
def test_other_spellings_of_this_machine_are_refused(unlisted: None, host: str) -> None:
    with pytest.raises((NotAllowed, Away)):
        outgoing.send("GET", f"http://{host}:1/")


@pytest.mark.parametrize("url", ["ftp://8.8.8.8/", "file:///etc/passwd", "https://", "https://a:b@8.8.8.8/", "https://8.8.8.8:0/",
                                 "https://8.8.8.8/\r\nX: y", "https://[::1", "8.8.8.8", "", "https://8.8.8.8:99999/", "http://8.8.8.8/"])
def test_what_is_no_address_to_call_is_refused(inside: None, url: str) -> None:
    with pytest.raises(NotAllowed):
        outgoing.send("GET", url)


def test_a_listed_host_may_be_private(inside: None, server: Server) -> None:
    heard: list[bytes] = []
    answer = outgoing.send("POST", f"http://{server(PLAIN, heard=heard)}/where?x=1", headers={"X-Said": "it"}, body=b"hello")
    assert (answer.status, answer.body) == (200, b"ok")
    assert heard[0].startswith(b"POST /where?x=1 HTTP/1.1\r\n")
    assert b"X-Said: it" in heard[0]


def test_what_was_looked_at_is_what_is_dialled(inside: None, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """The name is resolved once, so that a second answer (rebinding) changes nothing; the name stays in `Host`."""
    heard: list[bytes] = []
    port = server(PLAIN, heard=heard).rpartition(":")[2]
    asked = _named(monkeypatch, "127.0.0.1")
    dialled: list[Any] = []
    real = socket.create_connection
    monkeypatch.setattr(outgoing.socket, "create_connection", lambda where, *rest: dialled.append(where) or real(where, *rest))
    outgoing.send("GET", f"http://idp.example:{port}/")
    assert asked.count("idp.example") == 1
    assert dialled == [("127.0.0.1", int(port))]
    assert f"Host: idp.example:{port}".encode() in heard[0]


def test_a_redirect_is_not_followed(inside: None, server: Server) -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n"
    answer = outgoing.send("GET", f"http://{server(moved)}/")
    assert (answer.status, answer.headers["location"]) == (302, "http://127.0.0.1:1/")


def test_an_answer_that_is_too_long_is_dropped(inside: None, server: Server) -> None:
    body = b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * 3000
    with pytest.raises(Away, match="more than 1000"):
        outgoing.send("GET", f"http://{server(body)}/", most=1000)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\nX: ", b"HTTP/1.1 200 OK\r\n\r\n"])
def test_a_server_that_drips_is_left(inside: None, server: Server, start: bytes) -> None:
    begun = time.monotonic()
    with pytest.raises(Away):
        outgoing.send("GET", f"http://{server(start, *[b'x'] * 100, pause=0.1)}/", seconds=0.5)
    assert time.monotonic() - begun < 3


@pytest.mark.parametrize("said", [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"])
def test_what_cannot_be_read_counts_as_away(inside: None, server: Server, said: bytes) -> None:
    with pytest.raises(Away):
        outgoing.send("GET", f"http://{server(said)}/", seconds=2)


def test_a_closed_port_and_an_unknown_name_count_as_away(inside: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Away):
        outgoing.send("GET", "http://127.0.0.1:1/")

    def unknown(*_asked: Any, **_said: Any) -> Any:
        raise socket.gaierror(-2, "unknown")

    monkeypatch.setattr(outgoing.socket, "getaddrinfo", unknown)
    with pytest.raises(Away):
        outgoing.send("GET", "https://nowhere.example/")


def test_the_certificate_must_be_of_the_name(inside: None, server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    context = _certified(tmp_path, "idp.example")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
    _named(monkeypatch, "127.0.0.1")
    port = server(PLAIN, context=context).rpartition(":")[2]
    assert outgoing.send("GET", f"https://idp.example:{port}/").body == b"ok"
    port = server(PLAIN, context=context).rpartition(":")[2]
    with pytest.raises(Away, match="CERTIFICATE_VERIFY_FAILED"):
        outgoing.send("GET", f"https://other.example:{port}/")


def _certified(folder: Path, name: str) -> ssl.SSLContext:
    key, now = ec.generate_private_key(ec.SECP256R1()), dt.datetime.now(dt.UTC)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = (x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - dt.timedelta(days=1))
            .not_valid_after(now + dt.timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False).sign(key, hashes.SHA256()))
    (folder / "certificate.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                                       serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "certificate.pem", folder / "key.pem")
    return context
