"""Codes by SMS, for when nothing better is at hand: six digits, good for five minutes and one use. Off without a provider."""

from __future__ import annotations

import logging
import secrets
from datetime import timedelta
from uuid import UUID

from flask_babel import gettext as _
from sqlalchemy import delete, select, text, update

from app.core import sms
from app.core.auth import throttle
from app.core.auth.factors.models import SecondFactor
from app.core.auth.factors.sealing import seal, unseal
from app.core.auth.secrets import keyed
from app.kernel import clock
from app.kernel.db import apart, as_identity, session
from app.kernel.errors import Invalid

KIND, WAITING, LIFE, DIGITS = "sms", "sms_waiting", timedelta(minutes=5), 6

log = logging.getLogger("opsflux.sms")


def offer(identity_id: UUID, typed: str) -> None:
    """Send a code to a new number, which waits to be confirmed. Raises `Invalid` for no number with its country's code."""
    number = sms.number_in(typed)
    if not number:
        raise Invalid({"phone": [_("Write the number with its country: +44 20 7946 0000.")]})
    with as_identity(identity_id):
        session().execute(delete(SecondFactor).where(SecondFactor.identity_id == identity_id, SecondFactor.kind == WAITING))
        session().add(SecondFactor(identity_id=identity_id, kind=WAITING, secret=seal(number, identity_id)))
        session().flush()
    send(identity_id, WAITING)


def send(identity_id: UUID, kind: str = KIND) -> None:
    """Send another code; the one before is void. Raises `TooMany` after five in 15 minutes, `Invalid` when it could not be sent."""
    mine = (SecondFactor.identity_id == identity_id, SecondFactor.kind == kind)
    with as_identity(identity_id):
        sealed = session().scalar(select(SecondFactor.secret).where(*mine))
        if sealed is None:
            raise Invalid({"code": [_("Choose one of the list.")]})
        throttle.count(f"sms {identity_id}", f"sms {identity_id}")
        code = "".join(secrets.choice("0123456789") for _digit in range(DIGITS))
        kept = {"code_hash": _hash(identity_id, code), "code_until": clock.now() + LIFE}
        session().execute(update(SecondFactor).where(*mine).values(**kept).execution_options(synchronize_session=False))
    try:
        sms.send(unseal(sealed, identity_id), _("%(code)s is your code for OpsFlux. It works for 5 minutes.", code=code))
    except sms.NotTaken:
        log.warning("The provider of SMS does not take a code.", exc_info=True)
        raise Invalid({"code": [_("The SMS could not be sent. Use another way, or try again later.")]}) from None


def check(identity_id: UUID, code: str, kind: str = KIND) -> bool:
    """Whether this is the code that was sent last; it is used up at once."""
    with apart() as connection:
        connection.execute(text("SELECT set_config('app.identity', :who, true)"), {"who": str(identity_id)})
        told = {"who": identity_id, "kind": kind, "code": _hash(identity_id, "".join(code.split())), "now": clock.now()}
        spent = connection.execute(text("UPDATE second_factor SET code_hash = NULL, last_used_at = :now WHERE identity_id = :who "
                                        "AND kind = :kind AND code_hash = :code AND code_until > :now"), told)
        return bool(spent.rowcount == 1)


def confirm(identity_id: UUID, code: str) -> bool:
    """Whether the code is the one sent to the number that waits; from then on it is the phone."""
    if not check(identity_id, code, WAITING):
        return False
    mine = SecondFactor.identity_id == identity_id
    with as_identity(identity_id):
        session().execute(delete(SecondFactor).where(mine, SecondFactor.kind == KIND))
        waiting = update(SecondFactor).where(mine, SecondFactor.kind == WAITING)
        session().execute(waiting.values(kind=KIND, confirmed_at=clock.now()).execution_options(synchronize_session=False))
        session().expire_all()
    return True


def _hash(identity_id: UUID, code: str) -> str:
    return keyed("sms", f"{identity_id}:{code}")
