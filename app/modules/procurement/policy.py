"""What may still be changed in procurement."""

from __future__ import annotations

from flask_babel import gettext as _

from app.modules.procurement.models import Payment, Requisition, Stage, Status


def requisition_changeable(requisition: Requisition) -> bool | str:
    """A requisition that was approved, ordered or cancelled stays as it was agreed."""
    if requisition.status == Stage.DRAFT:
        return True
    return _("%(reference)s was approved; what was agreed can no longer be changed.", reference=requisition.reference)


def payment_changeable(payment: Payment) -> bool | str:
    """A released payment stands in the books; an amendment is a new payment or a credit note."""
    if payment.status == Status.RECORDED:
        return True
    return _("%(reference)s was released and stands in the books; amend it with a new payment or a credit note.",
             reference=payment.reference)
