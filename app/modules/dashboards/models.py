"""Dashboards that people make, and how each of them arranged those of others."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import DateTime, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.current import acting_id, current
from app.kernel.db import Base
from app.kernel.fields import choice, long_text, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record


class Shared(Choices):
    """Who else sees a dashboard; what stands on it each of them sees by their own right."""

    PRIVATE = "private", _l("Only me"), "neutral"
    GROUP = "group", _l("A group"), "info"
    EVERYBODY = "everybody", _l("Everybody"), "good"


class Dashboard(Record):
    """One page of tiles; `tiles` is their JSON (app.modules.dashboards.layout)."""

    __tablename__ = "dashboards_dashboard"
    __prefix__ = "DSH"
    __label__, __plural__, __slug__ = _l("Dashboard"), _l("Dashboards"), "boards"

    name: Mapped[str] = text(_l("Name"), max_length=120)
    description: Mapped[str | None] = text(_l("Description"), required=False, max_length=300, sortable=False,
                                           help=_l("What it is for, in one line."))
    shared: Mapped[Shared] = choice(_l("Shared with"), Shared, default=Shared.PRIVATE, extra={"samples": ("everybody",)})
    group_id: Mapped[UUID | None] = reference("member_group", _l("Group"), required=False, help=_l("Where it is shared with a group."))
    tiles: Mapped[str | None] = long_text(_l("Tiles"), max_length=60_000, help=_l("As JSON; the builder writes it."), widget="hidden",
                                          extra={"samples": ("[]",)})


class Arrangement(Base):
    """How one person arranged a dashboard that is not theirs to change: order, widths, and what they left out."""

    __tablename__ = "dashboards_arrangement"
    __table_args__ = (PrimaryKeyConstraint("organisation_id", "member_id", "board", name="pk_dashboards_arrangement"),
                      {"info": {"tenanted": True}})

    organisation_id: Mapped[UUID] = mapped_column(Uuid, default=lambda: current.organisation.id)
    member_id: Mapped[UUID] = mapped_column(Uuid, default=acting_id)
    board: Mapped[str] = mapped_column(Text)
    places: Mapped[list[Any]] = mapped_column(JSONB)
    kept_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
