"""Setting a factor up and taking it away: proved before it counts, audited, told by mail; the last one stays where it is required."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, update

from app.core import sms
from app.core.auth import throttle
from app.core.auth.factors import authenticator, passkeys, phones, recovery
from app.core.auth.factors.held import held_by
from app.core.auth.factors.models import Passkey, SecondFactor
from app.core.auth.factors.telling import tell
from app.core.auth.models import UserSession
from app.core.auth.policy import policy_of
from app.kernel.db import as_identity, session
from app.kernel.errors import Conflict, Invalid, NotFound


@dataclass(frozen=True)
class Setup:
    """A factor that is being set up, as its form needs it. `sent` says that a code is on its way to a phone."""

    kind: str
    offer: authenticator.Offer | None = None
    question: passkeys.Question | None = None
    sent: bool = False


def offered() -> list[str]:
    """The kinds that can be set up in this installation."""
    return ["totp", "passkey", *(["sms"] if sms.is_on() else [])]


def begin(identity_id: UUID, kind: str, session_id: UUID | None, *, sent: bool = False, ticket: str = "") -> Setup:
    """What the form of a kind shows in a session; of an unknown kind, that of the authenticator. `ticket` is of the form shown before."""
    if kind == "passkey":
        return Setup(kind, question=passkeys.ask_to_make(identity_id))
    if kind == "sms" and sms.is_on():
        return Setup(kind, sent=sent)
    return Setup("totp", offer=authenticator.offer(identity_id, session_id, ticket))


def confirm(identity_id: UUID, kind: str, given: Mapping[str, str], session_id: UUID | None) -> list[str]:
    """Make a factor of what was proved; gives new recovery codes with the first one. Raises `Invalid`, and `TooMany` like a sign-in."""
    first = not held_by(identity_id).kinds
    _prove(identity_id, kind, given, session_id)
    with as_identity(identity_id):
        mine = update(UserSession).where(UserSession.identity_id == identity_id)
        session().execute(mine.values(enrol_by=None).execution_options(synchronize_session=False))
    tell(identity_id, "added", kind)
    return recovery.renew(identity_id) if first else []


def _prove(identity_id: UUID, kind: str, given: Mapping[str, str], session_id: UUID | None) -> None:
    if kind == "passkey":
        passkeys.make(identity_id, given.get("ticket", ""), given.get("credential", ""), given.get("name", ""))
        return
    counted = (f"setup {identity_id}", f"setup {identity_id}")
    throttle.count(*counted)
    code = given.get("code", "")
    right = (phones.confirm(identity_id, code) if kind == "sms"
             else authenticator.confirm(identity_id, code, given.get("ticket", ""), session_id))
    if not right:
        raise Invalid({"code": [_("This code is not right. Look at it again; it changes every 30 seconds.")]})
    throttle.forget(*counted)


def remove(identity_id: UUID, kind: str, passkey_id: UUID | None = None) -> None:
    """Take a factor away. Raises `Conflict` when it is the last one and the policy requires one, `NotFound` when there is none."""
    held = held_by(identity_id)
    if held.count <= 1 and policy_of(identity_id).factor_required:
        raise Conflict(_("Your organisation requires a second factor, and this is the only one left. Set another one up first."))
    with as_identity(identity_id):
        mine = delete(SecondFactor).where(SecondFactor.identity_id == identity_id, SecondFactor.kind == kind)
        if kind == "passkey":
            mine = delete(Passkey).where(Passkey.identity_id == identity_id, Passkey.id == passkey_id)
        if not session().connection().execute(mine).rowcount:
            raise NotFound
    if held.count <= 1:
        recovery.forget(identity_id)
    tell(identity_id, "removed", kind)


def remove_all(identity_id: UUID) -> None:
    """Take every factor away: they are lost, and others have vouched for the person."""
    with as_identity(identity_id):
        session().execute(delete(SecondFactor).where(SecondFactor.identity_id == identity_id))
        session().execute(delete(Passkey).where(Passkey.identity_id == identity_id))
        recovery.forget(identity_id)


def renew_codes(identity_id: UUID) -> list[str]:
    """Ten new recovery codes. Raises `Conflict` for somebody without a factor: there is nothing to recover."""
    if not held_by(identity_id).count:
        raise Conflict(_("Set a factor up first."))
    tell(identity_id, "codes", "recovery")
    return recovery.renew(identity_id)
