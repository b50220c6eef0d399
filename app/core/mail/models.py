"""The queue and log of mail."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.core.mail import tickets
from app.core.mail.offers import kinds
from app.kernel import clock, fields
from app.kernel.fields import ChoiceType, check_of
from app.kernel.kinds import Choices
from app.kernel.preferences import LANGUAGES
from app.kernel.records import Record, Tenanted


class State(Choices):
    """Where a mail stands. Uncertain: it was handed over, or not, when the sender was killed; it is tried again under the same id."""

    WAITING = "waiting", _l("Waiting"), "neutral"
    SENDING = "sending", _l("Being sent"), "info"
    SENT = "sent", _l("Sent"), "success"
    FAILED = "failed", _l("Failed"), "danger"
    CANCELLED = "cancelled", _l("Cancelled"), "neutral"
    BOUNCED = "bounced", _l("Bounced"), "danger"
    BLOCKED = "blocked", _l("Not sent: blocked address"), "warning"


class Priority(Choices):
    """What goes first when much waits; within one of them the oldest goes first."""

    URGENT = "urgent", _l("Urgent"), "warning"
    NORMAL = "normal", _l("Normal"), "neutral"
    BULK = "bulk", _l("Bulk"), "neutral"

    @property
    def rank(self) -> int:
        """Its place in the outbox."""
        return {"urgent": -1, "normal": 0, "bulk": 1}[self.value]


class Reason(Choices):
    """Why an address gets no mail. A complaint or a wish stops mail that one may unsubscribe from; a bounce stops all."""

    BOUNCE = "bounce", _l("Bounced: nobody is there"), "danger"
    COMPLAINT = "complaint", _l("Complained of spam"), "warning"
    WISH = "wish", _l("Wants no such mail"), "neutral"
    MANUAL = "manual", _l("Blocked by hand"), "neutral"


class Speech(Choices):
    """What a provider of mail speaks."""

    SMTP = "smtp", "SMTP"
    SENDGRID = "sendgrid", "SendGrid"
    SES = "ses", "Amazon SES"
    MAILGUN = "mailgun", "Mailgun"


class Outcome(Choices):
    """What became of a mail that somebody sent back."""

    TAKEN = "taken", _l("Became a comment"), "success"
    REFUSED = "refused", _l("Refused"), "warning"
    REPORT = "report", _l("Report of a mail server"), "neutral"


class Why(Choices):
    """Why an answer was refused. Only what an honest reader can run into is explained to them."""

    UNKNOWN = "unknown", _l("Its address is none of ours")
    EXPIRED = "expired", _l("The mail that it answers is too old")
    FORWARDED = "forwarded", _l("Written by somebody else than the mail was for")
    UNPROVEN = "unproven", _l("The mail server doubts the sender (DMARC)")
    AUTOMATIC = "automatic", _l("An automatic answer")
    GONE = "gone", _l("Whoever wrote it can act here no more")
    TOO_LARGE = "too_large", _l("Too large")
    EMPTY = "empty", _l("Nothing new was written")
    NOT_ALLOWED = "not_allowed", _l("Not allowed")

    @property
    def is_explained(self) -> bool:
        """Whether the sender is told."""
        return self in (Why.EXPIRED, Why.TOO_LARGE, Why.EMPTY, Why.NOT_ALLOWED)


class MailMessage(Tenanted):
    """One mail to one address, written in the reader's language when it was queued; or, with a `writer`, when it leaves.

    `secrets` names what makes, of the `facts`, the secrets in its links: each attempt makes them anew, and they are never kept here.
    What can be answered says with `about_kind` and `about_id` what the answer is for; of its reply address only the hash is kept.
    """

    __tablename__ = "mail_message"

    to_address: Mapped[str] = mapped_column(Text)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    language: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    headers: Mapped[dict[str, str]] = mapped_column(JSONB, default=dict)
    template: Mapped[str] = mapped_column(Text)
    optional: Mapped[str] = mapped_column(Text, default="")
    writer: Mapped[str] = mapped_column(Text, default="")
    secrets: Mapped[str] = mapped_column(Text, default="", server_default="")
    facts: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
    thread: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str] = mapped_column(Text, default="")
    effect_id: Mapped[str] = mapped_column(Text, default="")
    message_id: Mapped[str] = mapped_column(Text)
    state: Mapped[State] = mapped_column(ChoiceType(State), default=State.WAITING)
    priority: Mapped[Priority] = mapped_column(ChoiceType(Priority), default=Priority.NORMAL, server_default="normal")
    refusals: Mapped[int] = mapped_column(default=0, server_default="0")
    sent_to: Mapped[str] = mapped_column(Text, default="", server_default="")
    way: Mapped[str] = mapped_column(Text, default="", server_default="")
    uncertain: Mapped[bool] = mapped_column(default=False)
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(Text, default="")
    row_id: Mapped[UUID | None] = mapped_column(Uuid)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    tried_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    next_try_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), default=clock.now)
    sent_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enclosed: Mapped[list[str]] = mapped_column(JSONB, default=list, server_default="[]")
    tracked: Mapped[bool] = mapped_column(default=False, server_default="false")
    opens: Mapped[int] = mapped_column(default=0, server_default="0")
    opened_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    about_kind: Mapped[str] = mapped_column(Text, default="", server_default="")
    about_id: Mapped[UUID | None] = mapped_column(Uuid)
    reply_hash: Mapped[str] = mapped_column(Text, default="", server_default="")

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it still waits."""
        return self.state == State.WAITING

    @property
    def can_be_retried(self) -> bool:
        """Whether somebody may have it sent after all."""
        return self.state in (State.FAILED, State.CANCELLED, State.BLOCKED)


