"""The verbs of procurement: total, submit, order, release."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _

from app.core import mail
from app.kernel import clock
from app.kernel.current import current
from app.kernel.door import approval_in_effect
from app.kernel.errors import Conflict, Invalid
from app.kernel.events import publish
from app.modules.procurement import posting, queries
from app.modules.procurement.events import PaymentsReleased, RequisitionApproved
from app.modules.procurement.models import Payment, Requisition, Stage, Status, Supplier


def complete_requisition(requisition: Requisition) -> None:
    """Add up the lines, before the requisition is saved; all of them are in its currency."""
    lines = queries.lines_of(requisition)
    for number, line in enumerate(lines, start=1):
        if line.currency != requisition.currency:
            raise Invalid({f"lines.{number}.currency": [_("All lines are in the currency of the requisition, %(code)s.",
                                                          code=requisition.currency)]})
    requisition.total = sum(line.amount() for line in lines)


def is_draft(requisition: Requisition) -> bool | str:
    """True, or the sentence that says why it can no longer be submitted or changed."""
    if requisition.status == Stage.DRAFT:
        return True
    return _("%(reference)s was submitted already.", reference=requisition.reference)


def submit(requisition: Requisition) -> Requisition:
    """Everybody who had to agree did: it may be ordered."""
    if not queries.lines_of(requisition):
        raise Conflict(_("A requisition without lines cannot be submitted."))
    requisition.status = Stage.APPROVED
    publish(RequisitionApproved(requisition.id))
    return requisition


def can_order(requisition: Requisition) -> bool | str:
    """True, or the sentence that says why it cannot be ordered."""
    if requisition.status == Stage.APPROVED:
        return True
    return _("Only an approved requisition can be ordered.")


def order(requisition: Requisition, *, order_number: str) -> Requisition:
    """The order went out to the supplier."""
    if requisition.supplier_id is None:
        raise Conflict(_("Name the supplier first."))
    requisition.status = Stage.ORDERED
    requisition.order_number = order_number
    return requisition


def can_cancel(requisition: Requisition) -> bool | str:
    """True, or the sentence that says why it cannot be given up."""
    if requisition.status in (Stage.DRAFT, Stage.APPROVED):
        return True
    return _("What was ordered or cancelled cannot be cancelled here.")


def cancel(requisition: Requisition, *, reason: str) -> Requisition:
    """It is no longer needed; what was approved stays as it was."""
    requisition.status = Stage.CANCELLED
    requisition.cancelled_for = reason
    return requisition


def complete_supplier(supplier: Supplier) -> None:
    """Give a supplier without a remittance address one below the organisation's own domain for that, where it has set one."""
    if not supplier.remittance_email:
        supplier.remittance_email = posting.address_for(supplier.name)


def can_release(payment: Payment) -> bool | str:
    """True, or the sentence that says why it cannot be released."""
    if payment.status == Status.RECORDED:
        return True
    return _("%(reference)s was released already.", reference=payment.reference)


def release(payments: Sequence[Payment]) -> Sequence[Payment]:
    """Let payments go: a journal line each, and a remittance mail to the supplier of one that somebody had to approve."""
    now = clock.now()
    for payment in payments:
        payment.status = Status.RELEASED
        payment.released_at = now
    posting.post(payments)
    approval = approval_in_effect()
    if approval is not None:
        for payment in payments:
            _advise(payment, str(approval))
    publish(PaymentsReleased(tuple(payment.id for payment in payments)))
    return payments


def _advise(payment: Payment, effect: str) -> None:
    supplier = queries.supplier_of(payment)
    if not supplier.remittance_email:
        raise Conflict(_("%(name)s has no remittance address. Add one, then release again.", name=supplier.name))
    mail.send(supplier.remittance_email, "remittance", {"advice": posting.advice(payment, supplier)}, key=f"remittance:{payment.id}",
              headers={"X-Effect-Id": effect}, language=current.organisation.language, thread=payment.reference)
