"""What the scheduler remembers: who leads, and up to which moment each schedule was served."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import DateTime, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.records import Tenanted


class SchedulerLead(Tenanted):
    """The lease of the one scheduler that leads; its only row belongs to the platform."""

    __tablename__ = "scheduler_lead"

    holder: Mapped[str] = mapped_column(Text)
    lease_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))


class ScheduleTick(Tenanted):
    """The last moment for which a schedule was served in an organisation: a tick happens for whoever moves it forward."""

    __tablename__ = "schedule_tick"

    name: Mapped[str] = mapped_column(Text)
    moment: Mapped[datetime] = mapped_column(DateTime(timezone=True))


_lead, _tick = SchedulerLead.__table__, ScheduleTick.__table__
Index("uq_scheduler_lead_organisation_id", _lead.c.organisation_id, unique=True)
Index("uq_schedule_tick_name", _tick.c.organisation_id, _tick.c.name, unique=True)
