"""A way to a provider and back: its secrets are random, it is answered once, in time, and by the browser that set out."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import flask
from sqlalchemy import and_, delete, select, update

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
    proving: UUID | None = None
    began: datetime | None = None


def begin(provider: Provider, wanted: str, linking: UUID | None = None, proving: UUID | None = None) -> Under:
    """Set out: from this browser, for this provider. `linking` is the member who adds a way in, `proving` the session to prove."""
    session().execute(delete(Attempt).where(Attempt.organisation_id == current.organisation.id, Attempt.expires_at < clock.now()))
    browser = flask.session.setdefault(KEPT_AS, secrets.token_urlsafe(16))
    now = clock.now()
    under = Under(secrets.token_urlsafe(32), secrets.token_urlsafe(24), secrets.token_urlsafe(48), wanted, linking, proving, now)
    session().add(Attempt(provider_id=provider.id, state_hash=auth.hash_secret(under.state), browser_hash=auth.hash_secret(browser),
                          nonce=under.nonce, verifier=under.verifier, wanted=wanted, linking=linking, proving=proving,
                          expires_at=now + LIFE))
    session().flush()
    return under


def finish(provider: Provider, state: str) -> Under:
    """Use an attempt up. Raises `Doubtful` when it was answered before, is too old, another provider's, or another browser's."""
    row = _changed(provider, state, Attempt.used_at.is_(None), used_at=clock.now())
    _same_browser(row.browser_hash)
    return _under(state, row)


def rename(provider: Provider, under: Under, nonce: str) -> None:
    """The way out has a name of its own, which must come back: the id of a SAML request."""
    _changed(provider, under.state, Attempt.used_at.is_(None), nonce=nonce)


def answer(provider: Provider, state: str) -> Under:
    """Use an attempt up where the provider makes the browser post the answer: no cookie of ours comes with that. See `collect`."""
    row = _changed(provider, state, Attempt.used_at.is_(None), used_at=clock.now())
    return _under(state, row)


def keep(provider: Provider, state: str, member_id: UUID) -> None:
    """Keep whom the answer vouched for, until the browser comes by itself."""
    _changed(provider, state, Attempt.vouched.is_(None), vouched=member_id)


def collect(provider: Provider, state: str) -> tuple[UUID, Under]:
    """The member who was vouched for: once, for the browser that set out. Raises `Doubtful`."""
    row = session().execute(select(Attempt.vouched, Attempt.browser_hash).where(_mine(provider, state))).first()
    if row is None or row.vouched is None:
        raise Doubtful("state")
    _same_browser(row.browser_hash)
    found = _changed(provider, state, Attempt.vouched == row.vouched, vouched=None)
    return row.vouched, _under(state, found)


def _under(state: str, row: Any) -> Under:
    return Under(state, row.nonce, row.verifier, row.wanted, row.linking, row.proving, row.expires_at - LIFE)


def _mine(provider: Provider, state: str) -> Any:
    return and_(Attempt.organisation_id == current.organisation.id, Attempt.state_hash == auth.hash_secret(state),
                Attempt.provider_id == provider.id, Attempt.expires_at > clock.now())


def _changed(provider: Provider, state: str, still: Any, **values: Any) -> Any:
    """Change the attempt while it is `still` as it must be: of two at once, one comes too late."""
    changed = update(Attempt).where(_mine(provider, state), still).values(**values).returning(
        Attempt.browser_hash, Attempt.nonce, Attempt.verifier, Attempt.wanted, Attempt.linking, Attempt.proving, Attempt.expires_at)
    row = session().execute(changed.execution_options(synchronize_session=False)).first()
    if row is None:
        raise Doubtful("state")
    return row


def _same_browser(browser_hash: str) -> None:
    if not hmac.compare_digest(browser_hash, auth.hash_secret(flask.session.get(KEPT_AS, ""))):
        raise Doubtful("browser")
