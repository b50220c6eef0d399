"""Ways out: SMTP and the interfaces of three providers, each against a server that speaks its protocol; the next one when one is away."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, message_from_string, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult
from flask import Flask

from app.core import notifications
from app.core.mail import interfaces, providers
from app.core.mail.models import Provider, Speech, State, Way
from app.core.people import Member
from app.kernel import clock
from app.kernel.errors import Invalid
from app.kernel.records import refresh_keys
from app.kernel.references import assign
from app.running.ports import free_ports
from tests.core.mail.test_mail import drain, mail_of, send
from tests.core.stand import Stand

SECRET = "k3y-of-the-provider"


class Interface:
    """A server that speaks HTTP as a provider does: it checks who asks, and keeps what it was given."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, dict[str, str], bytes]] = []
        self.status = 202
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append((self.path, {name.lower(): value for name, value in self.headers.items()}, body))
                said = b'{"message": "no"}' if outer.status >= 300 else b"{}"
                self.send_response(outer.status)
                self.send_header("Content-Length", str(len(said)))
                self.end_headers()
                self.wfile.write(said)

            def log_message(self, *_said: Any) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class Box:
    """What an SMTP server took, and from whom."""

    def __init__(self) -> None:
        self.taken: list[EmailMessage] = []
        self.known_as = ""

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 -- aiosmtpd's name
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.known_as = data.login.decode()
        return AuthResult(success=data.password.decode() == SECRET)


@pytest.fixture
def interface(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Interface]:
    """A provider's server that this installation may call."""
    monkeypatch.setitem(app.extensions, "settings", _allowing(app))
    made = Interface()
    yield made
    made.close()


