"""An invitation: a person is asked by mail to join with a role, and says yes or no in time."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped

from app.core.people.models import Kind
from app.kernel import fields
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Answer(Choices):
    """What became of an invitation."""

    OPEN = "open", _l("Waiting for an answer"), "info"
    ACCEPTED = "accepted", _l("Accepted"), "good"
    DECLINED = "declined", _l("Declined"), "neutral"
    EXPIRED = "expired", _l("Expired"), "warning"
    REVOKED = "revoked", _l("Revoked"), "muted"


class Invitation(Record):
    """Somebody who is asked to join, with the role that they will have."""

    __tablename__ = "invitation"
    __prefix__ = "IVT"
    __label__, __plural__, __slug__ = _l("Invitation"), _l("Invitations"), "invitations"

    email: Mapped[str] = fields.email(_l("E-mail"), required=True)
    name: Mapped[str] = fields.text(_l("Name"), max_length=120, personal=True)
    role_id: Mapped[UUID] = fields.reference("role", _l("Role"))
    kind: Mapped[Kind] = fields.choice(_l("Belongs to"), Kind, default=Kind.OWN, extra={"kept_back": ("agency",)})
    department_id: Mapped[UUID | None] = fields.reference("department", _l("Department"), required=False)
    site_id: Mapped[UUID | None] = fields.reference("site", _l("Site"), required=False)
    message: Mapped[str | None] = fields.long_text(_l("A word to them"), max_length=1000)
    status: Mapped[Answer] = fields.choice(_l("Answer"), Answer, default=Answer.OPEN)
    sent_at: Mapped[datetime | None] = fields.moment(_l("Sent"), required=False)
    expires_at: Mapped[datetime | None] = fields.moment(_l("Expires"), required=False)
    answered_at: Mapped[datetime | None] = fields.moment(_l("Answered"), required=False)
    member_id: Mapped[UUID | None] = fields.reference("member", _l("Member"), groups=False, required=False)


_table: Any = Invitation.__table__
Index("ix_invitation_waiting", _table.c.email, postgresql_where=text("status = 'open'"))
_table.info["gate"] = ("organisation_id", "email", "status", "expires_at", "archived_at")
