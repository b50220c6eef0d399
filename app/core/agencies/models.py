"""The relation of an agency and a client: offered by one side, accepted by the other, ended by either."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import CheckConstraint, DateTime, Index, Text, Uuid, text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base
from app.kernel.records import new_id


class AgencyLink(Base):
    """What two organisations agreed. `role` is the client's, by its key: all that the agency's people are there.

    `offered_by` is `agency` or `client`; the names are those of the people who said so.
    """

    __tablename__ = "agency_link"
    __table_args__: ClassVar[Any] = (
        CheckConstraint("agency_id <> client_id", name="ck_agency_link_two"),
        CheckConstraint("offered_by IN ('agency', 'client')", name="ck_agency_link_offered_by"),
        {"info": {"exception": "stands between two organisations, and each of them sees it", "between": ("agency_id", "client_id"),
                  "grants": "SELECT, INSERT, UPDATE, DELETE", "gate": ("id", "agency_id", "client_id", "offered_by", "accepted_at",
                                                                            "ended_at")}})

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    agency_id: Mapped[UUID] = mapped_column(Uuid)
    client_id: Mapped[UUID] = mapped_column(Uuid)
    role: Mapped[str] = mapped_column(Text, default="")
    role_label: Mapped[str] = mapped_column(Text, default="")
    message: Mapped[str] = mapped_column(Text, default="")
    offered_by: Mapped[str] = mapped_column(Text)
    offered_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    offered_name: Mapped[str] = mapped_column(Text)
    accepted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    accepted_name: Mapped[str] = mapped_column(Text, default="")
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_name: Mapped[str] = mapped_column(Text, default="")

    @property
    def is_open(self) -> bool:
        """Whether it waits for the other side's answer."""
        return self.accepted_at is None and self.ended_at is None

    @property
    def holds(self) -> bool:
        """Whether the agency's people may work for the client now."""
        return self.accepted_at is not None and self.ended_at is None


Index("uq_agency_link_pair", AgencyLink.agency_id, AgencyLink.client_id, unique=True, postgresql_where=text("ended_at IS NULL"))
Index("ix_agency_link_client_id", AgencyLink.client_id)
