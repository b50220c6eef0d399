"""The level above the organisations: who keeps the installation, and what holds for all of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import DateTime, ForeignKey, Text, Uuid
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base


class PlatformAdmin(Base):
    """Somebody who keeps the installation. Only the owner of the tables adds a row, by a command: no page can make one."""

    __tablename__ = "platform_admin"
    __table_args__: ClassVar[Any] = {"info": {"exception": "the platform stands above the organisations", "own": "identity_id",
                                              "grants": "SELECT", "gate": ("identity_id", "ended_at")}}

    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_platform_admin_identity_id"), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class PlatformSetting(Base):
    """A value for the whole installation; read and written through the functions of the gate only."""

    __tablename__ = "platform_setting"
    __table_args__: ClassVar[Any] = {"info": {"exception": "holds for all organisations", "gate": ("key", "value"), "gate_writes": True}}

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
