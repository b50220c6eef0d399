"""Links that let their holder choose a password, once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import text, update

from app.core.auth.models import SignInLink
from app.core.auth.secrets import hash_secret, new_secret
from app.kernel import clock
from app.kernel.db import as_identity, session

LIFE = timedelta(days=7)


@dataclass(frozen=True)
class Opened:
    """A link that still works, and whose it is."""

    id: UUID
    identity_id: UUID
    email: str


def make_link(identity_id: UUID, life: timedelta = LIFE) -> str:
    """The secret of a new link; only its hash is kept. It is opened at `/welcome/<secret>`."""
    secret, now = new_secret(), clock.now()
    with as_identity(identity_id):
        session().add(SignInLink(identity_id=identity_id, secret_hash=hash_secret(secret), expires_at=now + life))
        session().flush()
    return secret


def opened(secret: str) -> Opened | None:
    """The link behind a secret, unless it was used or has expired."""
    row = session().execute(text("SELECT link, who, email FROM auth_link(:secret, :now)"),
                            {"secret": hash_secret(secret), "now": clock.now()}).one()
    return Opened(row.link, row.who, row.email) if row.link else None


def use(link: Opened) -> bool:
    """Use the link up; False when somebody was faster."""
    with as_identity(link.identity_id):
        spent = update(SignInLink).where(SignInLink.id == link.id, SignInLink.used_at.is_(None)).values(used_at=clock.now())
        return session().execute(spent.returning(SignInLink.id)).first() is not None