@pytest.fixture
def box(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Box, str]]:
    """An SMTP server and its address."""
    monkeypatch.setitem(app.extensions, "settings", _allowing(app))
    found = Box()
    running = Controller(found, hostname="127.0.0.1", port=free_ports(1), authenticator=found.authenticate, auth_require_tls=False)
    running.start()
    yield found, f"smtp://127.0.0.1:{running.port}"
    running.stop()


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation."""
    return Stand()


def _allowing(app: Flask) -> Any:
    return replace(app.extensions["settings"], outbound_allow=("127.0.0.1",))


def provide(stand: Stand, kind: Speech, address: str, **said: Any) -> str:
    """A provider of the organisation, with its secret; gives its id."""
    with stand.work() as work:
        made = Provider(name=said.pop("name", kind.label), kind=kind, address=address, active=True, place=said.pop("place", 1),
                        per_minute=said.pop("per_minute", 600), **said)
        providers.before_save(made)
        assign([made])
        refresh_keys(made)
        work.add(made)
        work.flush()
        providers.set_secret(made, secret=SECRET)
        return str(made.id)


@pytest.mark.requirement("OF-194")
def test_smtp(stand: Stand, box: tuple[Box, str]) -> None:
    found, address = box
    provide(stand, Speech.SMTP, address, account="sender")
    mail_id = send(stand)
    drain(stand)
    assert [str(each["To"]) for each in found.taken] == ["acorn@suppliers.example"]
    assert found.known_as == "sender"
    assert (mail_of(stand, mail_id).state, mail_of(stand, mail_id).way) == (State.SENT, "SMTP")


@pytest.mark.requirement("LG-333")
def test_a_notification_arrives_and_one_of_a_kind_that_was_ended_does_not(stand: Stand, box: tuple[Box, str]) -> None:
    found, address = box
    provide(stand, Speech.SMTP, address, account="sender")
    member_id = stand.actors["member"].id
    with stand.work():
        notifications.notify(member_id, "decision", "The chairs are approved", "/x")
    drain(stand)
    assert [str(each["Subject"]) for each in found.taken] == ["The chairs are approved"]
    assert "The chairs are approved" in found.taken[0].get_body(("html",)).get_content()  # type: ignore[union-attr]
    with stand.work() as work:
        member = work.get_one(Member, (stand.organisation.id, member_id))
        member.preferences = {**member.preferences, "mail_notifications": "off"}
    with stand.work():
        notifications.notify(member_id, "decision", "The tables are approved", "/x")
    drain(stand)
    assert len(found.taken) == 1


@pytest.mark.requirement("OF-195")
def test_sendgrid(stand: Stand, interface: Interface) -> None:
    provide(stand, Speech.SENDGRID, interface.url)
    mail_id = send(stand, thread="PAY-1")
    drain(stand)
    ((path, headers, body),) = interface.asked
    said = json.loads(body)
    assert (path, headers["authorization"]) == ("/v3/mail/send", f"Bearer {SECRET}")
    assert said["personalizations"] == [{"to": [{"email": "acorn@suppliers.example"}]}]
    assert (said["from"]["name"], said["subject"]) == ("Stand", "Remittance advice PAY-1: €7,000.00")
    assert [part["type"] for part in said["content"]] == ["text/plain", "text/html"]
    assert "Acorn & Söhne" in said["content"][0]["value"]
    assert said["headers"]["Message-ID"] == mail_of(stand, mail_id).message_id
    assert said["headers"]["References"]
    assert not {name.lower() for name in said["headers"]} & interfaces.KEPT_BY_SENDGRID
    assert said["tracking_settings"] == {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}}
    assert said["custom_args"] == {"mail": str(mail_id)}


@pytest.mark.requirement("OF-197")
def test_mailgun(stand: Stand, interface: Interface) -> None:
    provide(stand, Speech.MAILGUN, interface.url, account="mg.stand.example")
    mail_id = send(stand)
    drain(stand)
    ((path, headers, body),) = interface.asked
    assert path == "/v3/mg.stand.example/messages.mime"
    assert base64.b64decode(headers["authorization"].removeprefix("Basic ")).decode() == f"api:{SECRET}"
    form = message_from_bytes(b"Content-Type: " + headers["content-type"].encode() + b"\r\n\r\n" + body, policy=policy.default)
    fields = {part.get_param("name", header="content-disposition"): part for part in form.iter_parts()}  # type: ignore[attr-defined]
    assert fields["to"].get_content().strip() == "acorn@suppliers.example"
    whole = fields["message"].get_payload(0) if fields["message"].is_multipart() else message_from_string(fields["message"].get_content())
    assert whole["Message-ID"] == mail_of(stand, mail_id).message_id
    assert fields["o:tracking"].get_content().strip() == "no"


@pytest.mark.requirement("OF-196")
def test_ses_is_signed_as_its_server_reckons(stand: Stand, interface: Interface) -> None:
    provide(stand, Speech.SES, interface.url, account="AKIDEXAMPLE", region="eu-west-3")
    mail_id = send(stand)
    drain(stand)
    ((path, headers, body),) = interface.asked
    assert path == "/v2/email/outbound-emails"
    said = json.loads(body)
    whole = message_from_bytes(base64.b64decode(said["Content"]["Raw"]["Data"]))
    assert whole["Message-ID"] == mail_of(stand, mail_id).message_id
    assert said["Destination"] == {"ToAddresses": ["acorn@suppliers.example"]}
    assert headers["authorization"] == _reckoned(path, headers, body)


def _reckoned(path: str, headers: dict[str, str], body: bytes) -> str:
    """The signature as the server makes it from what arrived, written from AWS's own description."""
    found = re.fullmatch(r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/ses/aws4_request, SignedHeaders=([\w;-]+), "
                         r"Signature=(\w{64})", headers["authorization"])
    assert found
    account, day, region, names, _mark = found.groups()
    assert (account, region, names) == ("AKIDEXAMPLE", "eu-west-3", "content-type;host;x-amz-date")
    canonical = "POST\n" + path + "\n\n" + "".join(f"{name}:{headers[name]}\n" for name in names.split(";")) + f"\n{names}\n"
    canonical += hashlib.sha256(body).hexdigest()
    scope = f"{day}/{region}/ses/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"

    def mac(key: bytes, said: str) -> bytes:
        return hmac.new(key, said.encode(), hashlib.sha256).digest()

    key = mac(mac(mac(mac(b"AWS4" + SECRET.encode(), day), region), "ses"), "aws4_request")
    return headers["authorization"].rpartition("=")[0] + "=" + mac(key, text).hex()


def test_the_signature_follows_the_description() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    made = interfaces.signed("POST", "https://email.eu-west-3.amazonaws.com/v2/email/outbound-emails", b"{}", account="AKIDEXAMPLE",
                             secret=SECRET, region="eu-west-3", at=at)
    received = {name.lower(): value for name, value in made.items()}
    assert received["host"] == urlsplit("https://email.eu-west-3.amazonaws.com/").netloc
    assert made["Authorization"] == _reckoned("/v2/email/outbound-emails", received, b"{}")


@pytest.mark.parametrize("status", [500, 503, 401, 403, 429])
def test_the_next_one_takes_over_and_the_first_is_left_alone_for_a_while(stand: Stand, interface: Interface, box: tuple[Box, str],
                                                                        status: int) -> None:
    found, address = box
    first = provide(stand, Speech.MAILGUN, interface.url, account="mg", place=1, name="First")
    provide(stand, Speech.SMTP, address, place=2, name="Second")
    interface.status = status
    mails = [send(stand) for _each in range(3)]
    drain(stand)
    assert len(interface.asked) == 1, "an absent provider is not asked for each mail"
    assert len(found.taken) == 3
    assert {mail_of(stand, each).way for each in mails} == {"Second"}
    with stand.work() as work:
        way = work.query(Way).filter_by(name=first).one()
        assert way.away_until is not None
        assert way.away_until > clock.now()
        assert "First answered" in way.last_error
    interface.status = 200
    with clock.at(clock.now() + timedelta(minutes=2)):
        again = send(stand)
        drain(stand)
    assert mail_of(stand, again).way == "First"


