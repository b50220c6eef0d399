"""Suppliers, requisitions with their lines, payments, and journal lines."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from flask_babel import lazy_gettext as _l
from sqlalchemy import Index, Integer
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.fields import choice, currency, day, decimal, email, long_text, moment, money, reference, text
from app.kernel.kinds import Choices
from app.kernel.records import Record, Tenanted


class Stage(Choices):
    """Where a requisition stands."""

    DRAFT = "draft", _l("Draft"), "neutral"
    APPROVED = "approved", _l("Approved"), "good"
    ORDERED = "ordered", _l("Ordered"), "good"
    CANCELLED = "cancelled", _l("Cancelled"), "muted"


class Status(Choices):
    """Where a payment stands."""

    RECORDED = "recorded", _l("To release"), "warning"
    RELEASED = "released", _l("Released"), "good"


class Spending(Choices):
    """How an amount enters the accounts."""

    CAPITAL = "C", _l("Capital")
    REVENUE = "R", _l("Revenue")


class Supplier(Record):
    """Whom the organisation buys from."""

    __tablename__ = "procurement_supplier"
    __prefix__ = "SUP"
    __label__, __plural__, __slug__ = _l("Supplier"), _l("Suppliers"), "suppliers"

    name: Mapped[str] = text(_l("Name"))
    remittance_email: Mapped[str | None] = email(_l("Remittance e-mail"), personal=False, help=_l("Where the advice of each payment goes."))
    contact: Mapped[str | None] = text(_l("Contact"), required=False, personal=True)
    note: Mapped[str | None] = long_text(_l("Note"), max_length=2_000)


class Requisition(Record):
    """A request to buy, with what is to be bought line by line."""

    __tablename__ = "procurement_requisition"
    __prefix__ = "PR"
    __label__, __plural__, __slug__ = _l("Requisition"), _l("Requisitions"), "requisitions"

    title: Mapped[str] = text(_l("Title"), help=_l("What it is for, in one line."))
    supplier_id: Mapped[UUID | None] = reference("procurement_supplier", _l("Supplier"), required=False)
    department_id: Mapped[UUID] = reference("department", _l("Department"))
    site_id: Mapped[UUID | None] = reference("site", _l("Site"), required=False)
    needed_by: Mapped[date | None] = day(_l("Needed by"), required=False)
    currency: Mapped[str] = currency(_l("Currency"))
    total: Mapped[int] = money(_l("Total"), required=False, default=0)
    status: Mapped[Stage] = choice(_l("Status"), Stage, default=Stage.DRAFT)
    justification: Mapped[str | None] = long_text(_l("Justification"))
    order_number: Mapped[str | None] = text(_l("Order number"), required=False, max_length=60)
    cancelled_for: Mapped[str | None] = long_text(_l("Reason"), max_length=1_000)


class RequisitionLine(Tenanted):
    """One thing to buy: so many of a unit at a price, on a cost centre."""

    __tablename__ = "procurement_requisition_line"
    __label__ = _l("Line")
    __audited__ = True

    requisition_id: Mapped[UUID] = reference("procurement_requisition", _l("Requisition"))
    position: Mapped[int] = mapped_column(Integer, info={"label": _l("Position")})
    description: Mapped[str] = text(_l("Description"), sortable=False)
    quantity: Mapped[Decimal] = decimal(_l("Quantity"), minimum=Decimal("0.001"))
    unit: Mapped[str] = text(_l("Unit"), max_length=30, sortable=False, help=_l("Piece, hour, metre …"))
    unit_price: Mapped[int] = money(_l("Unit price"))
    currency: Mapped[str] = currency(_l("Currency"))
    cost_centre: Mapped[str | None] = text(_l("Cost centre"), required=False, max_length=60, sortable=False)

    def amount(self) -> int:
        """Quantity times price, rounded to the nearest minor unit, halves to the even one."""
        return int((self.quantity * self.unit_price).to_integral_value())


class Payment(Record):
    """Money that leaves the organisation; a negative amount is a credit note."""

    __tablename__ = "procurement_payment"
    __prefix__ = "PAY"
    __label__, __plural__, __slug__ = _l("Payment"), _l("Payments"), "payments"

    paid_on: Mapped[date] = day(_l("Payment day"))
    supplier_id: Mapped[UUID] = reference("procurement_supplier", _l("Supplier"))
    amount: Mapped[int] = money(_l("Amount"), help=_l("Negative for a credit note."))
    currency: Mapped[str] = currency(_l("Currency"))
    category: Mapped[str | None] = text(_l("Category"), required=False)
    purpose: Mapped[str | None] = text(_l("Purpose"), required=False)
    department_id: Mapped[UUID | None] = reference("department", _l("Department"), required=False)
    transaction_number: Mapped[str] = text(_l("Transaction number"), max_length=60)
    capital_or_revenue: Mapped[Spending | None] = choice(_l("Capital or revenue"), Spending, required=False)
    status: Mapped[Status] = choice(_l("Status"), Status, default=Status.RECORDED)
    released_at: Mapped[datetime | None] = moment(_l("Released"), required=False)


class JournalLine(Record):
    """What releasing a payment writes into the books, once per payment."""

    __tablename__ = "procurement_journal_line"
    __prefix__ = "JL"
    __label__, __plural__, __slug__ = _l("Journal line"), _l("Journal lines"), "journal-lines"

    posted_on: Mapped[date] = day(_l("Posted on"))
    payment_id: Mapped[UUID] = reference("procurement_payment", _l("Payment"))
    supplier_id: Mapped[UUID] = reference("procurement_supplier", _l("Supplier"))
    department_id: Mapped[UUID | None] = reference("department", _l("Department"), required=False)
    account: Mapped[str] = text(_l("Account"))
    amount: Mapped[int] = money(_l("Amount"))
    currency: Mapped[str] = currency(_l("Currency"))


Index("uq_procurement_supplier_name_key", Supplier.organisation_id, Supplier.name_key, unique=True,  # type: ignore[attr-defined]
      postgresql_where=Supplier.archived_at.is_(None))
Index("uq_procurement_payment_transaction_number", Payment.organisation_id, Payment.transaction_number, unique=True,
      postgresql_where=Payment.archived_at.is_(None))
Index("ix_procurement_payment_supplier_day", Payment.organisation_id, Payment.supplier_id, Payment.paid_on)
Index("uq_procurement_journal_line_payment_id", JournalLine.organisation_id, JournalLine.payment_id, unique=True)
