"""Data to measure on: one organisation with many payments, the same each time, written by COPY."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from datetime import date, timedelta

from app.core import auth, organisations
from app.demo import people
from app.demo.accounts import PASSWORD
from app.demo.cast import House, Post, Unit
from app.demo.names import FAMILY
from app.demo.staff import Staff
from app.demo.writing import keep
from app.kernel import clock
from app.kernel.current import acting
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from app.modules.procurement.models import Payment, Spending, Status, Supplier

CHUNK, SUPPLIERS, DAYS = 10_000, 2_000, 730
TRADES = ("Building", "Care", "Catering", "Cleaning", "Computing", "Electrical", "Fleet", "Grounds", "Heating", "Highways", "Legal",
          "Office")
PURPOSES = tuple(f"{what} {kind}" for what in ("Operational", "Contracted", "Agency", "Professional", "Repair", "Hired")
                 for kind in ("materials", "services", "staff", "equipment", "works", "fees", "supplies"))
CATEGORIES = ("Capital", "Employees", "Income", "Premises", "Supplies and Services", "Third Party Payments", "Transfer Payments",
              "Transport")
UNITS = tuple(f"Service {letter}" for letter in "ABCDEFGHJKLM")

SCALE = House("scale", "Scale Council", "council", "GBP", "Europe/London", cost_centre="SCL",
              sites=(("Town Hall", "office", "Market Square"),), units=tuple(Unit(name) for name in UNITS),
              posts=(Post("Ada Scale", "Chief executive", "owner", UNITS[0]),
                     *(Post(f"Manager {name[-1]}", f"Head of {name}", "manager", name) for name in UNITS)))


def scale(payments: int = 100_000, say: Callable[[str], object] = lambda _line: None) -> bool:
    """Make the organisation `scale` with so many payments, unless it is there already; gives whether it did."""
    if organisations.exists(SCALE.slug):
        return False
    dice = random.Random("opsflux scale")  # noqa: S311 -- the same figures every time, not a secret
    made = organisations.found(new_id(), SCALE.slug, SCALE.name, currency=SCALE.currency, timezone=SCALE.timezone)
    with acting(made, channel="demo"):
        with unit_of_work():
            staff = people.settle(SCALE, dice, auth.hash_password(PASSWORD))
            suppliers = [_supplier(number, dice) for number in range(SUPPLIERS)]
            keep(suppliers)
        for first in range(0, payments, CHUNK):
            with unit_of_work():
                keep(list(_payments(staff, dice, suppliers, first, min(CHUNK, payments - first))))
            say(f"{min(first + CHUNK, payments):,} of {payments:,} payments")
    return True


def _supplier(number: int, dice: random.Random) -> Supplier:
    name = f"{dice.choice(FAMILY)} {dice.choice(TRADES)} {number:04d}"
    return Supplier(id=new_id(), name=name, remittance_email=f"supplier-{number:04d}@suppliers.example", created_at=clock.now())


def _payments(staff: Staff, dice: random.Random, suppliers: list[Supplier], first: int, count: int) -> Iterator[Payment]:
    today, departments, now = clock.today(), list(staff.departments.values()), clock.now()
    shares = [1 / (rank + 5) for rank in range(len(suppliers))]
    for number, supplier in enumerate(dice.choices(suppliers, shares, k=count), start=first):
        yield Payment(
            id=new_id(), paid_on=_day(today, number, dice), supplier_id=supplier.id, amount=int(dice.lognormvariate(10.6, 1.6)) - 400,
            currency=SCALE.currency, category=dice.choice(CATEGORIES), purpose=dice.choice(PURPOSES),
            department_id=dice.choice(departments).id, transaction_number=f"SC-{number:07d}",
            capital_or_revenue=Spending.CAPITAL if dice.random() < 0.03 else Spending.REVENUE,
            status=Status.RELEASED, released_at=now, created_at=now)


def _day(today: date, number: int, dice: random.Random) -> date:
    return today - timedelta(days=(number * 7 + dice.randint(0, 6)) % DAYS)
