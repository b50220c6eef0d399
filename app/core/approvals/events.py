"""What has happened to requests for approval, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class ApprovalsAsked:
    """People were asked, `only` these members if it says so; the requests are of one resource and action."""

    request_ids: tuple[UUID, ...]
    only: tuple[UUID, ...] = ()


@dataclass(frozen=True)
class ApprovalDecided:
    """Somebody answered a request: `verb` is one of models.Verb."""

    request_id: UUID
    verb: str
    by_id: UUID
