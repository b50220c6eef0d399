"""What the sign-in knows of a person, handed out to them, and forgotten when the law says so."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update

from app.core.auth.factors.enrolling import remove_all
from app.core.auth.models import AddressChange, Credential, FormerPassword, Identity, KnownDevice, UserSession
from app.core.auth.sessions import end_sessions
from app.kernel import clock
from app.kernel.db import as_identity, session

_ELSEWHERE = text("SELECT organisation_elsewhere(:who)")


def known_of(identity_id: UUID) -> list[dict[str, Any]]:
    """The address that one signs in with, and the sessions with their devices."""
    with as_identity(identity_id):
        identity = session().scalars(select(Identity).where(Identity.id == identity_id)).first()
        rows = session().scalars(select(UserSession).where(UserSession.identity_id == identity_id).order_by(UserSession.id)).all()
    sessions = [{"began": row.created_at.isoformat(), "seen": row.last_seen_at.isoformat(), "address": row.address, "agent": row.agent}
                for row in rows]
    return ([{"email": identity.email}] if identity else []) + sessions


def forget_identity(identity_id: UUID, address: str) -> bool:
    """Put `address` in the place of the one somebody signs in with, and close the way in.

    Not while they belong to another organisation, in whatever state, or to those who keep the platform.
    """
    if session().execute(_ELSEWHERE, {"who": identity_id}).scalar():
        return False
    end_sessions(identity_id)
    with as_identity(identity_id):
        for kept in (Credential, FormerPassword, KnownDevice, AddressChange):
            session().execute(delete(kept).where(kept.identity_id == identity_id))
        remove_all(identity_id)
        session().execute(update(UserSession).where(UserSession.identity_id == identity_id).values(address="", agent=""))
        session().execute(update(Identity).where(Identity.id == identity_id).values(email=address, disabled_at=clock.now()))
    return True
