"""Those who keep the installation: who they are, and how they act."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask_login import current_user
from sqlalchemy import select

from app.core.auth import Identity
from app.core.platform.models import PlatformAdmin
from app.kernel.current import Actor, Organisation, acting
from app.kernel.db import as_identity, session
from app.kernel.errors import NotFound


def name_of(identity_id: UUID) -> str:
    """The name of somebody who keeps the installation; empty for everybody else."""
    with as_identity(identity_id):
        mine = (PlatformAdmin.identity_id == identity_id, PlatformAdmin.ended_at.is_(None))
        found = session().scalar(select(PlatformAdmin.name).where(*mine))
    return found or ""


def keeper() -> Actor:
    """Whoever is signed in, as one who keeps the installation. Raises `NotFound` for everybody else: they learn of no such page."""
    entry: Any = current_user
    whole = entry.is_authenticated and entry.stage == "full" and entry.confined_to is None
    name = name_of(entry.identity_id) if whole else ""
    if not name:
        raise NotFound
    with as_identity(entry.identity_id):
        email = session().scalar(select(Identity.email).where(Identity.id == entry.identity_id)) or ""
    return Actor(id=entry.identity_id, name=name, email=email, identity_id=entry.identity_id)


@contextmanager
def keeping(place: Organisation | None = None) -> Iterator[Actor]:
    """Within the block the keeper acts, for an organisation or above them all; the audit trails say so."""
    who = keeper()
    with acting(place, who, channel="page"):
        yield who
