"""Recovery codes: ten, shown once, each good for one sign-in when the factor is not at hand."""

from __future__ import annotations

import secrets
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, text

from app.core.auth.factors.models import RecoveryCode
from app.core.auth.secrets import keyed
from app.kernel import clock
from app.kernel.db import apart, as_identity, session

COUNT, GROUP = 10, 5
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def renew(identity_id: UUID) -> list[str]:
    """Ten new codes; those before are void. Only keyed hashes are kept, so this is the one moment to show them."""
    codes = ["-".join("".join(secrets.choice(LETTERS) for _letter in range(GROUP)) for _group in range(2)) for _code in range(COUNT)]
    with as_identity(identity_id):
        forget(identity_id)
        session().add_all(RecoveryCode(identity_id=identity_id, code_hash=_hash(identity_id, code)) for code in codes)
        session().flush()
    return codes


def forget(identity_id: UUID, since: datetime | None = None) -> None:
    """Make every code void, or those made since a moment."""
    gone = delete(RecoveryCode).where(RecoveryCode.identity_id == identity_id)
    with as_identity(identity_id):
        session().execute(gone if since is None else gone.where(RecoveryCode.created_at >= since))


def use(identity_id: UUID, typed: str) -> bool:
    """Whether this is one of the codes that are left; it is used up at once, whatever becomes of the work at hand."""
    with apart() as connection:
        connection.execute(text("SELECT set_config('app.identity', :who, true)"), {"who": str(identity_id)})
        spent = connection.execute(text("UPDATE recovery_code SET used_at = :now WHERE identity_id = :who AND code_hash = :code "
                                        "AND used_at IS NULL"),
                                   {"who": identity_id, "code": _hash(identity_id, typed), "now": clock.now()})
        return bool(spent.rowcount == 1)


def _hash(identity_id: UUID, code: str) -> str:
    return keyed("recovery", f"{identity_id}:{''.join(each for each in code.lower() if each.isalnum())}")
