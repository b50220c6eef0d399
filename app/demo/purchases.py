"""A year of requisitions and some payments, drawn from what a trade buys."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from app.demo.staff import Staff
from app.kernel import clock
from app.kernel.kinds import minor_units
from app.kernel.records import new_id
from app.modules.procurement.demo import SUPPLIERS, WANTS, Item, Want
from app.modules.procurement.models import Payment, Requisition, RequisitionLine, Spending, Stage, Status, Supplier

YEAR = timedelta(days=365)
CATEGORIES = ("Supplies and Services", "Third Party Payments", "Premises", "Transport")


@dataclass
class Purchases:
    """What was drawn; requisitions and their lines stand apart, as their tables do."""

    suppliers: list[Supplier] = field(default_factory=list)
    requisitions: list[Requisition] = field(default_factory=list)
    lines: list[RequisitionLine] = field(default_factory=list)
    payments: list[Payment] = field(default_factory=list)


def draw(staff: Staff, dice: random.Random, requisitions: int, payments: int) -> Purchases:
    """Suppliers, requisitions and payments of the twelve months up to now, the oldest first."""
    drawn = Purchases(suppliers=[_supplier(staff, name) for name in SUPPLIERS[staff.house.trade]])
    for moment in sorted(clock.now() - YEAR * dice.random() for _n in range(requisitions)):
        _requisition(drawn, staff, dice, dice.choice(WANTS[staff.house.trade]), moment)
    for number, moment in enumerate(sorted(clock.now() - YEAR * dice.random() for _n in range(payments)), start=1):
        drawn.payments.append(_payment(drawn, staff, dice, number, moment))
    return drawn


def _supplier(staff: Staff, name: str) -> Supplier:
    buyer = staff.with_role("buyer")[0]
    made = clock.now() - YEAR - timedelta(days=30)
    local = "".join(c if c.isascii() and c.isalnum() else "-" for c in name.lower()).strip("-")
    return Supplier(id=new_id(), name=name, remittance_email=f"{'-'.join(filter(None, local.split('-')))}@suppliers.example",
                    created_at=made, updated_at=made, created_by=buyer.id, updated_by=buyer.id)


def _requisition(drawn: Purchases, staff: Staff, dice: random.Random, want: Want, moment: datetime) -> None:
    asker = dice.choice([m for m in staff.members if m.department_id])
    status = _stage(dice, clock.now() - moment)
    made = Requisition(
        id=new_id(), title=want.title, justification=want.why, supplier_id=drawn.suppliers[want.supplier].id,
        department_id=asker.department_id, site_id=dice.choice(staff.sites).id,
        needed_by=moment.date() + timedelta(days=dice.randint(7, 40)),
        currency=staff.house.currency, status=status, created_at=moment, updated_at=moment, created_by=asker.id, updated_by=asker.id,
        order_number=f"PO-{dice.randint(40000, 69999)}" if status == Stage.ORDERED else None)
    lines = [_line(made, staff, dice, item, position) for position, item in enumerate(want.items)]
    made.total = sum(line.amount() for line in lines)
    drawn.requisitions.append(made)
    drawn.lines += lines


def _line(made: Requisition, staff: Staff, dice: random.Random, item: Item, position: int) -> RequisitionLine:
    price = minor_units(Decimal(str(round(dice.uniform(item.lowest, item.highest), 2))), made.currency)
    return RequisitionLine(
        id=new_id(), requisition_id=made.id, position=position, description=item.description, unit=item.unit,
        unit_price=price, quantity=Decimal(dice.randint(1, item.most)), currency=made.currency,
        cost_centre=f"{staff.house.cost_centre}-{dice.randint(110, 480)}")


def _stage(dice: random.Random, age: timedelta) -> Stage:
    if age < timedelta(days=10):
        return Stage.DRAFT
    return dice.choices((Stage.ORDERED, Stage.APPROVED, Stage.CANCELLED, Stage.DRAFT), (70, 18, 6, 6))[0]


def _payment(drawn: Purchases, staff: Staff, dice: random.Random, number: int, moment: datetime) -> Payment:
    clerk = staff.with_role("payments_clerk")[0]
    amount = Decimal(str(round(dice.lognormvariate(7.6, 0.7), 2)))
    want = dice.choice(WANTS[staff.house.trade])
    return Payment(
        id=new_id(), paid_on=moment.date(), supplier_id=drawn.suppliers[want.supplier].id, currency=staff.house.currency,
        amount=minor_units(min(amount, Decimal("4900.00")), staff.house.currency), category=dice.choice(CATEGORIES), purpose=want.title,
        department_id=dice.choice(list(staff.departments.values())).id, transaction_number=f"{staff.house.cost_centre}-{number:05d}",
        capital_or_revenue=Spending.REVENUE, status=Status.RELEASED, released_at=moment, created_at=moment, updated_at=moment,
        created_by=clerk.id, updated_by=clerk.id)
