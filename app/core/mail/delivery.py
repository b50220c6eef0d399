"""Delivering mail: the attempt is recorded first, every attempt carries the same Message-ID, and an outage keeps the order."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from functools import partial
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import update

from app.core import branding, settings
from app.core.mail import answering, blocking, enclosing, interfaces, opening, providers, signing, smtp
from app.core.mail.handing import Away, Parcel, Refused
from app.core.mail.models import MailMessage, Reason, Speech, State
from app.core.mail.queue import EFFECT, domain, find, hidden, is_address, write_now
from app.kernel import clock, jobs, outbox
from app.kernel.current import current
from app.kernel.db import session, unit_of_work

ATTEMPTS, LONGEST = 500, 300
GAPS = (60.0, 300.0, 1800.0)  # seconds until each further attempt at a mail that was refused for now
LANE = "mail"


def prepare(payload: dict[str, Any], row: outbox.OutboxRow) -> Parcel | None:
    """Record the attempt; None when the mail is not to leave any more. Raises `outbox.Hold` while no way out is open."""
    mail = find(UUID(payload["mail"]))
    if mail is None or mail.state in (State.SENT, State.CANCELLED, State.BOUNCED):
        return None
    if mail.writer and not write_now(mail):
        return None
    if kept_back := blocking.keeps_back(mail):
        mail.state, mail.next_try_at, mail.last_error = State.BLOCKED, None, str(kept_back.reason.label)
        return None
    ways = providers.ways()
    mail.uncertain = mail.uncertain or mail.state == State.SENDING
    mail.state, mail.attempts, mail.row_id = State.SENDING, mail.attempts + 1, row.id
    mail.tried_at, mail.sent_to = mail.tried_at or clock.now(), _test_address() or mail.to_address
    sender, content = sender_address(), compose(mail, _secrets(mail)).as_bytes(policy=SMTP)
    return Parcel(mail.id, sender, current.organisation.name, mail.sent_to, content, signing.signature_for(sender, content), tuple(ways))


def deliver(parcel: Parcel | None, _row: outbox.OutboxRow) -> Callable[[], None] | None:
    """Hand it to the first way out that can be asked; what is returned marks the mail sent in the commit that ends the delivery."""
    if parcel is None:
        return None
    said, until = "", []
    for out in parcel.ways:
        try:
            (smtp if out.kind == Speech.SMTP else interfaces).hand_over(out, parcel)
        except Away as error:
            said = str(error)
            until.append(_away(out, said))
        except Refused as error:
            raise _not_taken(parcel, error) from error
        else:
            return partial(_sent, parcel.mail_id, out)
    raise outbox.Hold(said, min(until))


def failed(row: outbox.OutboxRow, reason: str) -> None:
    """Say in the log what went wrong, and when the next attempt is due; while no way is open that is so for all that wait."""
    mail = find(UUID(row.payload["mail"]))
    kind, _colon, said = reason.partition(": ")
    if mail is not None:
        mail.state = State.FAILED if row.state == outbox.FAILED else State.WAITING
        mail.last_error = said or reason
        mail.next_try_at = None if row.state == outbox.FAILED else row.due_at
    if kind == "Hold":
        waiting = (MailMessage.state == State.WAITING, MailMessage.next_try_at < row.due_at)
        session().execute(update(MailMessage).where(*waiting).values(next_try_at=row.due_at, last_error=said))


def about(row: outbox.OutboxRow) -> tuple[str, str] | None:
    """The mail and its page in the log."""
    mail = find(UUID(row.payload["mail"]))
    return (mail.subject or mail.to_address, f"/{current.organisation.slug}/mail/{mail.id}/") if mail else None


def compose(mail: MailMessage, secrets: Mapping[str, str]) -> EmailMessage:
    """The mail as it goes over the wire: the same at each attempt, but for the secrets in its links."""
    message = EmailMessage(policy=SMTP)
    message["From"] = formataddr((current.organisation.name, sender_address()))
    message["To"] = mail.sent_to or mail.to_address
    message["Subject"] = mail.subject if mail.sent_to in ("", mail.to_address) else f"[{mail.to_address}] {mail.subject}"
    if mail.sent_to not in ("", mail.to_address):
        message["X-Original-To"] = mail.to_address
    elif address := answering.reply_address(mail):
        message["Reply-To"] = formataddr((current.organisation.name, address))
    message["Date"] = format_datetime(mail.created_at)
    message["Message-ID"] = mail.message_id
    for name, value in mail.headers.items():
        if not (name.startswith("List-") and "X-Original-To" in message):
            message[name] = value
    message.set_content(_revealed(mail.text, secrets), cte="quoted-printable")
    message.add_alternative(opening.with_pixel(mail, _revealed(mail.html, secrets)), subtype="html", cte="quoted-printable")
    _put_logo(message, mail)
    enclosing.put(message, mail)
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


def _sent(mail_id: UUID, out: providers.Out) -> None:
    mail = find(mail_id)
    providers.went(out)
    if mail is not None:
        mail.state, mail.sent_at, mail.last_error, mail.next_try_at, mail.way = State.SENT, clock.now(), "", None, out.label


def _away(out: providers.Out, reason: str) -> datetime:
    with unit_of_work():
        return providers.is_away(out, reason)


def _not_taken(parcel: Parcel, error: Refused) -> Exception:
    """A refusal for now is tried three times more, at growing gaps, and keeps nobody else waiting."""
    with unit_of_work():
        mail = find(parcel.mail_id)
        if mail is None or error.for_good or mail.refusals >= len(GAPS):
            if mail is not None and error.nobody:
                blocking.block(parcel.to, Reason.BOUNCE, str(error))
            return outbox.GiveUp(str(error))
        mail.refusals += 1
        return outbox.Retry(str(error), after=GAPS[mail.refusals - 1])


def _test_address() -> str:
    """Where all mail of an organisation in test mode goes."""
    address = str(settings.get("mail.test_address") or "").strip()
    return address if address and is_address(address) else ""
