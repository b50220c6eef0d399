"""What proves a person besides the password: authenticators and phones, passkeys, recovery codes; and how a lost one is given back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, DateTime, ForeignKey, Index, LargeBinary, Text, Uuid
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.core.auth.models import _apart
from app.kernel import clock
from app.kernel.db import Base
from app.kernel.records import Tenanted, new_id


class SecondFactor(Base):
    """An authenticator (`totp`) or a phone (`sms`), one of each kind. `secret` is encrypted under a key outside the database.

    `last_step` is the last time step whose code was used; `code_hash` and `code_until` are of the code that was sent last.
    """

    __tablename__ = "second_factor"
    __table_args__ = _apart("belongs to an identity, not to an organisation", own="identity_id")

    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_second_factor_identity_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    code_hash: Mapped[str | None] = mapped_column(Text)
    code_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Passkey(Base):
    """A passkey: its public key, how often it signed, and whether it is kept in more than one place."""

    __tablename__ = "passkey"
    __table_args__ = _apart("found by what a browser offers, before anybody is known", "id", "identity_id", "credential_id", "public_key",
                            "sign_count", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_passkey_identity_id"), index=True)
    credential_id: Mapped[str] = mapped_column(Text, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger, default=0)
    name: Mapped[str] = mapped_column(Text)
    transports: Mapped[list[str]] = mapped_column(ARRAY(Text))
    backed_up: Mapped[bool] = mapped_column(Boolean, default=False)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class RecoveryCode(Base):
    """A code that stands in for a factor, once; only a keyed hash is kept."""

    __tablename__ = "recovery_code"
    __table_args__ = _apart("belongs to an identity, not to an organisation", own="identity_id")

    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_recovery_code_identity_id"), primary_key=True)
    code_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SpentProof(Base):
    """Something that works once and was used: the hash of a challenge or an assertion, until it could work no more."""

    __tablename__ = "spent_proof"
    __table_args__ = _apart("spent before anybody is known", "proof_hash", "expires_at", gate_writes=True)

    proof_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), index=True)


class LostFactor(Tenanted):
    """Somebody lost their factors and asks to begin anew: two administrators agree, and it takes effect after a delay."""

    __tablename__ = "lost_factor"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    identity_id: Mapped[UUID] = mapped_column(Uuid)
    reason: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text, default="")
    asked_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    first_by: Mapped[UUID | None] = mapped_column(Uuid)
    first_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    second_by: Mapped[UUID | None] = mapped_column(Uuid)
    due_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    ended_by: Mapped[UUID | None] = mapped_column(Uuid)
    outcome: Mapped[str] = mapped_column(Text, default="")


_lost = LostFactor.__table__
Index("ix_lost_factor_member_id", _lost.c.organisation_id, _lost.c.member_id)
Index("uq_lost_factor_open", _lost.c.organisation_id, _lost.c.identity_id, unique=True, postgresql_where=_lost.c.ended_at.is_(None))
