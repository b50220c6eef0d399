"""What a release writes into the books and tells the supplier."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from app.core import audit, settings
from app.kernel import clock
from app.kernel.bulk import MANY, copy_records, record_rows
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.records import new_id, refresh_keys
from app.kernel.references import assign
from app.modules.procurement.models import JournalLine, Payment, Supplier

UNCLASSIFIED = "unclassified"


def post(payments: Sequence[Payment]) -> list[JournalLine]:
    """Write one journal line per payment; a second one for the same payment is refused by the database."""
    day = clock.today(current.organisation.timezone)
    lines = [JournalLine(id=new_id(), organisation_id=current.organisation.id, posted_on=day, payment_id=payment.id,
                         supplier_id=payment.supplier_id, department_id=payment.department_id, amount=payment.amount,
                         currency=payment.currency, account=payment.purpose or payment.category or UNCLASSIFIED) for payment in payments]
    assign(lines)
    if len(lines) <= MANY:
        session().add_all(lines)
        return lines
    record_rows(lines)
    for line in lines:
        refresh_keys(line)
    session().flush()
    copy_records(lines)
    audit.record_created(lines)
    return lines


def preview(payment: Payment) -> list[str]:
    """What releasing a payment will do, in sentences."""
    supplier = session().get(Supplier, (payment.organisation_id, payment.supplier_id))
    amount = fields_of(Payment)["amount"].display(payment)
    account = payment.purpose or payment.category or _("unclassified")
    said = [_("One journal line of %(amount)s on “%(account)s”", amount=amount, account=account)]
    if supplier and supplier.remittance_email:
        said.append(_("One remittance mail to %(address)s", address=supplier.remittance_email))
    return said


def advice(payment: Payment, supplier: Supplier) -> dict[str, Any]:
    """What the remittance mail says, in words and figures."""
    fields = fields_of(Payment)
    shown = {name: fields[name].display(payment) for name in ("paid_on", "amount", "transaction_number", "purpose")}
    return {"supplier": supplier.name, "reference": payment.reference, "payer": current.organisation.name, **shown}


def address_for(name: str) -> str | None:
    """`a-andrews-sons@suppliers.example` under the domain that the organisation has set for it; None without one."""
    domain = settings.get("procurement.remittance_domain")
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    local = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:60]
    return f"{local or 'supplier'}@{domain}" if domain else None
