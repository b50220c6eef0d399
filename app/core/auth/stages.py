"""How far a session reaches: all the way, or only to the page of what is still owed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from uuid import UUID

from sqlalchemy import select, update

from app.core.auth.factors import holds_any, lost
from app.core.auth.models import Identity
from app.core.auth.passwords import is_expired
from app.core.auth.policy import policy_of
from app.kernel import clock
from app.kernel.db import as_identity, session

FULL, FACTOR, ENROL, PASSWORD, OVER = "full", "factor", "enrol", "password", "over"
WHOLE = ("passkey", "oidc", "saml")  # methods that prove two things by themselves, or leave that to the one who vouches


@dataclass(frozen=True)
class Reach:
    """The stage of a session; with `enrol_by`, how long it does without a factor that is required."""

    stage: str
    enrol_by: datetime | None = None


def reach(identity_id: UUID, method: str, factor: str = "") -> Reach:
    """How far somebody comes who proved `method` and, perhaps, `factor`: what is owed first is asked first."""
    found = _factors(identity_id, method, factor)
    if found.stage == FULL and method == "password" and is_expired(identity_id):
        return Reach(PASSWORD, found.enrol_by)
    return found


def _factors(identity_id: UUID, method: str, factor: str) -> Reach:
    held = holds_any(identity_id) and not (method == "password" and lost.take_effect(identity_id))
    if held and not factor and method not in WHOLE:
        return Reach(FACTOR)
    if held or method in WHOLE:
        return Reach(FULL)
    return _without_factor(identity_id)


def _without_factor(identity_id: UUID) -> Reach:
    policy = policy_of(identity_id)
    if not policy.factor_required:
        return Reach(FULL)
    until = _asked_at(identity_id) + policy.factor_grace
    return Reach(FULL, until) if until > clock.now() else Reach(ENROL)


def _asked_at(identity_id: UUID) -> datetime:
    """When a factor was asked of somebody first: now, when it never was."""
    mine, now = Identity.id == identity_id, clock.now()
    with as_identity(identity_id):
        session().execute(update(Identity).where(mine, Identity.factor_asked_at.is_(None)).values(factor_asked_at=now)
                          .execution_options(synchronize_session=False))
        return session().scalar(select(Identity.factor_asked_at).where(mine)) or now


def address(stage: str, wanted: str = "") -> str:
    """The page of a stage, which leads on to `wanted`."""
    return f"/sign-in/{stage}" + (f"?next={quote(wanted, safe='/')}" if wanted not in ("", "/") else "")
