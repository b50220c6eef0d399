"""Keys that make a repeated call give its first answer again instead of a second effect."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import DateTime, PrimaryKeyConstraint, Text, Uuid, delete, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import Base, session
from app.kernel.errors import Invalid

LIFE = timedelta(days=1)  # how long the answer to a machine is given again


class UsedKey(Base):
    """A key that somebody used, with what came of it; `content` is the hash of what a machine sent with it."""

    __tablename__ = "used_key"
    __table_args__ = (PrimaryKeyConstraint("organisation_id", "member_id", "key", name="pk_used_key"), {"info": {"tenanted": True}})

    organisation_id: Mapped[UUID] = mapped_column(Uuid)
    member_id: Mapped[UUID] = mapped_column(Uuid)
    key: Mapped[str] = mapped_column(Text)
    used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    answer: Mapped[Any] = mapped_column(JSONB, nullable=True)
    content: Mapped[str] = mapped_column(Text, default="", server_default="")


def scoped(key: str, *scope: object) -> str:
    """The key within what it was sent for: the same one with another step, or on another record, is another key."""
    return hashlib.sha256("\x1f".join(map(str, (*scope, key))).encode("utf-8", "replace")).hexdigest()


def claim(key: str, content: bytes | None = None) -> tuple[bool, Any]:
    """(True, None) for the first use; (False, the first answer) for a repeat. A simultaneous repeat waits for the first to end.

    With `content`, what a machine sent: the key holds for `LIFE`, and raises `Invalid` when it comes with anything else.
    """
    sent, now = "" if content is None else hashlib.sha256(content).hexdigest(), clock.now()
    values = {"organisation_id": current.organisation.id, "member_id": current.user.id, "key": key[:200]}
    if content is not None:
        session().execute(delete(UsedKey).filter_by(**values).where(UsedKey.used_at < now - LIFE))
    made = session().execute(
        insert(UsedKey).values(used_at=now, content=sent, **values).on_conflict_do_nothing().returning(UsedKey.key))
    if made.first():
        return True, None
    first = session().execute(select(UsedKey.answer, UsedKey.content).filter_by(**values)).one()
    if first.content != sent:
        raise Invalid({"Idempotency-Key": [_("This key came with something else before. Take a new key for a new call.")]})
    return False, first.answer


def answer(key: str, said: Any) -> None:
    """Keep what came of the call that claimed the key."""
    used = session().get(UsedKey, (current.organisation.id, current.user.id, key[:200]))
    if used is not None:
        used.answer = said