class Reply(Tenanted):
    """What came back to a reply address, and what became of it; the words themselves are in the comment. `mark` is there once."""

    __tablename__ = "mail_reply"

    mark: Mapped[str] = mapped_column(Text)
    mail_id: Mapped[UUID | None] = mapped_column(Uuid)
    member_id: Mapped[UUID | None] = mapped_column(Uuid)
    sender: Mapped[str] = mapped_column(Text, default="")
    subject: Mapped[str] = mapped_column(Text, default="")
    outcome: Mapped[Outcome] = mapped_column(ChoiceType(Outcome))
    why: Mapped[Why | None] = mapped_column(ChoiceType(Why))
    said: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class Provider(Record):
    """A server that takes this organisation's mail; when it is away the next one in order does."""

    __tablename__ = "mail_provider"
    __prefix__ = "MPR"
    __label__, __plural__, __slug__ = _l("Mail provider"), _l("Mail providers"), "providers"

    name: Mapped[str] = fields.text(_l("Name"), max_length=60)
    kind: Mapped[Speech] = fields.choice(_l("Kind"), Speech, default=Speech.SMTP, extra={"samples": ("sendgrid", "mailgun")})
    active: Mapped[bool] = fields.boolean(_l("In use"), default=True)
    place: Mapped[int] = fields.integer(_l("Order"), default=1, minimum=1, maximum=99, help=_l("The lowest is tried first."))
    address: Mapped[str | None] = fields.text(
        _l("Address"), max_length=300, required=False, sortable=False, extra={"samples": ("",)},
        help=_l("SMTP: smtps://mail.example:465 or smtp://mail.example:587. Others: only where it is not the usual one."))
    account: Mapped[str | None] = fields.text(
        _l("Account"), max_length=200, required=False, sortable=False, extra={"samples": ("mg.sample.example",)},
        help=_l("SMTP: the user. Amazon SES: the id of the access key. Mailgun: the sending domain."))
    region: Mapped[str | None] = fields.text(_l("Region"), max_length=40, required=False, sortable=False,
                                             help=_l("Amazon SES: like eu-west-3."))
    per_minute: Mapped[int] = fields.integer(_l("Most mails per minute"), default=600, minimum=1, maximum=100_000)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"secret": True, "label": _l("Password or key")})

    @property
    def mark(self) -> str:
        """What the address carries at which it tells us: another once its secret is set anew, so that a leaked address can be ended."""
        return hashlib.sha256(bytes(self.sealed or b"")).hexdigest()[:16]

    @property
    def told_at(self) -> str:
        """Where it tells us what became of mails."""
        return tickets.hook_address(self.id, self.mark)


def tongues() -> Mapping[str, Any]:
    """The languages in which mail is written."""
    return LANGUAGES


