"""The one way out: requests to addresses that an organisation, a user or another server named.

The name is resolved once; each address that it stands for is unwrapped (IPv4 in IPv6, NAT64, 6to4, Teredo) and must be a global unicast
one, or be listed by the operator in `OUTBOUND_ALLOW`. Exactly the address that was looked at is dialled, with the name kept for TLS and
for `Host`. Redirects are not followed, proxies of the environment are not asked, and time and size are limited.
"""

from __future__ import annotations

import http.client
import ipaddress
import json
import logging
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import SplitResult, urlsplit

from flask import current_app

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

MOST_BYTES, MOST_SECONDS = 1024 * 1024, 10.0
NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
COMPATIBLE = ipaddress.IPv6Network("::/96")
PORTS = {"https": 443, "http": 80}

log = logging.getLogger("opsflux.outgoing")


class OutgoingError(Exception):
    """Nothing usable came back; the message is for the log, never for whoever typed the address."""


class NotAllowed(OutgoingError):
    """The address is none that this installation may call."""


class Away(OutgoingError):
    """The other side did not answer in time, or not in a way that can be read."""


@dataclass(frozen=True)
class Answer:
    """What the other side said; the names of headers are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body as JSON. Raises `Away` when it is none."""
        try:
            return json.loads(self.body)
        except ValueError as error:
            raise Away("the answer is no JSON") from error


def send(method: str, url: str, *, headers: Mapping[str, str] | None = None, body: bytes | str = b"", most: int = MOST_BYTES,
         seconds: float = MOST_SECONDS) -> Answer:
    """Send one request and read the whole answer, whatever its status. Raises `NotAllowed` or `Away`."""
    parts = _parts(url)
    host, port = str(parts.hostname), parts.port or PORTS[parts.scheme]
    address = resolve(host, port)
    if parts.scheme != "https" and not _is_listed(host, address):
        raise NotAllowed(f"{host}: plain http is for listed hosts only")
    connection = _Pinned(host, port, address, secure=parts.scheme == "https", seconds=seconds)
    watch = threading.Timer(seconds, connection.give_up)
    watch.daemon = True
    watch.start()
    try:
        connection.request(method, _target(parts), body=body or None, headers={"Accept-Encoding": "identity", **(headers or {})})
        answer = _read(connection.getresponse(), most)
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise Away(f"{host}: {type(error).__name__}: {error}") from error
    finally:
        watch.cancel()
        connection.close()
    if connection.gave_up:
        raise Away(f"{host}: no whole answer within {seconds} seconds")
    return answer


def resolve(host: str, port: int) -> str:
    """The address to dial for a name. Raises `NotAllowed` when it stands for any that may not be called, `Away` for none."""
    try:
        rows = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise Away(f"{host}: the name is not known") from error
    found = [str(row[4][0]) for row in rows]
    for address in found:
        if not is_public(ipaddress.ip_address(address)) and not _is_listed(host, address):
            log.warning("A call to %s was refused: it stands for %s", host, address)
            raise NotAllowed(f"{host} stands for an address that is not public")
    return found[0]


def is_public(address: Address) -> bool:
    """Whether an address, and every address wrapped into it, is a global unicast one."""
    return all(each.is_global and not each.is_multicast and not each.is_reserved for each in _unwrapped(address))


def _unwrapped(address: Address) -> Iterator[Address]:
    """The address, or what is inside where it only carries another."""
    if isinstance(address, ipaddress.IPv4Address):
        yield address
        return
    inside = [each for each in (address.ipv4_mapped, address.sixtofour, *(address.teredo or ())) if each is not None]
    if address in NAT64 or address in COMPATIBLE:
        inside.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    yield from inside or [address]


def _is_listed(host: str, address: str) -> bool:
    """Whether the operator lists this host, or a network with this address."""
    found = ipaddress.ip_address(address)
    for listed in current_app.extensions["settings"].outbound_allow:
        if listed.casefold() == host.casefold():
            return True
        try:
            if any(each in ipaddress.ip_network(listed, strict=False) for each in _unwrapped(found)):
                return True
        except ValueError:
            continue  # a name
    return False


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        known = parts.scheme in PORTS and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError as error:
        raise NotAllowed("not an address") from error
    if not known or "@" in parts.netloc or any(ord(each) < 33 or ord(each) > 126 for each in url):
        raise NotAllowed("not an address that can be called")
    return parts


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _read(response: http.client.HTTPResponse, most: int) -> Answer:
    body = response.read(most + 1)
    if len(body) > most:
        raise Away(f"more than {most} bytes")
    if response.length:
        raise Away(f"{response.length} bytes are missing")
    return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, body)


class _Pinned(http.client.HTTPConnection):
    """A connection to one address, under the name that was asked for."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool, seconds: float) -> None:
        super().__init__(host, port, timeout=seconds)
        self.default_port = PORTS["https" if secure else "http"]
        self._address, self._context = address, ssl.create_default_context() if secure else None
        self.gave_up = False
        self._dialled: socket.socket | None = None

    def connect(self) -> None:
        """Dial the address that was looked at; the certificate must be of the name."""
        self.sock = socket.create_connection((self._address, self.port), self.timeout)
        if self._context is not None:
            self.sock = self._context.wrap_socket(self.sock, server_hostname=self.host)
        self._dialled = self.sock  # the connection forgets its socket before a body without a length is read
        if self.gave_up:
            raise TimeoutError("the time is up")

    def give_up(self) -> None:
        """The time is up, however busily the other side drips."""
        self.gave_up = True
        if self._dialled is not None:
            with suppress(OSError):  # it may have gone by itself
                self._dialled.shutdown(socket.SHUT_RDWR)


__all__ = ["Answer", "Away", "NotAllowed", "OutgoingError", "is_public", "resolve", "send"]
