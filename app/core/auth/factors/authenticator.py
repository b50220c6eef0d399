"""Codes of an authenticator app (RFC 6238): six digits that change every 30 seconds, each good for one use."""

from __future__ import annotations

import hmac
import io
from dataclasses import dataclass
from uuid import UUID

import pyotp
import segno
from markupsafe import Markup
from sqlalchemy import delete, select, text, update

from app.core.auth.factors.models import SecondFactor
from app.core.auth.factors.sealing import seal, unseal
from app.core.auth.models import Identity
from app.kernel import clock
from app.kernel.db import apart, as_identity, session

KIND, WAITING, STEP, WINDOW, ISSUER = "totp", "totp_waiting", 30, 1, "OpsFlux"
_SPEND = text("UPDATE second_factor SET last_step = :step, last_used_at = :now "
              "WHERE identity_id = :who AND kind = 'totp' AND last_step < :step")


@dataclass(frozen=True)
class Offer:
    """An authenticator to be set up: what is scanned, or typed where nothing can scan."""

    secret: str
    address: str

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


def offer(identity_id: UUID) -> Offer:
    """The authenticator that waits to be confirmed, or a new one; the one that is confirmed already stays until then."""
    with as_identity(identity_id):
        row = session().get(SecondFactor, (identity_id, WAITING))
        email = session().scalar(select(Identity.email).where(Identity.id == identity_id)) or ""
        if row is None:
            row = SecondFactor(identity_id=identity_id, kind=WAITING, secret=seal(pyotp.random_base32(), identity_id))
            session().add(row)
            session().flush()
    secret = unseal(row.secret, identity_id)
    return Offer(secret, pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=ISSUER))


def confirm(identity_id: UUID, code: str) -> bool:
    """Whether the code is right for the authenticator that waits; from then on it is the one."""
    step = _step(identity_id, WAITING, code)
    if not step:
        return False
    mine, now = SecondFactor.identity_id == identity_id, clock.now()
    with as_identity(identity_id):
        session().execute(delete(SecondFactor).where(mine, SecondFactor.kind == KIND))
        kept = {"kind": KIND, "confirmed_at": now, "last_used_at": now, "last_step": step}
        session().execute(update(SecondFactor).where(mine, SecondFactor.kind == WAITING).values(**kept)
                          .execution_options(synchronize_session=False))
        session().expire_all()
    return True


def check(identity_id: UUID, code: str) -> bool:
    """Whether the code is right and was not used before; it is used up at once, whatever becomes of the work at hand.

    The row's lock lets one of many at the same moment through: the others find the step used.
    """
    step = _step(identity_id, KIND, code)
    if not step:
        return False
    with apart() as connection:
        connection.execute(text("SELECT set_config('app.identity', :who, true)"), {"who": str(identity_id)})
        spent = connection.execute(_SPEND, {"who": identity_id, "step": step, "now": clock.now()})
        return bool(spent.rowcount == 1)


def _step(identity_id: UUID, kind: str, code: str) -> int:
    """The time step that a code belongs to, one before and one after now allowed; 0 when it is wrong."""
    with as_identity(identity_id):
        sealed = session().scalar(select(SecondFactor.secret).where(SecondFactor.identity_id == identity_id, SecondFactor.kind == kind))
    if sealed is None:
        return 0
    codes, typed = pyotp.TOTP(unseal(sealed, identity_id), interval=STEP), "".join(code.split()).encode()
    now = int(clock.now().timestamp()) // STEP
    steps = range(now - WINDOW, now + WINDOW + 1)
    fitting = [step for step in steps if hmac.compare_digest(codes.generate_otp(step).encode(), typed)]
    return fitting[-1] if fitting else 0
