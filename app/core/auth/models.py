"""Who may sign in. These tables know no organisation: they are read before one is known, through narrow functions only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, Index, Text, Uuid
from sqlalchemy import Identity as Serial
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Base
from app.kernel.records import Tenanted, new_id

EVERYTHING = "SELECT, INSERT, UPDATE, DELETE"


def _apart(reason: str, *columns: str, own: str = "", gate_writes: bool = False) -> dict[str, Any]:
    return {"info": {"exception": reason, "gate": columns, "own": own, "grants": EVERYTHING, "gate_writes": gate_writes}}


class Identity(Base):
    """A person who can sign in, in however many organisations."""

    __tablename__ = "identity"
    __table_args__ = _apart("a person signs in before an organisation is known and may belong to several",
                            "id", "email", "disabled_at", own="id", gate_writes=True)

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    disabled_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Credential(Base):
    """A secret that proves an identity; `kind` is `password` for now, `secret` its Argon2id hash."""

    __tablename__ = "credential"
    __table_args__ = _apart("belongs to an identity, not to an organisation", "identity_id", "kind", "secret", own="identity_id")

    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_credential_identity_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True, default="password")
    secret: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class UserSession(Base):
    """One browser signed in. The cookie holds a random secret; only its hash is here."""

    __tablename__ = "user_session"
    __table_args__ = _apart("a session opens any organisation of its identity", "id", "identity_id", "secret_hash", "last_seen_at",
                            "idle_until", "expires_at", "ended_at", "organisation_id", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_user_session_identity_id"), index=True)
    secret_hash: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    idle_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)
    address: Mapped[str] = mapped_column(Text, default="")
    agent: Mapped[str] = mapped_column(Text, default="")


class SignInLink(Base):
    """A link that lets its holder set a password, once: a first owner's, an invitation's, a reset's."""

    __tablename__ = "sign_in_link"
    __table_args__ = _apart("belongs to an identity, not to an organisation", "id", "identity_id", "secret_hash", "expires_at", "used_at",
                            own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_sign_in_link_identity_id"), index=True)
    secret_hash: Mapped[str] = mapped_column(Text, unique=True)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SignInAttempt(Base):
    """A try to sign in, counted per account and source; both are keyed hashes, so that the table is no directory."""

    __tablename__ = "sign_in_attempt"
    __table_args__ = _apart("counted before anybody is known", "id", "account", "source", "at", gate_writes=True)

    id: Mapped[int] = mapped_column(BigInteger, Serial(always=True), primary_key=True)
    account: Mapped[str] = mapped_column(Text)
    source: Mapped[str] = mapped_column(Text)
    at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class ApiToken(Tenanted):
    """A personal token: what its holder may do here, narrowed to `scopes` (permission patterns), until it expires."""

    __tablename__ = "api_token"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    hint: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


Index("ix_sign_in_attempt_account_source_at", SignInAttempt.account, SignInAttempt.source, SignInAttempt.at)
Index("ix_sign_in_attempt_source_at", SignInAttempt.source, SignInAttempt.at)
_token = ApiToken.__table__
Index("ix_api_token_member_id", _token.c.organisation_id, _token.c.member_id)
Index("ix_api_token_secret_hash", _token.c.secret_hash)
_token.info["gate"] = ("organisation_id", "id", "member_id", "secret_hash", "scopes", "expires_at", "revoked_at", "last_used_at")
