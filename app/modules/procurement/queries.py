"""Questions about purchases that need SQL."""

from __future__ import annotations

from sqlalchemy import select

from app.kernel.db import session
from app.modules.procurement.models import Payment, Requisition, RequisitionLine, Supplier


def lines_of(requisition: Requisition) -> list[RequisitionLine]:
    """The lines of a requisition, in their order."""
    return list(session().scalars(select(RequisitionLine).where(
        RequisitionLine.organisation_id == requisition.organisation_id, RequisitionLine.requisition_id == requisition.id)
        .order_by(RequisitionLine.position)))


def supplier_of(payment: Payment) -> Supplier:
    """Who is paid."""
    return session().get_one(Supplier, (payment.organisation_id, payment.supplier_id))
