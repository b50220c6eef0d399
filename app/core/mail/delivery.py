"""Handing mail to the SMTP server: the attempt is recorded first, and every attempt carries the same Message-ID."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

from flask import current_app
from flask_babel import lazy_gettext as _l

from app.core import branding, settings
from app.core.mail.models import MailMessage, State
from app.core.mail.queue import EFFECT, domain, find, hidden, write_now
from app.kernel import clock, jobs, outbox
from app.kernel.current import current

ATTEMPTS, LONGEST, TIMEOUT = 500, 300, 20.0
LANE = "mail"


@dataclass(frozen=True)
class Parcel:
    """What goes out, read before the call."""

    mail_id: UUID
    sender: str
    to: str
    content: bytes


def prepare(payload: dict[str, Any], row: outbox.OutboxRow) -> Parcel | None:
    """Record the attempt; None when the mail is not to leave any more."""
    mail = find(UUID(payload["mail"]))
    if mail is None or mail.state in (State.SENT, State.CANCELLED):
        return None
    if mail.writer and not write_now(mail):
        return None
    mail.uncertain = mail.uncertain or mail.state == State.SENDING
    mail.state, mail.attempts, mail.row_id = State.SENDING, mail.attempts + 1, row.id
    mail.tried_at = mail.tried_at or clock.now()
    return Parcel(mail.id, sender_address(), mail.to_address, compose(mail, _secrets(mail)).as_bytes(policy=SMTP))


def deliver(parcel: Parcel | None, _row: outbox.OutboxRow) -> Callable[[], None] | None:
    """Hand it over; what is returned marks the mail sent in the commit that ends the delivery."""
    if parcel is None:
        return None
    try:
        _hand_over(parcel)
    except smtplib.SMTPRecipientsRefused as error:
        code, said = next(iter(error.recipients.values()))
        raise _refused(code, said) from None
    except smtplib.SMTPResponseException as error:
        raise _refused(error.smtp_code, error.smtp_error) from None
    except (smtplib.SMTPException, OSError) as error:
        raise outbox.Retry(f"The mail server is away ({type(error).__name__}).") from error
    return lambda: _sent(parcel.mail_id)


def failed(row: outbox.OutboxRow, reason: str) -> None:
    """Say in the log what went wrong, and when the next attempt is due."""
    mail = find(UUID(row.payload["mail"]))
    if mail is not None:
        mail.state = State.FAILED if row.state == outbox.FAILED else State.WAITING
        mail.last_error = reason.partition(": ")[2] or reason
        mail.next_try_at = None if row.state == outbox.FAILED else row.due_at


def about(row: outbox.OutboxRow) -> tuple[str, str] | None:
    """The mail and its page in the log."""
    mail = find(UUID(row.payload["mail"]))
    return (mail.subject or mail.to_address, f"/{current.organisation.slug}/mail/{mail.id}/") if mail else None


def compose(mail: MailMessage, secrets: Mapping[str, str]) -> EmailMessage:
    """The mail as it goes over the wire: the same at each attempt, but for the secrets in its links."""
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((current.organisation.name, sender_address()))
    message["To"] = mail.to_address
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    for name, value in mail.headers.items():
        message[name] = value
    message.set_content(_revealed(mail.text, secrets), cte="quoted-printable")
    message.add_alternative(_revealed(mail.html, secrets), subtype="html", cte="quoted-printable")
    _put_logo(message, mail)
    return message


def _put_logo(message: EmailMessage, mail: MailMessage) -> None:
    """The organisation's logo goes along, where the mail shows it."""
    shown = branding.look()
    if 'src="cid:logo"' not in mail.html or shown.logo_id is None:
        return
    content, kind = branding.picture(shown.logo_id)
    main, _slash, sub = kind.partition("/")
    html: Any = message.get_body(("html",))
    html.add_related(content, main, sub, cid="<logo>", disposition="inline", filename=f"logo.{sub}")


def _secrets(mail: MailMessage) -> Mapping[str, str]:
    made: Mapping[str, str] = jobs.function_of(mail.secrets)(mail.facts) if mail.secrets else {}
    return made


def _revealed(words: str, secrets: Mapping[str, str]) -> str:
    for name, secret in secrets.items():
        words = words.replace(hidden(name), secret)
    return words


def sender_address() -> str:
    """The address that mail comes from: the organisation's own setting, or one of this installation."""
    return str(settings.get("mail.sender") or "") or f"no-reply@{domain()}"


def install_delivery() -> None:
    """Tell the outbox who delivers mail."""
    outbox.handler(EFFECT, outside=True, lane=LANE, attempts=ATTEMPTS, longest=LONGEST, failed=failed, prepare=prepare,
                   label=_l("Mail"), about=about)(deliver)


def _sent(mail_id: UUID) -> None:
    mail = find(mail_id)
    if mail is not None:
        mail.state, mail.sent_at, mail.last_error, mail.next_try_at = State.SENT, clock.now(), "", None


def _refused(code: int, said: Any) -> Exception:
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    if 500 <= code < 600:
        return outbox.GiveUp(f"The mail server refused it: {code} {words}"[:500])
    return outbox.Retry(f"The mail server asks to wait: {code} {words}"[:500])


def _hand_over(parcel: Parcel) -> None:
    server = _connection()
    try:
        server.sendmail(parcel.sender, [parcel.to], parcel.content)
    except BaseException:
        _forget()
        raise


def _connection() -> smtplib.SMTP:
    """The connection of this process, asked first whether it still lives."""
    known: smtplib.SMTP | None = current_app.extensions.get("smtp")
    if known is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            if known.noop()[0] == 250:
                return known
        _forget()
    made = _connect()
    current_app.extensions["smtp"] = made
    return made


def _connect() -> smtplib.SMTP:
    url = current_app.extensions["settings"].smtp_url
    if not url:
        raise outbox.Retry("No mail server is set: SMTP_URL.")
    parts = urlsplit(url)
    host, port = parts.hostname or "localhost", parts.port or (465 if parts.scheme == "smtps" else 587 if parts.username else 25)
    secure = ssl.create_default_context()
    server = (smtplib.SMTP_SSL(host, port, timeout=TIMEOUT, context=secure) if parts.scheme == "smtps"
              else smtplib.SMTP(host, port, timeout=TIMEOUT))
    server.ehlo()
    if parts.scheme == "smtp" and server.has_extn("starttls"):
        server.starttls(context=secure)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server


def _forget() -> None:
    known = current_app.extensions.pop("smtp", None)
    if known is not None:
        with contextlib.suppress(smtplib.SMTPException, OSError):
            known.close()
