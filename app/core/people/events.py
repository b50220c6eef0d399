"""What has happened to people, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class InvitationAsked:
    """An invitation was made, or is to be sent again."""

    invitation_id: UUID