class Wording(Record):
    """An organisation's own words of a kind of mail in one language; the newest in use takes the place of the product's."""

    __tablename__ = "mail_wording"
    __prefix__ = "MTP"
    __label__, __plural__, __slug__ = _l("Mail template"), _l("Mail templates"), "templates"
    __record_name__: ClassVar[str] = "template"

    kind: Mapped[str] = fields.listed(_l("Notice or mail"), kinds, widget="narrow", extra={"samples": ("remittance", "notification")})
    language: Mapped[str] = fields.listed(_l("Language"), tongues, extra={"samples": ("en", "fr", "de")})
    active: Mapped[bool] = fields.boolean(_l("In use"), default=True)
    subject: Mapped[str] = fields.text(_l("Subject"), max_length=300)
    body: Mapped[str] = fields.long_text(
        _l("Text"), max_length=10_000, required=True,
        help=_l("Names in braces are put in, such as {{user.name}}, {{company.name}} or {{incident.title}}. "
                "An empty line begins a new paragraph."))
    button: Mapped[str | None] = fields.text(_l("Button"), max_length=60, required=False, sortable=False,
                                             help=_l("What stands on the button, where the mail leads to a page."))


class Way(Tenanted):
    """How a way out fares: `name` is a provider's id, or `installation`. Until `away_until` it is not asked."""

    __tablename__ = "mail_way"

    name: Mapped[str] = mapped_column(Text)
    failures: Mapped[int] = mapped_column(default=0)
    away_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_error: Mapped[str] = mapped_column(Text, default="")
    minute: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    taken: Mapped[int] = mapped_column(default=0)


class Block(Record):
    """An address that gets no mail, and why; put away, it gets mail again."""

    __tablename__ = "mail_block"
    __prefix__ = "MBL"
    __label__, __plural__, __slug__ = _l("Blocked address"), _l("Blocked addresses"), "blocked"

    address: Mapped[str] = fields.email(_l("E-mail"), required=True)
    reason: Mapped[Reason] = fields.choice(_l("Reason"), Reason, default=Reason.MANUAL)
    said: Mapped[str | None] = fields.long_text(_l("What was said"), max_length=2000)


class SigningDomain(Record):
    """A domain whose mail is signed, once its record stands in the domain's DNS; two of them while a key is changed."""

    __tablename__ = "mail_signing_domain"
    __prefix__ = "MSD"
    __label__, __plural__, __slug__ = _l("Signing domain"), _l("Signing domains"), "signing-domains"

    name: Mapped[str] = fields.text(_l("Domain"), max_length=253, extra={"samples": tuple(f"signed-{n}.example" for n in range(997))},
                                    help=_l("The domain of the sender’s address."))
    selector: Mapped[str] = fields.text(_l("Selector"), max_length=63, default="opsflux", sortable=False, extra={"samples": ("opsflux",)},
                                        help=_l("Tells keys apart: another one while the key is changed."))
    active: Mapped[bool] = fields.boolean(_l("Sign mail"), default=False, extra={"samples": (False,)},
                                          help=_l("Once the record is in the DNS."))
    record_name: Mapped[str | None] = fields.text(_l("DNS record: name (TXT)"), max_length=330, required=False, sortable=False)
    record_value: Mapped[str | None] = fields.long_text(_l("DNS record: value"), max_length=2000)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary, info={"secret": True, "label": _l("Private key")})


_table: Any = MailMessage.__table__
_table.append_constraint(check_of("mail_message", "state", State))
_table.append_constraint(check_of("mail_message", "priority", Priority))
Index("uq_mail_message_key", _table.c.organisation_id, _table.c.key, unique=True, postgresql_where=text("key <> ''"))
Index("ix_mail_message_state", _table.c.organisation_id, _table.c.state, _table.c.id)
Index("ix_mail_message_to_address", _table.c.organisation_id, _table.c.to_address, _table.c.id)
Index("ix_mail_message_message_id", _table.c.organisation_id, _table.c.message_id)
Index("uq_mail_message_reply_hash", _table.c.organisation_id, _table.c.reply_hash, unique=True, postgresql_where=text("reply_hash <> ''"))
_reply: Any = Reply.__table__
_reply.append_constraint(check_of("mail_reply", "outcome", Outcome))
_reply.append_constraint(check_of("mail_reply", "why", Why))
Index("uq_mail_reply_mark", _reply.c.organisation_id, _reply.c.mark, unique=True)
Index("ix_mail_reply_outcome", _reply.c.organisation_id, _reply.c.outcome, _reply.c.id)
_way: Any = Way.__table__
Index("uq_mail_way_name", _way.c.organisation_id, _way.c.name, unique=True)
_block: Any = Block.__table__
Index("uq_mail_block_address", _block.c.organisation_id, _block.c.address, unique=True, postgresql_where=text("archived_at IS NULL"))
_signing: Any = SigningDomain.__table__
Index("uq_mail_signing_domain", _signing.c.organisation_id, _signing.c.name, _signing.c.selector, unique=True,
      postgresql_where=text("archived_at IS NULL"))
