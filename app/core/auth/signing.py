"""One try to sign in: counted before anything is looked at, the same answer and the same time for known and unknown people."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import text

from app.core.auth import passwords, sessions, stages, throttle, trail
from app.core.auth.pace import LOCKED, REFUSED, refusing_takes
from app.core.auth.secrets import account_mark, is_outdated, is_password
from app.kernel.db import unit_of_work
from app.kernel.errors import Invalid, TooMany

LONGEST_PASSWORD = 1024
_WHO = text("SELECT identity_id, secret, disabled, barred FROM auth_lookup(:email)")


@dataclass(frozen=True)
class SignedIn:
    """Who signed in, and the secret for the cookie."""

    identity_id: UUID
    secret: str


def sign_in(email: str, password: str, *, source: str, agent: str) -> SignedIn:
    """Open a session for whoever proves to be `email`; see `proved`."""
    identity_id = proved(email, password, source=source)
    with unit_of_work():
        return SignedIn(identity_id, opened(identity_id, source=source, agent=agent))


def proved(email: str, password: str, *, source: str) -> UUID:
    """Whose password it is. Commits by itself: what was counted stays counted.

    Raises `Invalid` when it is not right, without saying what, and `TooMany` after five wrong ones in 15 minutes from one source.
    """
    with refusing_takes(LOCKED):
        _count(email, source)
    with refusing_takes(REFUSED):
        with unit_of_work() as work:
            found = work.execute(_WHO, {"email": email.strip().lower()}).one()
        right = is_password(found.secret, password[:LONGEST_PASSWORD])
        if reason := _why_not(found, right=right):
            refused(email, source, reason)
            raise Invalid({"": [_("The e-mail address or the password is not right.")]})
    throttle.forget(email, source)
    if is_outdated(found.secret):
        with unit_of_work():
            passwords.keep(found.identity_id, password)
    return UUID(str(found.identity_id))


def _count(email: str, source: str) -> None:
    try:
        throttle.count(email, source)
    except TooMany:
        refused(email, source, "locked")
        raise


def refused(email: str, source: str, reason: str) -> None:
    """Put a try that failed into the trail, which alone tells one reason from another."""
    with unit_of_work() as work:
        found = work.execute(_WHO, {"email": email.strip().lower()}).one()
        trail.note("auth.sign_in", found.identity_id, result="refused", source=source, reason=reason,
                   private={"account": account_mark(email)})


def _why_not(found: Any, *, right: bool) -> str:
    if found.identity_id is None:
        return "unknown"
    if found.secret is None:
        return "no password"
    return "password" if not right else "disabled" if found.disabled else "barred" if found.barred else ""


def opened(identity_id: UUID, *, source: str, agent: str, method: str = "password", factor: str = "", stage: str = "",
           confined_to: UUID | None = None) -> str:
    """A new session, audited; gives its secret. `method` is `password`, `passkey`, `oidc`, `saml`, `ldap` or `link`.

    `confined_to` is the organisation whose provider vouched: the session opens no other, and sets up nothing of the person's own, not even
    a factor that is owed.
    How far the session reaches is decided here, by what was proved and what the person's organisations ask; `stage` holds it back further.
    """
    reach = stages.reach(identity_id, method, factor)
    if confined_to and reach.stage != stages.FACTOR:
        reach = stages.Reach(stages.FULL)
    secret = sessions.open_session(identity_id, address=source, agent=agent, method=method, factor=factor, stage=stage or reach.stage,
                                   enrol_by=reach.enrol_by, confined_to=confined_to)
    trail.note("auth.sign_in", identity_id, only=confined_to, source=source, method=method, stage=stage or reach.stage)
    return secret
