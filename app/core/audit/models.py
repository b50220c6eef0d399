"""The tables of the trail. Its format is fixed: entries, links and checkpoints are only ever added."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Index, LargeBinary, PrimaryKeyConstraint, Text, Uuid, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.records import Tenanted


class AuditEntry(Tenanted):
    """Something that was done: who, what, when, with which values before and after. The nil organisation is the platform."""

    __tablename__ = "audit_entry"
    __append_only__: ClassVar[bool] = True
    __table_args__: Any = (PrimaryKeyConstraint("organisation_id", "id", name="pk_audit_entry"), {"info": {"platform": True}})

    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    actor_id: Mapped[UUID | None] = mapped_column(Uuid)
    on_behalf_of: Mapped[UUID | None] = mapped_column(Uuid)
    channel: Mapped[str] = mapped_column(Text, default="")
    action: Mapped[str] = mapped_column(Text)
    resource: Mapped[str] = mapped_column(Text, default="")
    record_id: Mapped[UUID | None] = mapped_column(Uuid)
    record_reference: Mapped[str] = mapped_column(Text, default="")
    changes: Mapped[dict[str, list[Any]]] = mapped_column(JSONB, default=dict)
    context: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    request_id: Mapped[str] = mapped_column(Text, default="")
    result: Mapped[str] = mapped_column(Text, default="ok")
    change_set_id: Mapped[UUID | None] = mapped_column(Uuid)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    tx: Mapped[int] = mapped_column(BigInteger, server_default=text("pg_current_xact_id()::text::bigint"))


class AuditLink(Tenanted):
    """The place of an entry in its organisation's chain; `id` is the entry's. `horizon` bounds what the next sealing must look at."""

    __tablename__ = "audit_link"
    __append_only__: ClassVar[bool] = True

    seq: Mapped[int] = mapped_column(BigInteger)
    hash: Mapped[bytes] = mapped_column(LargeBinary)
    horizon: Mapped[int] = mapped_column(BigInteger)


class AuditCheckpoint(Tenanted):
    """The head of a chain at a moment, signed, and written outside the database as well."""

    __tablename__ = "audit_checkpoint"
    __append_only__: ClassVar[bool] = True

    seq: Mapped[int] = mapped_column(BigInteger)
    head: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    signature: Mapped[bytes] = mapped_column(LargeBinary)


class AuditPerson(Tenanted):
    """Who a pseudonymous id is: name and e-mail as last seen. Erasing this leaves the chain whole."""

    __tablename__ = "audit_person"

    name: Mapped[str] = mapped_column(Text)
    email: Mapped[str] = mapped_column(Text, default="")
    seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class AuditKey(Tenanted):
    """The key under which one subject's personal values are encrypted, itself wrapped; empty once erased."""

    __tablename__ = "audit_key"

    wrapped: Mapped[bytes | None] = mapped_column(LargeBinary)
    made_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    erased_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


_entry, _link, _checkpoint = AuditEntry.__table__.c, AuditLink.__table__.c, AuditCheckpoint.__table__.c
Index("ix_audit_entry_at", _entry.organisation_id, _entry.at, _entry.id)
Index("ix_audit_entry_record", _entry.organisation_id, _entry.record_id, _entry.at)
Index("ix_audit_entry_actor", _entry.organisation_id, _entry.actor_id, _entry.at)
Index("ix_audit_entry_tx", _entry.organisation_id, _entry.tx, _entry.id)
Index("uq_audit_link_seq", _link.organisation_id, _link.seq, unique=True)
Index("uq_audit_checkpoint_seq", _checkpoint.organisation_id, _checkpoint.seq, unique=True)
