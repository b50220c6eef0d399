"""Apps that are signed in: a session of their own, opened by short passes and renewed by refresh tokens that work once.

A refresh token that comes a second time was copied: nobody can tell which of the two is the app, so its session ends.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text, update

from app.core.auth import passes, sessions, trail
from app.core.auth.models import RefreshToken, UserSession
from app.core.auth.secrets import hash_secret, new_secret
from app.kernel import clock
from app.kernel.db import as_identity, session

REFRESH = timedelta(days=7)
_REFRESH = text("SELECT refresh, held, who, spent FROM auth_refresh(:secret, :now)")


@dataclass(frozen=True)
class Issued:
    """What an app is given: a pass for the next minutes, and what renews it, if anything."""

    access: str
    scope: str
    refresh: str = ""


def open_app(identity_id: UUID, scope: str, *, source: str, agent: str, **proof: Any) -> Issued:
    """Sign an app in: `proof` says by what (`method`, `factor`, `enrol_by`, `confined_to`), or from which session (`parent_id`)."""
    now = clock.now()
    with as_identity(identity_id):
        held = UserSession(identity_id=identity_id, secret_hash=hash_secret(new_secret()), created_at=now, last_seen_at=now,
                           idle_until=now + REFRESH, expires_at=now + sessions.ABSOLUTE, address=source[:100], agent=agent[:300],
                           scope=scope, **{"proved_at": now, **proof})
        session().add(held)
        session().flush()
        refresh = _refresh_token(identity_id, held.id)
        held_id, method, confined_to = held.id, held.method, held.confined_to
    trail.note("auth.app.opened", identity_id, only=confined_to, source=source, scope=scope, method=method, app=held_id)
    return Issued(passes.issue("access", held_id, [scope]), scope, refresh)


def _refresh_token(identity_id: UUID, session_id: UUID) -> str:
    secret, now = new_secret(), clock.now()
    session().add(RefreshToken(identity_id=identity_id, session_id=session_id, secret_hash=hash_secret(secret), created_at=now,
                               expires_at=now + REFRESH))
    session().flush()
    return secret


def renew(secret: str, *, source: str, agent: str) -> Issued | None:
    """Use a refresh token up: another pass and another refresh token for it. None when it works no more.

    The one that comes a second time ends the app's session, which is audited; commit also then.
    """
    found = session().execute(_REFRESH, {"secret": hash_secret(secret), "now": clock.now()}).one()
    if found.refresh is None:
        return None
    with as_identity(found.who):
        if found.spent or not _spend(found.refresh):
            _end(found.held, found.who, reason="reused", source=source)
            return None
        scope = _go_on(found.held, source, agent)
        if scope is None:
            return None
        return Issued(passes.issue("access", found.held, [scope]), scope, _refresh_token(found.who, found.held))


def _spend(refresh_id: UUID) -> bool:
    """Use it up; False when somebody was faster."""
    spent = update(RefreshToken).where(RefreshToken.id == refresh_id, RefreshToken.used_at.is_(None)).values(used_at=clock.now())
    return session().execute(spent.returning(RefreshToken.id)).first() is not None


def _go_on(session_id: UUID, source: str, agent: str) -> str | None:
    """Let the app's session live on for another week; gives its scope, None when it is over."""
    now = clock.now()
    changed = update(UserSession).where(UserSession.id == session_id, *sessions.is_alive(UserSession))
    changed = changed.values(idle_until=now + REFRESH, last_seen_at=now, address=source[:100], agent=agent[:300])
    row = session().execute(changed.returning(UserSession.scope, UserSession.parent_id)).first()
    if row is None or (row.parent_id and not _is_open(row.parent_id)):
        return None
    return str(row.scope)


def _is_open(session_id: UUID) -> bool:
    return session().scalar(select(UserSession.id).where(UserSession.id == session_id, *sessions.is_alive(UserSession))) is not None


def seen(session_id: UUID, identity_id: UUID, last: datetime | None, organisation_id: UUID | None) -> None:
    """Note that an app is in use, once a minute at most; what renews it is the refresh token alone."""
    now = clock.now()
    if last is not None and now - last < sessions.NOTICE:
        return
    with as_identity(identity_id):
        mine = update(UserSession).where(UserSession.id == session_id)
        session().execute(mine.values(last_seen_at=now, organisation_id=organisation_id).execution_options(synchronize_session=False))


def end_app(secret: str, *, source: str) -> None:
    """Sign an app out by its refresh token, used or not; what is none is passed over."""
    found = session().execute(_REFRESH, {"secret": hash_secret(secret), "now": clock.now()}).one()
    if found.refresh is not None:
        with as_identity(found.who):
            _end(found.held, found.who, reason="", source=source)


def _end(session_id: UUID, identity_id: UUID, *, reason: str, source: str) -> None:
    ended = update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None)).values(ended_at=clock.now())
    session().execute(ended)
    session().execute(delete(RefreshToken).where(RefreshToken.session_id == session_id, RefreshToken.used_at.is_(None)))
    if reason:
        trail.note("auth.app.refused", identity_id, result="refused", source=source, app=session_id, reason=reason)
    else:
        trail.note("auth.app.ended", identity_id, source=source, app=session_id)
