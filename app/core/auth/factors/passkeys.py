"""Passkeys (WebAuthn): made and used on a device that knows its owner by face, finger or PIN; they prove two things at once."""

from __future__ import annotations

import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import webauthn
from flask import current_app
from flask_babel import gettext as _
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select, text, update
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    AuthenticatorTransport,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from app.core.auth.factors.models import Passkey
from app.core.auth.models import Identity
from app.core.auth.spending import spend
from app.kernel import clock
from app.kernel.db import as_identity, session
from app.kernel.errors import Invalid

LIFE = timedelta(minutes=5)
LONGEST_NAME, LONGEST_ANSWER = 60, 20_000
_FOUND = text("SELECT passkey, who, key, uses FROM auth_passkey(:credential)")
log = logging.getLogger("opsflux.passkeys")


@dataclass(frozen=True)
class Question:
    """What the browser is asked (JSON), and the ticket that must come back with the answer."""

    options: str
    ticket: str


def ask_to_make(identity_id: UUID) -> Question:
    """A question for a new passkey of somebody; the device is told which ones it has already."""
    with as_identity(identity_id):
        email = session().scalar(select(Identity.email).where(Identity.id == identity_id)) or ""
        known = session().scalars(select(Passkey.credential_id).where(Passkey.identity_id == identity_id)).all()
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_registration_options(
        rp_id=_site(), rp_name="OpsFlux", user_id=identity_id.bytes, user_name=email, user_display_name=email, challenge=challenge,
        exclude_credentials=_described(known), authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED))
    return Question(webauthn.options_to_json(options), _ticket("make", challenge, identity_id))


def make(identity_id: UUID, ticket: str, answer: str, name: str) -> Passkey:
    """Keep the passkey that a browser made. Raises `Invalid` when the answer is not to this question, or not of this site."""
    challenge, given = _challenge("make", ticket, identity_id), _read(answer)
    try:
        done = webauthn.verify_registration_response(credential=given, expected_challenge=challenge, expected_rp_id=_site(),
                                                     expected_origin=_origin(), require_user_verification=True)
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(error) from None
    made = Passkey(identity_id=identity_id, credential_id=bytes_to_base64url(done.credential_id), public_key=done.credential_public_key,
                   sign_count=done.sign_count, name=name.strip()[:LONGEST_NAME] or _("Passkey"), transports=_transports(given),
                   backed_up=done.credential_backed_up, last_used_at=clock.now())
    with as_identity(identity_id):
        session().add(made)
        session().flush()
    return made


def ask(identity_id: UUID | None = None) -> Question:
    """A question for a passkey: of one person, or of whoever has one for this site."""
    known: Sequence[str] = ()
    if identity_id is not None:
        with as_identity(identity_id):
            known = session().scalars(select(Passkey.credential_id).where(Passkey.identity_id == identity_id)).all()
    challenge = secrets.token_bytes(32)
    options = webauthn.generate_authentication_options(rp_id=_site(), challenge=challenge, allow_credentials=_described(known),
                                                       user_verification=UserVerificationRequirement.REQUIRED)
    return Question(webauthn.options_to_json(options), _ticket("use", challenge, identity_id))


def answered(ticket: str, answer: str, identity_id: UUID | None = None) -> UUID:
    """Whose passkey answered; with `identity_id`, only theirs will do. Raises `Invalid`; the log says what was wrong."""
    challenge, given = _challenge("use", ticket, identity_id), _read(answer)
    found = session().execute(_FOUND, {"credential": str(given.get("id"))}).one()
    if found.passkey is None or (identity_id or found.who) != found.who or _named(given) not in ("", found.who.bytes.hex()):
        raise _refused(LookupError("no passkey of this person"))
    try:
        done = webauthn.verify_authentication_response(
            credential=given, expected_challenge=challenge, expected_rp_id=_site(), expected_origin=_origin(),
            credential_public_key=bytes(found.key), credential_current_sign_count=found.uses, require_user_verification=True)
    except (WebAuthnException, ValueError, KeyError, TypeError) as error:
        raise _refused(error) from None
    with as_identity(found.who):
        used = {"sign_count": done.new_sign_count, "backed_up": done.credential_backed_up, "last_used_at": clock.now()}
        session().execute(update(Passkey).where(Passkey.id == found.passkey).values(**used))
    return UUID(str(found.who))


def _site() -> str:
    return urlsplit(_origin()).hostname or ""


def _origin() -> str:
    return str(current_app.extensions["settings"].base_url)


def _described(credentials: Sequence[str]) -> list[PublicKeyCredentialDescriptor]:
    return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(each)) for each in credentials]


def _read(answer: str) -> dict[str, Any]:
    try:
        given = json.loads(answer[:LONGEST_ANSWER])
    except ValueError as error:
        raise _refused(error) from None
    if not isinstance(given, dict) or not isinstance(given.get("response"), dict):
        raise _refused(ValueError("no answer of a passkey"))
    return given


def _named(given: dict[str, Any]) -> str:
    """Whom the device says it signed in, as hexadecimal digits; empty when it does not say."""
    try:
        return base64url_to_bytes(str(given["response"].get("userHandle") or "")).hex()
    except ValueError:
        return "unreadable"


def _transports(given: dict[str, Any]) -> list[str]:
    known = {each.value for each in AuthenticatorTransport}
    return [each for each in given["response"].get("transports") or () if each in known]


def _ticket(purpose: str, challenge: bytes, identity_id: UUID | None) -> str:
    return str(_signer(purpose).dumps([bytes_to_base64url(challenge), str(identity_id or "")]))


def _challenge(purpose: str, ticket: str, identity_id: UUID | None) -> bytes:
    """The challenge of a ticket, which is spent by asking. Raises `Invalid` when it is old, another's, or was spent before."""
    try:
        challenge, whose = _signer(purpose).loads(ticket, max_age=int(LIFE.total_seconds()))
    except (BadSignature, ValueError) as error:
        raise _refused(error) from None
    if whose != str(identity_id or "") or not spend(challenge, clock.now() + 2 * LIFE):
        raise _refused(ValueError("the question was answered before, or put to somebody else"))
    return base64url_to_bytes(challenge)


def _signer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(str(current_app.config["SECRET_KEY"]), salt=f"opsflux.passkey.{purpose}")


def _refused(error: Exception) -> Invalid:
    log.info("A passkey was refused: %s: %s", type(error).__name__, error)
    return Invalid({"": [_("The passkey was not accepted. Try again, or use another way.")]})
