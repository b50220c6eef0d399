"""How often the API was asked: one row for each minute, endpoint, caller and status."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Integer, PrimaryKeyConstraint, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Base


class ApiUsage(Base):
    """Calls of one minute. `consumer_id` is the token, or the member who came with a session; `spread` counts the calls by how long they
    took, up to each of `counting.BOUNDS` and above.
    """

    __tablename__ = "api_usage"
    __table_args__ = (PrimaryKeyConstraint("organisation_id", "minute", "endpoint", "consumer_id", "status", name="pk_api_usage"),
                      {"info": {"tenanted": True}})

    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    minute: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    endpoint: Mapped[str] = mapped_column(Text)
    consumer_id: Mapped[UUID] = mapped_column(Uuid)
    by_token: Mapped[bool]
    status: Mapped[int] = mapped_column(Integer)
    calls: Mapped[int] = mapped_column(Integer)
    milliseconds: Mapped[int] = mapped_column(BigInteger)
    spread: Mapped[list[int]] = mapped_column(ARRAY(Integer))
