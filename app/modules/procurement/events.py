"""What has happened in procurement, for whoever listens."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class RequisitionApproved:
    """A requisition may be ordered."""

    requisition_id: UUID


@dataclass(frozen=True)
class PaymentsReleased:
    """Payments were let go and stand in the books."""

    payment_ids: tuple[UUID, ...]
