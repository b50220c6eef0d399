"""Codes by SMS, through a stand-in for the provider that speaks its protocol."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs

import pytest
from flask import Flask

from app.kernel import clock
from tests.core.visitors import Visitor

NEW, ACCOUNT, TOKEN, FROM, TO = "/home/settings/security/new/sms", "AC01", "of the provider", "+441632960000", "+441632960001"


@dataclass
class Gateway:
    """The stand-in: what it was handed, and how it answers."""

    taken: list[dict[str, str]] = field(default_factory=list)
    status: int = 201

    @property
    def code(self) -> str:
        """The code in the message that came last."""
        found = re.search(r"\b[0-9]{6}\b", self.taken[-1]["Body"])
        assert found
        return found.group()


@pytest.fixture
def gateway(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Gateway]:
    """A provider of SMS on this machine, in the settings of the installation."""
    gateway = Gateway()
    whole = "Basic " + base64.b64encode(f"{ACCOUNT}:{TOKEN}".encode()).decode()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
            known = self.headers["Authorization"] == whole and self.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
            if known and gateway.status == 201:
                gateway.taken.append({name: values[0] for name, values in body.items()})
            self.send_response(gateway.status if known else 401)
            self.end_headers()
            self.wfile.write(b'{"status": "queued"}')

        def log_message(self, *_said: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://{ACCOUNT}:{TOKEN.replace(' ', '%20')}@127.0.0.1:{server.server_port}/?from=%2B{FROM[1:]}"
    settings = replace(app.extensions["settings"], sms_url=url, outbound_allow=("127.0.0.1",))
    monkeypatch.setitem(app.extensions, "settings", settings)
    yield gateway
    server.shutdown()
    server.server_close()


def with_phone(ben: Visitor, gateway: Gateway) -> None:
    """Give Ben a phone."""
    assert ben.send(NEW, kind="sms", phone="+44 1632 960001").status_code == 200
    assert ben.send(NEW, kind="sms", code=gateway.code).status_code == 200


@pytest.fixture
def half(ben: Visitor, gateway: Gateway, app: Flask) -> Visitor:
    """Ben's other browser, after the password."""
    with_phone(ben, gateway)
    other = Visitor(app)
    other.sign_in("ben@home.example")
    return other


@pytest.mark.requirement("OF-035")
def test_the_code_that_the_gateway_receives_completes_the_sign_in(half: Visitor, gateway: Gateway) -> None:
    assert half.send("/sign-in/factor/send", form="/sign-in/factor", kind="sms").status_code == 200
    assert gateway.taken[-1]["To"] == TO
    assert gateway.taken[-1]["From"] == FROM
    assert half.send("/sign-in/factor", kind="sms", code=gateway.code, next="/home/inbox/").location == "/home/inbox/"
    assert half.get("/home/inbox/").status_code == 200


def test_a_code_works_once_and_the_one_before_not_at_all(half: Visitor, gateway: Gateway, app: Flask) -> None:
    half.send("/sign-in/factor/send", form="/sign-in/factor", kind="sms")
    first = gateway.code
    half.send("/sign-in/factor/send", form="/sign-in/factor", kind="sms")
    if first != gateway.code:
        assert half.send("/sign-in/factor", kind="sms", code=first).status_code == 422
    assert half.send("/sign-in/factor", kind="sms", code=gateway.code).status_code == 303
    again = Visitor(app)
    again.sign_in("ben@home.example")
    assert again.send("/sign-in/factor", kind="sms", code=gateway.code).status_code == 422


def test_a_code_works_for_five_minutes(half: Visitor, gateway: Gateway) -> None:
    half.send("/sign-in/factor/send", form="/sign-in/factor", kind="sms")
    with clock.at(clock.now() + timedelta(minutes=5, seconds=1)):
        assert half.send("/sign-in/factor", kind="sms", code=gateway.code).status_code == 422


def test_a_provider_that_refuses_is_said_so(half: Visitor, gateway: Gateway) -> None:
    gateway.status = 503
    answer = half.send("/sign-in/factor/send", form="/sign-in/factor", kind="sms")
    assert answer.status_code == 422
    assert "could not be sent" in answer.text


def test_a_number_without_its_country_is_refused(ben: Visitor, gateway: Gateway) -> None:
    answer = ben.send(NEW, kind="sms", phone="01632 960001")
    assert answer.status_code == 422
    assert gateway.taken == []


def test_without_a_provider_there_is_no_such_factor(ben: Visitor) -> None:
    assert ben.get(NEW).status_code == 404
    assert "Code by SMS" not in ben.get("/home/settings/security").text
