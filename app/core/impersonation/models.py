"""Looking at the product as somebody else: who asked, why, who agreed, from when until when, and which pages were opened."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, SmallInteger, Text, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock, fields
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class Reach(Choices):
    """What may be done meanwhile."""

    LOOK = "look", _l("Look only")
    ACT = "act", _l("Also create and change records")


class Impersonation(Record):
    """One time in which a member sees what another sees. Agreed to first where that is needed, begun once, over by itself."""

    __tablename__ = "impersonation"
    __prefix__ = "AS"
    __label__, __plural__, __slug__ = _l("Impersonation"), _l("Impersonations"), "impersonations"

    actor_id: Mapped[UUID] = fields.reference("member", _l("Who"), groups=False)
    target_id: Mapped[UUID] = fields.reference("member", _l("As whom"), groups=False)
    reason: Mapped[str] = fields.long_text(_l("Why"), max_length=500, required=True)
    reach: Mapped[Reach] = fields.choice(_l("What may be done"), Reach, default=Reach.LOOK)
    needs_consent: Mapped[bool] = fields.boolean(_l("Needs the person's consent"), default=False)
    needs_second: Mapped[bool] = fields.boolean(_l("Needs consent or a second person"), default=False)
    consented_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Consent")})
    second_id: Mapped[UUID | None] = fields.reference("member", _l("Second person"), groups=False, required=False)
    begin_by: Mapped[datetime] = mapped_column(DateTime(timezone=True), info={"label": _l("To be begun by")})
    started_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Begun")})
    until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Until")})
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True), info={"label": _l("Ended")})
    ended_by: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Ended by")})
    session_id: Mapped[UUID | None] = mapped_column(Uuid, info={"label": _l("Session")})


class ImpersonationStep(Tenanted):
    """One request made meanwhile: what the person concerned reads afterwards, in order."""

    __tablename__ = "impersonation_step"
    __append_only__ = True

    impersonation_id: Mapped[UUID] = fields.reference("impersonation", _l("Impersonation"))
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    method: Mapped[str] = mapped_column(Text)
    path: Mapped[str] = mapped_column(Text)
    status: Mapped[int] = mapped_column(SmallInteger)
    request_id: Mapped[str] = mapped_column(Text)


_times = Impersonation.__table__
_times.info["gate"] = ("organisation_id", "id", "actor_id", "target_id", "reach", "until", "ended_at")
