"""Which factors a person has, and which of them was used last."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select

from app.core.auth.factors.models import Passkey, RecoveryCode, SecondFactor
from app.core.auth.factors.sealing import unseal
from app.kernel.db import as_identity, session

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Held:
    """What somebody can prove themselves by, besides the password. `phone` is the number's last digits."""

    totp_since: datetime | None = None
    phone: str = ""
    passkeys: tuple[Passkey, ...] = ()
    codes_left: int = 0
    kinds: tuple[str, ...] = ()

    @property
    def count(self) -> int:
        """How many factors; recovery codes are none, they stand in for one."""
        return bool(self.totp_since) + bool(self.phone) + len(self.passkeys)


def holds_any(identity_id: UUID) -> bool:
    """Whether a person has a factor that was confirmed."""
    confirmed = exists().where(SecondFactor.identity_id == identity_id, SecondFactor.confirmed_at.is_not(None))
    with as_identity(identity_id):
        return bool(session().scalar(select(or_(confirmed, exists().where(Passkey.identity_id == identity_id)))))


def held_by(identity_id: UUID) -> Held:
    """All confirmed factors of a person; `kinds` in the order of their last use."""
    with as_identity(identity_id):
        mine = SecondFactor.identity_id == identity_id
        found = {each.kind: each for each in session().scalars(select(SecondFactor).where(mine, SecondFactor.confirmed_at.is_not(None)))}
        keys = tuple(session().scalars(select(Passkey).where(Passkey.identity_id == identity_id).order_by(Passkey.created_at)))
        unused = select(func.count()).where(RecoveryCode.identity_id == identity_id, RecoveryCode.used_at.is_(None))
        left = session().scalar(unused) or 0
    used = {kind: each.last_used_at or NEVER for kind, each in found.items()}
    if keys:
        used["passkey"] = max(each.last_used_at or NEVER for each in keys)
    kinds = sorted(used, key=lambda kind: used[kind], reverse=True) + (["recovery"] if left and used else [])
    phone = unseal(found["sms"].secret, identity_id)[-2:] if "sms" in found else ""
    return Held(found["totp"].confirmed_at if "totp" in found else None, phone, keys, left, tuple(kinds))
