"""The queue and log of mail."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, Index, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.fields import ChoiceType, check_of
from app.kernel.kinds import Choices
from app.kernel.records import Tenanted


class State(Choices):
    """Where a mail stands. Uncertain: it was handed over, or not, when the sender was killed; it is tried again under the same id."""

    WAITING = "waiting", _l("Waiting"), "neutral"
    SENDING = "sending", _l("Being sent"), "info"
    SENT = "sent", _l("Sent"), "success"
    FAILED = "failed", _l("Failed"), "danger"
    CANCELLED = "cancelled", _l("Cancelled"), "neutral"


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
        return self.state in (State.FAILED, State.CANCELLED)


_table: Any = MailMessage.__table__
_table.append_constraint(check_of("mail_message", "state", State))
Index("uq_mail_message_key", _table.c.organisation_id, _table.c.key, unique=True, postgresql_where=text("key <> ''"))
Index("ix_mail_message_state", _table.c.organisation_id, _table.c.state, _table.c.id)
Index("ix_mail_message_to_address", _table.c.organisation_id, _table.c.to_address, _table.c.id)
