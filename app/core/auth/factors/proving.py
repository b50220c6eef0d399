"""One try to prove oneself by a factor: counted before anything is looked at, audited, and never the same proof twice."""

from __future__ import annotations

from uuid import UUID

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.core.auth import throttle, trail
from app.core.auth.factors import authenticator, passkeys, phones, recovery
from app.core.auth.factors.held import held_by
from app.kernel.errors import Invalid

LABELS = {"totp": _l("Authenticator app"), "passkey": _l("Passkey"), "sms": _l("Code by SMS"), "recovery": _l("Recovery code")}


def prove(identity_id: UUID, kind: str, typed: str, *, ticket: str = "", source: str = "",
          within: UUID | None = None) -> None:
    """Prove to be this person by one of their factors. Raises `Invalid`, and `TooMany` after five wrong ones in 15 minutes.

    Only whoever knows the password comes here, so the count is of the account alone, wherever they are. `within` is the organisation
    whose provider let them in: its tries are counted by themselves, so that no provider locks the person out elsewhere.
    """
    if kind not in held_by(identity_id).kinds:
        raise Invalid({"code": [_("Choose one of the list.")]})
    counted = (str(identity_id), f"factor {identity_id}" + (f" {within}" if within else ""))
    throttle.count(*counted)
    if not _is_right(identity_id, kind, typed, ticket):
        trail.note("auth.factor.refused", identity_id, result="refused", apart=True, kind=kind, source=source)
        raise Invalid({"code": [_wrong(kind)]})
    throttle.forget(*counted)


def _is_right(identity_id: UUID, kind: str, typed: str, ticket: str) -> bool:
    if kind == "totp":
        return authenticator.check(identity_id, typed)
    if kind == "sms":
        return phones.check(identity_id, typed)
    if kind == "recovery":
        return recovery.use(identity_id, typed)
    try:
        return passkeys.answered(ticket, typed, identity_id) == identity_id
    except Invalid:
        return False


def _wrong(kind: str) -> str:
    if kind == "passkey":
        return str(_("The passkey was not accepted. Try again, or use another way."))
    if kind == "recovery":
        return str(_("This is none of the codes that are left."))
    return str(_("This code is not right, or was used already. Wait for the next one."))
