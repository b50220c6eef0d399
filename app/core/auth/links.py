"""Links in mails that are good for one thing, once: a first password, a reset, a sign-in, “this was not me”, another address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text, update

from app.core.auth.models import SignInLink
from app.core.auth.secrets import hash_secret, new_secret
from app.kernel import clock
from app.kernel.db import as_identity, session

WELCOME, RESET, ENTER, DENY, ADDRESS, LOST = "welcome", "reset", "enter", "deny", "address", "lost"
LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Opened:
    """A link that still works, whose it is, and what it is about."""

    id: UUID
    identity_id: UUID
    email: str
    about: dict[str, Any] = field(default_factory=dict)


def make_link(identity_id: UUID, life: timedelta = LIFE, *, purpose: str = WELCOME, about: Mapping[str, Any] | None = None) -> str:
    """The secret of a new link; only its hash is kept. One for a first password is opened at `/welcome/<secret>`."""
    secret, now = new_secret(), clock.now()
    with as_identity(identity_id):
        session().add(SignInLink(identity_id=identity_id, secret_hash=hash_secret(secret), expires_at=now + life, purpose=purpose,
                                 about=dict(about or {})))
        session().flush()
    return secret


def opened(secret: str, *purposes: str) -> Opened | None:
    """The link behind a secret; None when it was used, has expired, or is for something else."""
    row = session().execute(text("SELECT link, who, email, purpose, about FROM auth_link(:secret, :now)"),
                            {"secret": hash_secret(secret), "now": clock.now()}).one()
    return Opened(row.link, row.who, row.email, row.about) if row.link and row.purpose in purposes else None


def use(link: Opened) -> bool:
    """Use the link up; False when somebody was faster."""
    with as_identity(link.identity_id):
        spent = update(SignInLink).where(SignInLink.id == link.id, SignInLink.used_at.is_(None)).values(used_at=clock.now())
        return session().execute(spent.returning(SignInLink.id)).first() is not None


def end_links(identity_id: UUID, *purposes: str) -> None:
    """End every open link of an identity that is for one of these."""
    with as_identity(identity_id):
        session().execute(update(SignInLink).where(SignInLink.identity_id == identity_id, SignInLink.purpose.in_(purposes),
                                                   SignInLink.used_at.is_(None)).values(used_at=clock.now()))
