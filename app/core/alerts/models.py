"""A security alert: what was noticed, where its evidence stands, and who was told."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.fields import choice, integer, moment, text
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Kind(Choices):
    """What is watched for."""

    SIGN_INS = "sign_ins", _l("Many refused sign-ins from one source"), "danger"
    REFUSALS = "refusals", _l("Many refusals to one person"), "warning"
    ESCALATION = "escalation", _l("Somebody was given more rights"), "warning"
    ODD_HOURS = "odd_hours", _l("Impersonation at an odd hour"), "warning"
    CHAIN = "chain", _l("The audit trail is broken"), "danger"
    SINK = "sink", _l("The audit trail falls behind"), "danger"
    TRIAL = "trial", _l("Trial of the alerts"), "info"


class Status(Choices):
    """Whether somebody has looked."""

    OPEN = "open", _l("Open"), "warning"
    SEEN = "seen", _l("Seen"), "success"


class Alert(Record):
    """One thing that was noticed, told once. `mark` keeps it from being told twice, `evidence` is a path below the organisation."""

    __tablename__ = "security_alert"
    __prefix__ = "ALERT"
    __label__, __plural__, __slug__ = _l("Security alert"), _l("Security alerts"), "alerts"

    kind: Mapped[Kind] = choice(_l("Kind"), Kind)
    status: Mapped[Status] = choice(_l("State"), Status, default=Status.OPEN)
    noticed_at: Mapped[datetime] = moment(_l("Noticed"))
    subject: Mapped[str | None] = text(_l("Concerns"), max_length=200, required=False)
    times: Mapped[int] = integer(_l("How often"), default=1)
    evidence: Mapped[str | None] = text(_l("Evidence"), max_length=500, required=False, sortable=False)
    told: Mapped[int] = integer(_l("People told"), default=0)
    delivered_at: Mapped[datetime | None] = moment(_l("Delivered"), required=False)
    seen_at: Mapped[datetime | None] = moment(_l("Seen"), required=False)
    mark: Mapped[str] = mapped_column(Text, info={"audited": False})


_table: Any = Alert.__table__
Index("uq_security_alert_mark", _table.c.organisation_id, _table.c.mark, unique=True)
