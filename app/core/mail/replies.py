"""Answers that come in by mail: each becomes a comment of whoever the mail was for, once, or is refused with a reason.

What was read is marked in the mailbox after the commit. A kill between the two has it read again; then its mark is known.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import getaddresses
from typing import Any

from flask_babel import force_locale, ngettext
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.core import people
from app.core.mail import answering, bounces, newly, queue
from app.core.mail.answering import LASTS, Token
from app.core.mail.mailbox import Letter, opened
from app.core.mail.models import MailMessage, Outcome, Reply, Why
from app.kernel import clock, delivery, jobs
from app.kernel.current import SYSTEM, Actor, Organisation, acting, current
from app.kernel.db import session, unit_of_work
from app.kernel.errors import Invalid, Refusal, Unavailable
from app.kernel.i18n import written_in
from app.kernel.records import new_id

CHANNEL = "mail"
_PLACES = ("Delivered-To", "X-Original-To", "Envelope-To", "To", "Cc")
_DOUBT = re.compile(r"\bdmarc\s*=\s*fail\b", re.IGNORECASE)
_BULK = frozenset({"bulk", "junk", "auto_reply", "list"})

log = logging.getLogger("opsflux.mail")


@dataclass(frozen=True)
class Answer:
    """A mail that came to a reply address, as far as it says itself."""

    message: EmailMessage
    mark: str
    sender: str
    is_whole: bool


class _Refused(Exception):
    """Why an answer is refused, and what is said to its sender."""

    def __init__(self, why: Why, said: str = "") -> None:
        super().__init__(why.value)
        self.why, self.said = why, said


def call() -> None:
    """Have the mailbox read, if the installation has one; asked in one organisation, for all of them."""
    if answering.mailbox() is not None:
        jobs.enqueue(read, key="mail.replies", quiet=True)


def read() -> None:
    """Take whatever is new in the mailbox. Raises `Unavailable` when it cannot be read."""
    box = answering.mailbox()
    if box is None:
        return
    with opened(box) as mailbox:
        for letter in mailbox.letters():
            mailbox.put_away(letter, odd=not _taken(letter))
        mailbox.clear_away()


def take(letter: Letter) -> Outcome | None:
    """Take one mail, in the organisation that its address names; None for one that is no answer to any mail of ours."""
    message: Any = message_from_bytes(letter.content, policy=policy.default)
    token = _token(message)
    organisation = delivery.organisation_of(token.organisation_id) if token else None
    if token is None or organisation is None:
        log.warning("A mail in the mailbox for answers is none: %s", _head(message, "Message-ID"))
        return None
    mark = hashlib.sha256((_head(message, "Message-ID") or "").encode() or letter.content).hexdigest()
    answer = Answer(message, mark, _sender(message), letter.is_whole)
    if reports := bounces.read(letter.content):
        with _in(organisation) as work:
            if _noted(answer, Outcome.REPORT):
                bounces.take(reports)
            work.flush()
        return Outcome.REPORT
    return _answered(organisation, token, answer)


def _taken(letter: Letter) -> bool:
    """Take it; False for what nobody can make sense of, which must keep no other mail waiting."""
    try:
        take(letter)
    except (OperationalError, InterfaceError, PoolTimeout, OSError, Unavailable):
        raise
    except Exception:
        log.exception("A mail in the mailbox for answers could not be taken")
        return False
    return True


def _answered(organisation: Organisation, token: Token, answer: Answer) -> Outcome:
    with _in(organisation) as work:
        mail = work.scalars(select(MailMessage).where(MailMessage.reply_hash == token.reply_hash)).first()
        if mail is not None:
            work.expunge(mail)
    try:
        _comment(organisation, _member(organisation, mail, answer), mail, answer)
    except _Refused as refusal:
        with _in(organisation):
            if _noted(answer, Outcome.REFUSED, mail, refusal):
                _explain(mail, refusal)
        return Outcome.REFUSED
    return Outcome.TAKEN


def _member(organisation: Organisation, mail: MailMessage | None, answer: Answer) -> Actor:
    """Whoever the mail was for, as they are now, when it is them who answered."""
    if mail is None:
        raise _Refused(Why.UNKNOWN)
    if _is_automatic(answer.message):
        raise _Refused(Why.AUTOMATIC)
    with _in(organisation):
        actor = next(iter(people.load_actors([mail.member_id] if mail.member_id else [])), None)
    known = {mail.to_address.casefold(), actor.email.casefold()} if actor else {mail.to_address.casefold()}
    if answer.sender.casefold() not in known:
        raise _Refused(Why.FORWARDED)
    if _DOUBT.search(" ".join(map(str, answer.message.get_all("Authentication-Results", [])))):
        raise _Refused(Why.UNPROVEN)
    if actor is None:
        raise _Refused(Why.GONE)
    if mail.created_at + LASTS < clock.now():
        raise _Refused(Why.EXPIRED)
    if not answer.is_whole:
        raise _Refused(Why.TOO_LARGE)
    return actor


def _comment(organisation: Organisation, actor: Actor, mail: MailMessage | None, answer: Answer) -> None:
    """The comment and the note that it was made are one commit, in the words of whoever wrote."""
    assert mail is not None  # noqa: S101 -- without a mail there is no member
    assert mail.about_id is not None  # noqa: S101 -- written with the reply address
    try:
        with acting(organisation, actor, channel=CHANNEL), unit_of_work(), force_locale(written_in(actor.language)):
            if not (text := newly.new_text(answer.message)):
                raise _Refused(Why.EMPTY)
            if _noted(answer, Outcome.TAKEN, mail):
                answering.taker_of(mail.about_kind)(mail.about_id, text + _left_out(answer.message), f"reply:{answer.mark}")
    except Unavailable:
        raise
    except Refusal as error:
        said = " ".join(line for lines in error.errors.values() for line in map(str, lines)) if isinstance(error, Invalid) else str(error)
        raise _Refused(Why.NOT_ALLOWED, said) from error


def _noted(answer: Answer, outcome: Outcome, mail: MailMessage | None = None, refusal: _Refused | None = None) -> bool:
    """Write down what became of it; False when that stands there already."""
    row = {"organisation_id": current.organisation.id, "id": new_id(), "mark": answer.mark, "sender": answer.sender[:320],
           "subject": _head(answer.message, "Subject")[:300], "outcome": outcome, "at": clock.now(),
           "mail_id": mail.id if mail else None, "member_id": mail.member_id if mail else None,
           "why": refusal.why if refusal else None, "said": refusal.said[:500] if refusal else ""}
    return session().execute(insert(Reply).values(**row).on_conflict_do_nothing().returning(Reply.id)).first() is not None


def _explain(mail: MailMessage | None, refusal: _Refused) -> None:
    """Tell a member why their answer is no comment, at most once for each mail that they answered."""
    if mail is None or mail.member_id is None or not refusal.why.is_explained:
        return
    said = {"subject_of": mail.subject, "why": refusal.said}
    queue.send(mail.member_id, "not_taken", lambda: {**said, "reason": str(refusal.why.label)}, key=f"not-taken:{mail.id}",
               address=mail.to_address, thread=mail.thread)


def _left_out(message: EmailMessage) -> str:
    """A line that says which files are not part of the comment; comments have none."""
    names = newly.enclosed_names(message)
    if not names:
        return ""
    return "\n\n" + ngettext("[Left out: the attachment %(names)s]", "[Left out: %(num)d attachments: %(names)s]", len(names),
                             names=", ".join(names[:10]))


def _token(message: EmailMessage) -> Token | None:
    """The token of the address that it came to; of a report, that of the mail which came back."""
    for name in _PLACES:
        for line in message.get_all(name, []):
            if token := answering.token_in(str(line)):
                return token
    returned = bounces.returned(message)
    return answering.token_in(_head(returned, "Reply-To")) if returned is not None else None


def _is_automatic(message: EmailMessage) -> bool:
    """Whether a machine answered (RFC 3834), as far as it says so in one of the usual ways."""
    return (_head(message, "Auto-Submitted").partition(";")[0].strip().casefold() not in ("", "no")
            or _head(message, "Precedence").strip().casefold() in _BULK
            or any(message.get(name) is not None for name in ("X-Autoreply", "X-Autorespond", "X-Autoresponder", "List-Id"))
            or _head(message, "Return-Path").strip() == "<>" or message.get_content_type() == "multipart/report")


def _sender(message: EmailMessage) -> str:
    """The one address that it comes from; empty when it says none, or several."""
    lines = [str(line) for line in message.get_all("From", [])]
    found = {newly.one_line(address) for _name, address in getaddresses(lines) if address.strip()}
    return found.pop() if len(found) == 1 else ""


def _head(message: Any, name: str) -> str:
    return newly.one_line(str(message.get(name, "")))


@contextmanager
def _in(organisation: Organisation) -> Iterator[Any]:
    """As the system in the organisation, committed at the end."""
    with acting(organisation, SYSTEM, channel=CHANNEL), unit_of_work() as work:
        yield work
