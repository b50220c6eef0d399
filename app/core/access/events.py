"""What has happened to rights, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class RoleGiven:
    """A member was given a role."""

    member_id: UUID
    role_id: UUID
