"""Sessions: a random secret in a cookie, its hash in a row, ended at once for everybody who must go."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, exists, func, or_, select, text, update
from sqlalchemy.orm import aliased

from app.core.auth.models import UserSession
from app.core.auth.policy import policy_of
from app.core.auth.secrets import hash_secret, new_secret
from app.kernel import clock
from app.kernel.db import as_identity, session

ABSOLUTE = timedelta(days=30)  # no session outlives it, whatever is set; what a cookie is kept for
NOTICE = timedelta(seconds=60)


@dataclass(frozen=True)
class Place:
    """An organisation that somebody belongs to, and who they are there. Whom an agency sends has a `home`, where they are `own_id`."""

    id: UUID
    slug: str
    name: str
    role: str
    member_id: UUID
    called: str
    email: str
    home: UUID | None = None
    own_id: UUID | None = None


def open_session(identity_id: UUID, *, address: str = "", agent: str = "", **proof: Any) -> str:
    """Start a session; gives the secret for the cookie. Every sign-in makes a new one, whatever the browser brought along.

    `proof` may hold `stage`, `method`, `factor`, `enrol_by` and `confined_to`.
    """
    secret, now, policy = new_secret(), clock.now(), policy_of(identity_id)
    with as_identity(identity_id):
        session().add(UserSession(identity_id=identity_id, secret_hash=hash_secret(secret), created_at=now, last_seen_at=now, proved_at=now,
                                  idle_until=now + policy.idle, expires_at=now + policy.absolute, address=address[:100],
                                  agent=agent[:300], **proof))
        session().flush()
    return secret


def renew(session_id: UUID | None, identity_id: UUID, **values: Any) -> str:
    """Bring a session on (`stage`, `factor`, `enrol_by`) under another secret. Gives the secret.

    Only whoever has just proved who they are passes `proved_at`: going on by itself is no proof.
    """
    secret = new_secret()
    changed = update(UserSession).where(UserSession.id == session_id, UserSession.ended_at.is_(None))
    with as_identity(identity_id):
        session().execute(changed.values(secret_hash=hash_secret(secret), **values))
    return secret


def prove_again(session_id: UUID, identity_id: UUID, confined_to: UUID) -> bool:
    """The organisation whose provider let somebody in had them prove anew who they are; False when that is no open session of theirs."""
    mine = (UserSession.id == session_id, UserSession.identity_id == identity_id, UserSession.confined_to == confined_to)
    with as_identity(identity_id):
        changed = update(UserSession).where(*mine, *is_alive(UserSession)).values(proved_at=clock.now()).returning(UserSession.id)
        return session().execute(changed.execution_options(synchronize_session=False)).first() is not None


def seen(session_id: UUID, identity_id: UUID, last: datetime, organisation_id: UUID | None, *, moved: bool = False) -> None:
    """Note that the session is in use, once a minute at most, and where when that changed."""
    now = clock.now()
    if now - last < NOTICE and not (moved and organisation_id):
        return
    policy = policy_of(identity_id)
    kept = {"last_seen_at": now, "idle_until": now + policy.idle,
            "expires_at": func.least(UserSession.expires_at, UserSession.created_at + policy.absolute),
            **({"organisation_id": organisation_id} if organisation_id else {})}
    with as_identity(identity_id):
        free = select(UserSession.id).where(UserSession.id == session_id).with_for_update(skip_locked=True)
        session().execute(update(UserSession).where(UserSession.id.in_(free)).values(**kept).execution_options(synchronize_session=False))


def stay(session_id: UUID, identity_id: UUID) -> None:
    """Begin the time without use anew, at the person's own word."""
    seen(session_id, identity_id, datetime.min.replace(tzinfo=UTC), None)


def left(session_id: UUID, identity_id: UUID) -> tuple[timedelta, timedelta]:
    """How long a session lives on when it is not used, and at most."""
    now = clock.now()
    with as_identity(identity_id):
        row = session().execute(select(UserSession.idle_until, UserSession.expires_at).where(UserSession.id == session_id)).one()
    return min(row.idle_until, row.expires_at) - now, row.expires_at - now


def living(identity_id: UUID) -> list[UserSession]:
    """The sessions of an identity that are open now: of browsers, and of apps unless the browser's that they came from has ended."""
    parent = aliased(UserSession)
    with_parent = exists().where(parent.id == UserSession.parent_id, *is_alive(parent))
    with as_identity(identity_id):
        return list(session().scalars(select(UserSession).where(
            UserSession.identity_id == identity_id, *is_alive(UserSession), or_(UserSession.parent_id.is_(None), with_parent))))


def is_alive(held: Any) -> tuple[ColumnElement[bool], ...]:
    """The conditions under which a session is open now."""
    now = clock.now()
    return held.ended_at.is_(None), held.idle_until > now, held.expires_at > now


def end_session(session_id: UUID, identity_id: UUID) -> None:
    """Sign out one browser."""
    with as_identity(identity_id):
        session().execute(update(UserSession).where(UserSession.id == session_id).values(ended_at=clock.now()))


def end_sessions(identity_id: UUID, *, but: UUID | None = None) -> int:
    """Sign out every browser of an identity, but one if named; gives how many."""
    wanted = update(UserSession).where(UserSession.identity_id == identity_id, UserSession.ended_at.is_(None))
    if but is not None:
        wanted = wanted.where(UserSession.id != but)
    with as_identity(identity_id):
        return len(session().execute(wanted.values(ended_at=clock.now()).returning(UserSession.id)).all())


@dataclass(frozen=True)
class Seat:
    """A member that somebody is, in whatever state, of an organisation in whatever state."""

    organisation_id: UUID
    member_id: UUID
    accepted: bool
    archived: bool


def seats_of(identity_id: UUID) -> list[Seat]:
    """Every seat of an identity; those that let them in first."""
    rows = session().execute(text("SELECT auth_seats(:who)"), {"who": identity_id}).scalar() or []
    return [Seat(UUID(row["organisation"]), UUID(row["member"]), row["accepted"], row["archived"]) for row in rows]


def organisations_of(identity_id: UUID) -> list[Place]:
    """The organisations that an identity belongs to, by name; which of them let them in now, `workspaces.open_to` says."""
    rows = session().execute(text("SELECT auth_organisations(:who)"), {"who": identity_id}).scalar() or []
    return [Place(UUID(row["id"]), row["slug"], row["name"], row["role"], UUID(row["member"]), row["called"], row["email"],
                  _id(row["home"]), _id(row["own"])) for row in rows]


def _id(raw: str | None) -> UUID | None:
    return UUID(raw) if raw else None
