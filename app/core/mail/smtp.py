"""Handing mail to an SMTP server, over one connection per process and server."""

from __future__ import annotations

import contextlib
import smtplib
import socket
import ssl
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app

from app.core.mail.handing import Away, Parcel, Refused
from app.core.mail.providers import Out
from app.kernel import outgoing

TIMEOUT = 20.0


def hand_over(out: Out, parcel: Parcel) -> None:
    """Give the mail to the server. Raises `Away` when there is no talking to it, `Refused` when it does not take this mail."""
    server = _server(out)
    try:
        server.sendmail(parcel.sender, [parcel.to], parcel.signature + parcel.content)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        _forget(out)
        raise _refused(code, said) from None
    except smtplib.SMTPResponseException as error:
        _forget(out)
        raise _refused(error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        _forget(out)
        raise Refused(f"The mail server broke off ({type(error).__name__}).", for_good=False) from error
    except BaseException:
        _forget(out)
        raise


def _server(out: Out) -> smtplib.SMTP:
    try:
        return _connection(out)
    except (smtplib.SMTPException, outgoing.OutgoingError, OSError) as error:
        raise Away(f"The mail server is away ({type(error).__name__}).") from error


def _connection(out: Out) -> smtplib.SMTP:
    """The connection of this process, asked first whether it still lives."""
    known: smtplib.SMTP | None = _open().get(out)
    if known is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if known.noop()[0] == 250:
                return known
        _forget(out)
    made = _connect(out)
    _open()[out] = made
    return made


def _connect(out: Out) -> smtplib.SMTP:
    parts = urlsplit(out.address)
    user, password = out.account or unquote(parts.username or ""), out.secret or unquote(parts.password or "")
    host, port = parts.hostname or "localhost", parts.port or (465 if parts.scheme == "smtps" else 587 if user else 25)
    secure, private = ssl.create_default_context(), not out.trusted
    server = (_SecurePinned if parts.scheme == "smtps" else _Pinned)(private, secure)
    server._host = host  # the name of the certificate; smtplib sets it in its constructor only
    code, said = server.connect(host, port)
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)
    server.ehlo()
    if parts.scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=secure)
        server.ehlo()
    if user:
        server.login(user, password)
    return server


class _Pinned(smtplib.SMTP):
    """Dials the address that was looked at, where somebody of an organisation named the server."""

    def __init__(self, private: bool, secure: ssl.SSLContext) -> None:
        super().__init__(timeout=TIMEOUT)
        self._private, self._secure = private, secure

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((outgoing.resolve(host, port) if self._private else host, port), timeout)


class _SecurePinned(_Pinned):
    """The same, spoken over TLS from the first byte."""

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._secure.wrap_socket(super()._get_socket(host, port, timeout), server_hostname=host)


def _open() -> dict[Out, smtplib.SMTP]:
    found: dict[Out, smtplib.SMTP] = current_app.extensions.setdefault("smtp", {})
    return found


def _forget(out: Out) -> None:
    known = _open().pop(out, None)
    if known is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            known.close()


def _refused(code: int, said: Any) -> Refused:
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if 500 <= code < 600:
        return Refused(f"The mail server refused it: {code} {words}", for_good=True)
    return Refused(f"The mail server asks to wait: {code} {words}", for_good=False)
