"""A way to a provider and back: its secrets are random, it is answered once, in time, and by the browser that set out."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import flask
from sqlalchemy import delete, update

from app.core import auth
from app.core.sso.models import Attempt, Provider
from app.core.sso.vouching import Doubtful
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session

LIFE = timedelta(minutes=10)
KEPT_AS = "_sso"


@dataclass(frozen=True)
class Under:
    """An attempt under way. `state` travels with the browser; `nonce` comes back inside what the provider signs."""

    state: str
    nonce: str
    verifier: str
    wanted: str
    linking: UUID | None = None


def begin(provider: Provider, wanted: str, linking: UUID | None = None) -> Under:
    """Set out: from this browser, for this provider. `linking` is the member who adds a way in."""
    session().execute(delete(Attempt).where(Attempt.organisation_id == current.organisation.id, Attempt.expires_at < clock.now()))
    browser = flask.session.setdefault(KEPT_AS, secrets.token_urlsafe(16))
    under = Under(secrets.token_urlsafe(32), secrets.token_urlsafe(24), secrets.token_urlsafe(48), wanted, linking)
    session().add(Attempt(provider_id=provider.id, state_hash=auth.hash_secret(under.state), browser_hash=auth.hash_secret(browser),
                          nonce=under.nonce, verifier=under.verifier, wanted=wanted, linking=linking, expires_at=clock.now() + LIFE))
    session().flush()
    return under


def finish(provider: Provider, state: str) -> Under:
    """Use an attempt up. Raises `Doubtful` when it was answered before, is too old, another provider's, or another browser's."""
    answered = (update(Attempt).where(Attempt.organisation_id == current.organisation.id, Attempt.state_hash == auth.hash_secret(state),
                                      Attempt.provider_id == provider.id, Attempt.used_at.is_(None), Attempt.expires_at > clock.now())
                .values(used_at=clock.now()).returning(Attempt.browser_hash, Attempt.nonce, Attempt.verifier, Attempt.wanted,
                                                       Attempt.linking))
    row = session().execute(answered).first()
    if row is None:
        raise Doubtful("state")
    if not hmac.compare_digest(row.browser_hash, auth.hash_secret(flask.session.get(KEPT_AS, ""))):
        raise Doubtful("browser")
    return Under(state, row.nonce, row.verifier, row.wanted, row.linking)
