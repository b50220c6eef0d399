"""Queueing mail: words are rendered in the reader's language, and the row is written with its cause."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import and_, select

from app.core.branding import Look, look_of
from app.core.files import StoredFile
from app.core.mail import answering, rendering, tickets, wordings
from app.core.mail.enclosing import enclose
from app.core.mail.models import MailMessage, Priority, State
from app.core.mail.providers import wake
from app.core.organisations import Organisation
from app.core.people import Member
from app.kernel import clock, jobs, outbox
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.i18n import written_in
from app.kernel.records import new_id

EFFECT = "mail.send"
ADDRESS = re.compile(r"[^@\s<>,;:\"\\]{1,64}@[^@\s<>,;:\"\\]{1,253}")
Writer = Callable[[UUID], Mapping[str, Any] | None]
Context = Mapping[str, Any] | Callable[[], Mapping[str, Any]]
Secrets = Callable[[Mapping[str, Any]], Mapping[str, str]]
OWN_HEADERS = frozenset({"from", "to", "subject", "date", "message-id", "references", "in-reply-to", "content-type", "mime-version"})


@dataclass(frozen=True)
class Reader:
    """Whom a mail is for."""

    address: str
    language: str
    timezone: str
    name: str = ""
    member_id: UUID | None = None


def send(to: Member | UUID | str, template: str, context: Context | None = None, *,
         key: str = "", headers: Mapping[str, str] | None = None, language: str = "", thread: str = "", optional: str = "",
         writer: Writer | None = None, due_at: datetime | None = None, address: str = "", secrets: Secrets | None = None,
         facts: Mapping[str, Any] | None = None, priority: Priority = Priority.NORMAL, enclosed: Sequence[StoredFile] = (),
         about: Any = None) -> MailMessage:
    """Queue a mail from `templates/mail/<template>.html` and `.txt`; it leaves after the commit.

    A `key` that was used gives the first mail back. Mails of one `thread` (a record's reference) stand together in the mailbox.
    `optional` names a kind of mail that the reader may unsubscribe from (`notifications`, `digest`). `writer(member_id)` gives the context
    at the moment it leaves, or None when there is nothing left to say. `address` is where it goes when not to the member's own.
    `secrets(facts)` gives, at each attempt, what stands in the place of `hidden(name)`: the log of mail never holds it. A `context` that is
    a function is called in the reader's language. What is urgent goes before all else that waits, bulk after it. `enclosed`
    files go along up to 10 MB; what does not fit is a link for a member. What a mail is `about` can be answered by mail, where that
    kind of record takes answers. Raises `Invalid` for no address, `TooLarge`.
    """
    look, found = _before(key) if key else (None, None)
    if found is not None:
        return found
    reader = _reader(to, language)
    reader = replace(reader, address=address.strip()) if address else reader
    if not is_address(reader.address):
        raise Invalid({"to": [_("“%(address)s” is no e-mail address.", address=reader.address[:80])]})
    effect, mail_id = _effect(headers), new_id()
    along = enclose(enclosed, may_link=reader.member_id is not None)
    answered = answering.kind_of(about, reader.member_id)
    written = rendering.Written("", "", "") if writer else _written(template, context or {}, reader, optional, look, along.links,
                                                                    bool(answered))
    mail = MailMessage(
        id=mail_id, to_address=reader.address, member_id=reader.member_id, language=reader.language, subject=written.subject,
        text=written.text, html=written.html, template=template, thread=thread, key=key, effect_id=effect, optional=optional,
        priority=priority, enclosed=list(along.ids), tracked=written.tracked,
        secrets=jobs.name_of(secrets) if secrets else "", facts=dict(facts or {}),
        writer=f"{writer.__module__}:{writer.__qualname__}" if writer else "", next_try_at=due_at or clock.now(),
        message_id=f"<{mail_id}@{domain()}>", headers=_headers(headers, effect, reader, thread, optional))
    if answered:
        answering.open_for_answers(mail, answered, about.id)
    session().add(mail)
    mail.row_id = _owe(mail, due_at)
    return mail


def own_words(to: Member, kind: str, context: Mapping[str, Any]) -> wordings.Words | None:
    """The organisation's own words of a notice of that kind in the reader's language, if it has any."""
    return wordings.own(kind, context, _reader(to, ""))


def is_address(address: str) -> bool:
    """Whether mail can be sent to it."""
    return address.isascii() and ADDRESS.fullmatch(address) is not None


def write_now(mail: MailMessage) -> bool:
    """Write a mail whose words were left for now; False, and the mail is cancelled, when there is nothing to say any more."""
    writer = jobs.function_of(mail.writer)
    reader = _reader(mail.member_id or mail.to_address, mail.language)
    written = rendering.write(mail.template, lambda: writer(mail.member_id), reader, optional=mail.optional, answered=bool(mail.reply_hash))
    if written is None:
        mail.state, mail.next_try_at = State.CANCELLED, None
        return False
    mail.subject, mail.text, mail.html, mail.tracked = written.subject, written.text, written.html, written.tracked
    return True


def hidden(name: str) -> str:
    """What stands in a mail, and stays in its log, where the secret of that name is put in as it leaves."""
    return f"•••{name}•••"


def find(mail_id: UUID) -> MailMessage | None:
    """The mail of that id in this organisation."""
    return session().get(MailMessage, (current.organisation.id, mail_id))


def cancel(mail: MailMessage) -> bool:
    """Keep a mail that waits from leaving; False when it left, or may have."""
    if not mail.can_be_cancelled or mail.row_id is None or not outbox.cancel(mail.row_id):
        return False
    mail.state, mail.next_try_at = State.CANCELLED, None
    return True


def retry(mail: MailMessage) -> bool:
    """Send a failed or cancelled mail after all."""
    if not mail.can_be_retried or mail.row_id is None:
        return False
    if mail.state == State.BLOCKED:
        mail.row_id = _owe(mail)
    elif not outbox.retry(mail.row_id):
        return False
    wake()
    mail.state, mail.next_try_at, mail.refusals = State.WAITING, clock.now(), 0
    return True


def domain() -> str:
    """The domain that ids and the sender's address end in."""
    return urlsplit(str(current_app.extensions["settings"].base_url)).hostname or "localhost"


def _owe(mail: MailMessage, due_at: datetime | None = None) -> UUID:
    return outbox.put("effect", EFFECT, {"mail": str(mail.id)}, due_at=due_at, rank=mail.priority.rank).id


def _before(key: str) -> tuple[Look | None, MailMessage | None]:
    """The mail of that key, if there is one, and in the same answer the look that a new one is written in."""
    of_key = and_(MailMessage.organisation_id == Organisation.id, MailMessage.key == key)
    question = select(Organisation, MailMessage).outerjoin(MailMessage, of_key).where(Organisation.id == current.organisation.id)
    row = session().execute(question).first()
    return (look_of(row[0]), row[1]) if row is not None else (None, None)


def _written(template: str, context: Context, reader: Reader, optional: str, look: Look | None,
             links: Sequence[tuple[str, str]], answered: bool) -> rendering.Written:
    written = rendering.write(template, context, reader, optional=optional, look=look, links=links, answered=answered)
    assert written is not None  # noqa: S101 -- only a writer can have nothing to say
    return written


def _reader(to: Member | UUID | str, language: str) -> Reader:
    if isinstance(to, UUID):
        to = session().get_one(Member, (current.organisation.id, to))
    if isinstance(to, Member):
        return Reader(to.email, written_in(language or to.language.value), to.timezone, to.name, to.id)
    return Reader(to.strip(), written_in(language or current.organisation.language), current.organisation.timezone)


def _effect(headers: Mapping[str, str] | None) -> str:
    """The id of the effect that this mail is: said by the caller, or that of the effect being delivered."""
    row = outbox.delivering()
    said = (headers or {}).get("X-Effect-Id", "")
    return said or (str(row.id) if row is not None and row.kind == "effect" else "")


def _headers(headers: Mapping[str, str] | None, effect: str, reader: Reader, thread: str, optional: str) -> dict[str, str]:
    given = {name: _line(value) for name, value in (headers or {}).items() if name.casefold() not in OWN_HEADERS}
    given["Auto-Submitted"] = "auto-generated"
    given["X-Auto-Response-Suppress"] = "All"
    if effect:
        given["X-Effect-Id"] = _line(effect)
    if thread:
        root = hashlib.sha256(f"{current.organisation.id}/{thread}".encode()).hexdigest()[:32]
        given["References"] = given["In-Reply-To"] = f"<thread.{root}@{domain()}>"
    if optional and reader.member_id:
        given["List-Unsubscribe"] = f"<{tickets.unsubscribe_address(reader.member_id, optional)}>"
        given["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
        given["List-Id"] = f"{optional} <{optional}.{current.organisation.slug}.{domain()}>"
    return given


def _line(value: Any) -> str:
    """One line: nothing can begin a header of its own."""
    return " ".join(str(value).split())[:900]
