"""Which factors a person has."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import exists, or_, select

from app.core.auth.factors.models import Passkey, SecondFactor
from app.kernel.db import as_identity, session


def holds_any(identity_id: UUID) -> bool:
    """Whether a person has a factor that was confirmed."""
    confirmed = exists().where(SecondFactor.identity_id == identity_id, SecondFactor.confirmed_at.is_not(None))
    with as_identity(identity_id):
        return bool(session().scalar(select(or_(confirmed, exists().where(Passkey.identity_id == identity_id)))))
