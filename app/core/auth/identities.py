"""Identities and their passwords: found by address, made when needed, proved by password."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from flask import has_request_context
from sqlalchemy import exists, select, text

from app.core.auth import throttle
from app.core.auth.models import Credential, Identity, UserSession
from app.core.auth.secrets import is_password
from app.core.auth.source import source_address
from app.kernel import clock
from app.kernel.db import as_identity, session


def identity_of(email: str) -> UUID | None:
    """The identity with that address, if there is one."""
    found: UUID | None = session().execute(text("SELECT identity_id FROM auth_lookup(:email)"), {"email": email.strip().lower()}).scalar()
    return found


def has_signed_in(identity_id: UUID) -> bool:
    """Whether somebody stands behind the identity already: with a password, or signed in once by any way."""
    with as_identity(identity_id):
        return session().scalar(select(exists().where(Credential.identity_id == identity_id)
                                       | exists().where(UserSession.identity_id == identity_id))) or False


def is_somebody(identity_id: UUID) -> bool:
    """Whether an identity is a person's already: somebody signed in with it, or it belongs to another organisation than the one at hand."""
    return has_signed_in(identity_id) or bool(session().execute(text("SELECT organisation_elsewhere(:who)"), {"who": identity_id}).scalar())


def identities_for(emails: Sequence[str]) -> dict[str, UUID]:
    """The identity of each address, made where there is none."""
    wanted = sorted({email.strip().lower() for email in emails})
    rows = session().execute(text("SELECT address, who FROM auth_identities(:emails)"), {"emails": wanted})
    return {row.address: row.who for row in rows}


def verify_password(identity_id: UUID | None, password: str) -> bool:
    """Whether this is the password of the identity: the proof of who one is before a RED decision, counted like a sign-in.

    Raises `TooMany` after five wrong ones in 15 minutes from one source.
    """
    if identity_id is None:
        return False
    with as_identity(identity_id):
        email = session().scalar(select(Identity.email).where(Identity.id == identity_id)) or ""
        secret = session().scalar(select(Credential.secret).where(Credential.identity_id == identity_id, Credential.kind == "password",
                                                                  Credential.barred_at.is_(None)))
    source = source_address() if has_request_context() else ""
    throttle.count(email, source)
    right = is_password(secret, password)
    if right:
        throttle.forget(email, source)
    return right


def has_password(identity_id: UUID) -> bool:
    """Whether the identity has a password at all."""
    with as_identity(identity_id):
        return session().scalar(select(Credential.kind).where(Credential.identity_id == identity_id,
                                                              Credential.kind == "password")) is not None


def disable(identity_id: UUID) -> None:
    """End every way in: sessions and tokens stop with the next request."""
    with as_identity(identity_id):
        found = session().get(Identity, identity_id)
        if found is not None:
            found.disabled_at = clock.now()
            session().flush()
