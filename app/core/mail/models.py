"""The queue and log of mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Index, LargeBinary, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.fields import ChoiceType, check_of
from app.kernel.kinds import Choices
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


class MailMessage(Tenanted):
    """One mail to one address, written in the reader's language when it was queued; or, with a `writer`, when it leaves.

    `secrets` names what makes, of the `facts`, the secrets in its links: each attempt makes them anew, and they are never kept here.
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

    @property
    def can_be_cancelled(self) -> bool:
        """Whether it still waits."""
        return self.state == State.WAITING

    @property
    def can_be_retried(self) -> bool:
        """Whether somebody may have it sent after all."""
        return self.state in (State.FAILED, State.CANCELLED, State.BLOCKED)


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


_table: Any = MailMessage.__table__
_table.append_constraint(check_of("mail_message", "state", State))
_table.append_constraint(check_of("mail_message", "priority", Priority))
Index("uq_mail_message_key", _table.c.organisation_id, _table.c.key, unique=True, postgresql_where=text("key <> ''"))
Index("ix_mail_message_state", _table.c.organisation_id, _table.c.state, _table.c.id)
Index("ix_mail_message_to_address", _table.c.organisation_id, _table.c.to_address, _table.c.id)
Index("ix_mail_message_message_id", _table.c.organisation_id, _table.c.message_id)
_way: Any = Way.__table__
Index("uq_mail_way_name", _way.c.organisation_id, _way.c.name, unique=True)
_block: Any = Block.__table__
Index("uq_mail_block_address", _block.c.organisation_id, _block.c.address, unique=True, postgresql_where=text("archived_at IS NULL"))