def test_a_refusal_of_the_mail_itself_is_not_taken_elsewhere(stand: Stand, interface: Interface, box: tuple[Box, str]) -> None:
    found, address = box
    provide(stand, Speech.SENDGRID, interface.url, place=1)
    provide(stand, Speech.SMTP, address, place=2)
    interface.status = 400
    mail_id = send(stand)
    drain(stand)
    assert mail_of(stand, mail_id).state == State.FAILED
    assert "400" in mail_of(stand, mail_id).last_error
    assert found.taken == []


def test_all_are_away(stand: Stand, interface: Interface) -> None:
    provide(stand, Speech.SENDGRID, interface.url)
    provide(stand, Speech.MAILGUN, "http://127.0.0.1:9", account="mg", place=2)
    interface.status = 500
    ids = [send(stand), send(stand)]
    drain(stand)
    assert {mail_of(stand, each).state for each in ids} == {State.WAITING}
    interface.status = 200
    with clock.at(clock.now() + timedelta(minutes=1)):
        drain(stand)
    assert {mail_of(stand, each).state for each in ids} == {State.SENT}


def test_a_provider_takes_so_many_a_minute(stand: Stand, interface: Interface) -> None:
    provide(stand, Speech.SENDGRID, interface.url, per_minute=3)
    start = clock.now().replace(second=5, microsecond=0)
    with clock.at(start):
        for _each in range(7):
            send(stand)
    for minute, arrived in ((0, 3), (1, 6), (2, 7)):
        with clock.at(start + timedelta(minutes=minute)):
            drain(stand)
        assert len(interface.asked) == arrived


def test_an_address_inside_is_not_dialled_for_an_organisation(stand: Stand, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], outbound_allow=()))
    inside = Interface()
    try:
        provide(stand, Speech.SENDGRID, inside.url)
        provide(stand, Speech.SMTP, inside.url.replace("http", "smtp"), place=2)
        mail_id = send(stand)
        drain(stand)
        assert inside.asked == []
        assert mail_of(stand, mail_id).state == State.WAITING
    finally:
        inside.close()


def test_the_logo_goes_along_to_sendgrid(interface: Interface) -> None:
    from app.core.mail.handing import Parcel
    from app.kernel.records import new_id

    message = EmailMessage()
    message["Subject"], message["From"], message["To"] = "S", "a@b.example", "c@d.example"
    message.set_content("text")
    message.add_alternative("<img src='cid:logo'>", subtype="html")
    message.get_body(("html",)).add_related(b"png", "image", "png", cid="<logo>", disposition="inline", filename="logo.png")  # type: ignore[union-attr]
    out = providers.Out("x", Speech.SENDGRID, interface.url, secret=SECRET)
    interfaces.hand_over(out, Parcel(new_id(), "a@b.example", "A", "c@d.example", message.as_bytes()))
    (enclosed,) = json.loads(interface.asked[0][2])["attachments"]
    assert (enclosed["content_id"], enclosed["disposition"], base64.b64decode(enclosed["content"])) == ("logo", "inline", b"png")


@pytest.mark.parametrize(("kind", "address", "said", "wrong"), [
    (Speech.SMTP, "", {}, "address"), (Speech.SMTP, "https://mail.example", {}, "address"),
    (Speech.SMTP, "smtp://a:b@mail.example", {}, "address"), (Speech.SES, "", {"account": "AKID"}, "region"),
    (Speech.MAILGUN, "", {}, "account"), (Speech.SENDGRID, "smtp://x.example", {}, "address")])
def test_what_cannot_work_is_refused(stand: Stand, kind: Speech, address: str, said: dict[str, str], wrong: str) -> None:
    with pytest.raises(Invalid) as caught:
        provide(stand, kind, address, **said)
    assert wrong in caught.value.errors


def test_the_secret_is_encrypted_and_in_no_words(stand: Stand, interface: Interface) -> None:
    provide(stand, Speech.SENDGRID, interface.url)
    with stand.work() as work:
        kept = work.query(Provider).one()
        assert SECRET.encode() not in (kept.sealed or b"")
        (out,) = providers.ways()
        assert out.secret == SECRET
        assert SECRET not in repr(out)


def test_without_any_server_mail_waits(stand: Stand, app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.extensions, "settings", replace(app.extensions["settings"], smtp_url=None))
    mail_id = send(stand)
    drain(stand)
    waiting = mail_of(stand, mail_id)
    assert (waiting.state, waiting.attempts) == (State.WAITING, 0)
    assert waiting.last_error == "No mail server is set."

