"""Legal holds: while one stands, no purge takes what it covers. Setting and lifting it need a reason, and are in the trail."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import or_, select

from app.core.audit.models import AuditHold
from app.kernel import clock
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import Form, long_text


class Lifting(Form):
    """What lifting a hold asks for."""

    lift_reason = long_text(_l("Why it is lifted"), max_length=2_000, required=True)


def before_save(hold: AuditHold) -> None:
    """A hold says why, and what it covers. Raises `Invalid`."""
    hold.record = (hold.record or "").strip().upper() or None
    if not (hold.reason or "").strip():
        raise Invalid({"reason": [_("Say why.")]})
    if not (hold.record or hold.member_id or hold.since or hold.until):
        raise Invalid({"record": [_("Name a record, a person or a period.")]})
    if hold.since and hold.until and hold.until < hold.since:
        raise Invalid({"until": [_("The end is before the beginning.")]})


def held(member: Any = None) -> bool:
    """Whether a hold stands here at all; or one on a person. Until it is lifted it does, also when it was put into the archive."""
    query = select(AuditHold.id).where(AuditHold.lifted_at.is_(None))
    if member is not None:
        query = query.where(or_(AuditHold.member_id == member.id, AuditHold.record == member.reference))
    return session().scalars(query.limit(1)).first() is not None


def kept(hold: Any) -> bool | str:
    """Whether it may be put into the archive: not while it stands, where nobody would see it any more."""
    return True if hold.lifted_at is not None else _("This legal hold stands. Lift it first.")


def lift(hold: AuditHold, *, lift_reason: str) -> AuditHold:
    """Let the purge have what the hold covered."""
    hold.lifted_at, hold.lift_reason = clock.now(), lift_reason
    return hold


def stands(hold: Any) -> bool | str:
    """Whether the hold has not been lifted."""
    return True if hold.lifted_at is None else _("This hold was lifted already.")
