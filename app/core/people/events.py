"""What has happened to people, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

LEFT = ("people.member.deactivated", "people.member.suspended", "people.member.archived")  # may come in no more


@dataclass(frozen=True)
class SeatAsked:
    """A member was made of a person who exists already, and who is to be asked."""

    member_id: UUID


@dataclass(frozen=True)
class AddressMoved:
    """Somebody wrote another address for a member: whoever reads the former one is to know."""

    member_id: UUID
    former: str
    by: str


@dataclass(frozen=True)
class InvitationAsked:
    """An invitation was made, or is to be sent again."""

    invitation_id: UUID
