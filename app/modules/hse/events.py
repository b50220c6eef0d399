"""What has happened in health and safety, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class IncidentClosed:
    """An incident was closed out."""

    incident_id: UUID


@dataclass(frozen=True)
class CorrectiveActionAssigned:
    """A corrective action has an owner, for the first time or a new one."""

    action_id: UUID
