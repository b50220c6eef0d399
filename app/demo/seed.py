"""Seeds the demo: four organisations with people, places, a year of records, and decisions made and waiting."""

from __future__ import annotations

import random
from collections.abc import Callable
from uuid import UUID

from app.core import audit, auth, imports, organisations, settings
from app.demo import boards, flow, incidents, own_reports, papers, people, purchases, wishes
from app.demo.accounts import PASSWORD
from app.demo.cast import HOUSES, House
from app.demo.staff import Staff
from app.demo.writing import keep
from app.kernel.current import acting, current
from app.kernel.db import unit_of_work
from app.kernel.records import new_id
from app.kernel.registry import registry
from app.modules.procurement import samples
from app.modules.procurement.models import JournalLine, Payment

INCIDENTS, REQUISITIONS, PAYMENTS = 300, 200, 60


def seed(say: Callable[[str], object] = lambda _line: None) -> bool:
    """Make the demo's organisations where there are none at all; gives whether it did."""
    if organisations.any_exist():
        return False
    secret = auth.hash_password(PASSWORD)
    for house in HOUSES:
        _organisation(house, secret)
        say(house.name)
    return True


def _organisation(house: House, secret: str) -> None:
    dice = random.Random(f"opsflux {house.slug}")  # noqa: S311 -- the same demo every time, not a secret
    made = organisations.found(new_id(), house.slug, house.name, currency=house.currency, timezone=house.timezone)
    with acting(made, channel="demo"):
        with unit_of_work():
            staff = people.settle(house, dice, secret)
        with unit_of_work():
            settings.set("procurement.remittance_domain", "suppliers.example")
            settings.set("auth.second_factor", "optional")
            _year(staff, dice)
            if house.trade == "council":
                _mappings()
        flow.play(staff, dice)
        wishes.play(staff)
        boards.share(staff)
        papers.share(staff)
        own_reports.share(staff)
        audit.seal(current.organisation.id)  # a year at once is no trail that falls behind


def _year(staff: Staff, dice: random.Random) -> None:
    for records in incidents.draw(staff, dice, INCIDENTS - flow.INCIDENTS):
        keep(records)
    bought = purchases.draw(staff, dice, REQUISITIONS - flow.REQUISITIONS, PAYMENTS)
    for some in (bought.suppliers, bought.requisitions, bought.lines, bought.payments, [_posted(p) for p in bought.payments]):
        keep(some)


def _mappings() -> None:
    """The saved mappings with which the published payment files come in."""
    for saved in samples.mappings():
        imports.save_mapping(registry.resource(saved["resource"]), saved["name"], imports.Mapping.from_json(saved["mapping"]))


def _posted(payment: Payment) -> JournalLine:
    clerk: UUID = payment.created_by
    return JournalLine(id=new_id(), posted_on=payment.paid_on, payment_id=payment.id, supplier_id=payment.supplier_id,
                       amount=payment.amount, department_id=payment.department_id, account=payment.purpose, currency=payment.currency,
                       created_at=payment.created_at, updated_at=payment.created_at, created_by=clerk, updated_by=clerk)
