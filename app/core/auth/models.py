"""Who may sign in. These tables know no organisation: they are read before one is known, through narrow functions only."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, ForeignKey, ForeignKeyConstraint, Index, Text, Uuid
from sqlalchemy import Identity as Serial
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
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
    factor_asked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class Credential(Base):
    """A secret that proves an identity; `kind` is `password` for now, `secret` its Argon2id hash.

    A barred one opens nothing until it is set anew.
    """

    __tablename__ = "credential"
    __table_args__ = _apart("belongs to an identity, not to an organisation", "identity_id", "kind", "secret", "barred_at",
                            own="identity_id")

    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_credential_identity_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True, default="password")
    secret: Mapped[str] = mapped_column(Text)
    changed_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    barred_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class FormerPassword(Base):
    """The hash of a password that somebody had: the last few cannot be taken again."""

    __tablename__ = "former_password"
    __table_args__ = _apart("belongs to an identity, not to an organisation", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_former_password_identity_id"), index=True)
    secret: Mapped[str] = mapped_column(Text)
    replaced_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class KnownDevice(Base):
    """A browser in which an identity signed in fully once. Its cookie holds a random secret; only the hash is here."""

    __tablename__ = "known_device"
    __table_args__ = _apart("a device is known before an organisation is", "identity_id", "secret_hash", own="identity_id")

    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_known_device_identity_id"), primary_key=True)
    secret_hash: Mapped[str] = mapped_column(Text, primary_key=True)
    looks: Mapped[str] = mapped_column(Text, default="")
    since: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)


class AddressChange(Base):
    """Another e-mail address that somebody wants: it counts once both addresses have confirmed it."""

    __tablename__ = "address_change"
    __table_args__ = _apart("an address belongs to an identity, in every organisation of theirs", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_address_change_identity_id"), index=True)
    old_email: Mapped[str] = mapped_column(Text)
    new_email: Mapped[str] = mapped_column(Text)
    old_confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    new_confirmed_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class UserSession(Base):
    """One browser signed in. The cookie holds a random secret; only its hash is here.

    `stage` says how far: `full`, or what is still owed (`factor`, `enrol`, `password`). `method` and `factor` say what proved it,
    `proved_at` when that was last, `enrol_by` until when it does without a factor though one is required. What an organisation's own
    provider vouched for opens that organisation alone (`confined_to`): others did not ask it.

    An app has a session of its own, with a `scope`: no cookie opens it, but its access and refresh tokens do. `parent_id` is the
    browser's session that it was made from, if any, and that it ends with.
    """

    __tablename__ = "user_session"
    __table_args__ = _apart("a session opens any organisation of its identity", "id", "identity_id", "secret_hash", "last_seen_at",
                            "idle_until", "expires_at", "ended_at", "organisation_id", "impersonation_id", "stage", "method", "factor",
                            "proved_at", "enrol_by", "confined_to", "scope", "parent_id", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_user_session_identity_id"), index=True)
    secret_hash: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    last_seen_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    idle_until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    organisation_id: Mapped[UUID | None] = mapped_column(Uuid)
    impersonation_id: Mapped[UUID | None] = mapped_column(Uuid)
    address: Mapped[str] = mapped_column(Text, default="")
    agent: Mapped[str] = mapped_column(Text, default="")
    stage: Mapped[str] = mapped_column(Text, default="full", server_default="full")
    method: Mapped[str] = mapped_column(Text, default="password", server_default="password")
    factor: Mapped[str] = mapped_column(Text, default="", server_default="")
    proved_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    enrol_by: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    confined_to: Mapped[UUID | None] = mapped_column(Uuid)
    scope: Mapped[str] = mapped_column(Text, default="", server_default="")
    parent_id: Mapped[UUID | None] = mapped_column(Uuid)


class RefreshToken(Base):
    """What renews an app's access, once: each use gives the next one. Used a second time, it was stolen, and the session ends."""

    __tablename__ = "refresh_token"
    __table_args__ = _apart("belongs to a session, which is of no organisation", "id", "identity_id", "session_id", "secret_hash",
                            "expires_at", "used_at", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_refresh_token_identity_id"), index=True)
    session_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("user_session.id", name="fk_refresh_token_session_id", ondelete="CASCADE"),
                                             index=True)
    secret_hash: Mapped[str] = mapped_column(Text, unique=True)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))


class SignInLink(Base):
    """A link that is good for one thing, its `purpose`, once: a first password, a reset, a sign-in; `about` says what it needs to know."""

    __tablename__ = "sign_in_link"
    __table_args__ = _apart("belongs to an identity, not to an organisation", "id", "identity_id", "secret_hash", "purpose", "about",
                            "expires_at", "used_at", own="identity_id")

    id: Mapped[UUID] = mapped_column(Uuid, primary_key=True, default=new_id)
    identity_id: Mapped[UUID] = mapped_column(Uuid, ForeignKey("identity.id", name="fk_sign_in_link_identity_id"), index=True)
    secret_hash: Mapped[str] = mapped_column(Text, unique=True)
    purpose: Mapped[str] = mapped_column(Text, default="welcome", server_default="welcome")
    about: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict, server_default="{}")
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
    """A token for the API, narrowed to `scopes` (names of core.auth.scopes, or permission patterns) and `addresses`, until it expires.

    A personal one may do what its holder may. A service token has a role of its own (`role_id`); the member answers for it, until
    another who was asked to (`asked_id`) accepts. For a short while after it was rotated the value that it had before works too.
    """

    __tablename__ = "api_token"

    member_id: Mapped[UUID] = mapped_column(Uuid)
    role_id: Mapped[UUID | None] = mapped_column(Uuid)
    asked_id: Mapped[UUID | None] = mapped_column(Uuid)
    name: Mapped[str] = mapped_column(Text)
    secret_hash: Mapped[str] = mapped_column(Text)
    former_hash: Mapped[str | None] = mapped_column(Text)
    former_until: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    hint: Mapped[str] = mapped_column(Text)
    scopes: Mapped[list[str]] = mapped_column(ARRAY(Text))
    addresses: Mapped[list[str]] = mapped_column(ARRAY(Text), default=list, server_default="{}")
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_used_from: Mapped[str] = mapped_column(Text, default="", server_default="")


Index("ix_sign_in_attempt_account_source_at", SignInAttempt.account, SignInAttempt.source, SignInAttempt.at)
Index("ix_sign_in_attempt_source_at", SignInAttempt.source, SignInAttempt.at)
_token = ApiToken.__table__
_token.append_constraint(ForeignKeyConstraint(["organisation_id", "role_id"], ["role.organisation_id", "role.id"],
                                              name="fk_api_token_role_id"))
Index("ix_api_token_member_id", _token.c.organisation_id, _token.c.member_id)
Index("ix_api_token_role_id", _token.c.organisation_id, _token.c.role_id)
Index("ix_api_token_id", _token.c.id)
Index("ix_api_token_secret_hash", _token.c.secret_hash)
Index("ix_api_token_former_hash", _token.c.former_hash)
_token.info["gate"] = ("organisation_id", "id", "name", "member_id", "role_id", "secret_hash", "former_hash", "former_until", "scopes",
                       "addresses", "expires_at", "revoked_at", "last_used_at", "last_used_from")
_token.info["gate_changes"] = ("revoked_at",)
