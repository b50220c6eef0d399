"""Codes of an authenticator app (RFC 6238): six digits that change every 30 seconds, each good for one use."""

from __future__ import annotations

import base64
import hmac
import io
import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import pyotp
import segno
from cryptography.exceptions import InvalidTag
from markupsafe import Markup
from sqlalchemy import delete, select, text

from app.core.auth.factors.models import SecondFactor
from app.core.auth.factors.sealing import seal, unseal
from app.core.auth.models import Identity
from app.kernel import clock
from app.kernel.db import apart, as_identity, session

KIND, STEP, WINDOW, ISSUER, LIFE = "totp", 30, 1, "OpsFlux", timedelta(minutes=10)
_SPEND = text("UPDATE second_factor SET last_step = :step, last_used_at = :now "
              "WHERE identity_id = :who AND kind = 'totp' AND last_step < :step")


@dataclass(frozen=True)
class Offer:
    """An authenticator to be set up: what is scanned, or typed where nothing can scan, and the ticket that must come back with the code."""

    secret: str
    address: str
    ticket: str

    @property
    def picture(self) -> Markup:
        """The QR code as inline SVG: black on white in every theme, so that every camera reads it."""
        drawn = io.BytesIO()
        segno.make(self.address, error="m").save(drawn, kind="svg", xmldecl=False, svgns=True, border=2, light="#fff", svgclass=None,
                                                 lineclass=None, omitsize=True)
        return Markup(drawn.getvalue().decode())  # noqa: S704 -- drawn here, out of squares

    @property
    def spaced(self) -> str:
        """The secret in groups of four, as people type it."""
        return " ".join(self.secret[at : at + 4] for at in range(0, len(self.secret), 4))


def offer(identity_id: UUID, session_id: UUID | None = None, ticket: str = "") -> Offer:
    """A new authenticator to set up, or the one of a ticket that still holds: the page is shown again after a wrong code.

    Nothing is kept until it is confirmed, so that nobody finds here what was shown to another.
    """
    with as_identity(identity_id):
        email = session().scalar(select(Identity.email).where(Identity.id == identity_id)) or ""
    secret = _offered(ticket, identity_id, session_id)
    if not secret:
        secret = pyotp.random_base32()
        said = json.dumps([secret, str(session_id), (clock.now() + LIFE).isoformat()])
        ticket = base64.urlsafe_b64encode(seal(said, identity_id)).decode()
    return Offer(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER), ticket)


def _offered(ticket: str, identity_id: UUID, session_id: UUID | None) -> str:
    """The secret of a ticket, while it holds: for this person, in this session, for ten minutes. Empty otherwise."""
    try:
        secret, whose, until = json.loads(unseal(base64.urlsafe_b64decode(ticket.encode()), identity_id))
    except (InvalidTag, ValueError):
        return ""
    return str(secret) if whose == str(session_id) and clock.now() < datetime.fromisoformat(until) else ""


def confirm(identity_id: UUID, code: str, ticket: str, session_id: UUID | None = None) -> bool:
    """Whether the code is right for the authenticator that was offered with the ticket; from then on it is the one."""
    secret = _offered(ticket, identity_id, session_id)
    step = _step(secret, code) if secret else 0
    if not step:
        return False
    now = clock.now()
    with as_identity(identity_id):
        session().execute(delete(SecondFactor).where(SecondFactor.identity_id == identity_id, SecondFactor.kind == KIND))
        session().expire_all()
        session().add(SecondFactor(identity_id=identity_id, kind=KIND, secret=seal(secret, identity_id), created_at=now, confirmed_at=now,
                                   last_used_at=now, last_step=step))
        session().flush()
    return True


def check(identity_id: UUID, code: str) -> bool:
    """Whether the code is right and was not used before; it is used up at once, whatever becomes of the work at hand.

    The row's lock lets one of many at the same moment through: the others find the step used.
    """
    with as_identity(identity_id):
        sealed = session().scalar(select(SecondFactor.secret).where(SecondFactor.identity_id == identity_id, SecondFactor.kind == KIND))
    step = _step(unseal(sealed, identity_id), code) if sealed else 0
    if not step:
        return False
    with apart() as connection:
        connection.execute(text("SELECT set_config('app.identity', :who, true)"), {"who": str(identity_id)})
        spent = connection.execute(_SPEND, {"who": identity_id, "step": step, "now": clock.now()})
        return bool(spent.rowcount == 1)


def _step(secret: str, code: str) -> int:
    """The time step that a code belongs to, one before and one after now allowed; 0 when it is wrong."""
    codes, typed = pyotp.TOTP(secret, interval=STEP), "".join(code.split()).encode()
    now = int(clock.now().timestamp()) // STEP
    steps = range(now - WINDOW, now + WINDOW + 1)
    fitting = [step for step in steps if hmac.compare_digest(codes.generate_otp(step).encode(), typed)]
    return fitting[-1] if fitting else 0
