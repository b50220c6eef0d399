"""Which payments deserve a look before they are approved with many others, and why."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from app.core import settings
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import minor_units
from app.kernel.sentences import Sentence, decimal, labels, money, nsay_later, say_later
from app.modules.procurement.models import Payment

TIMES_MEDIAN, HISTORY_DAYS, TWIN_DAYS = 3, 90, 30
NEAR = Decimal("0.95")
WANTED = ("category", "purpose", "department")
Key = tuple[UUID, str]

@dataclass(frozen=True)
class Past:
    """What other payments say of one: whether its supplier is known, the usual amount, a twin, and what its day adds up to by limit."""

    known: bool
    median: int | None
    twin: str
    twin_days: int
    together: tuple[tuple[int, int], ...]


def outliers(payments: Sequence[Payment]) -> Mapping[UUID, list[Sentence]]:
    """Per payment id, the sentences on why it deserves a look; payments that are like the others are not in it."""
    if not payments:
        return {}
    limits = _limits()
    pasts = _pasts(payments, limits)
    said = {payment.id: [*_history(payment, pasts[payment.id]), *_missing(payment), *_limit(payment, pasts[payment.id], limits)]
            for payment in payments}
    return {payment_id: sentences for payment_id, sentences in said.items() if sentences}


def _pasts(payments: Sequence[Payment], limits: tuple[int, int]) -> dict[UUID, Past]:
    """Read the payments of these suppliers around these days once, and compare in memory: a fresh import has no statistics to plan by."""
    since, others = _first_days(payments), _around(payments)
    days = {key: _sums(rows, limits) for key, rows in others.items()}
    twins: dict[tuple[Key, int], list[Any]] = defaultdict(list)
    for key, rows in others.items():
        for row in rows:
            twins[key, row.amount].append(row)
    found = {}
    for payment in payments:
        key = (payment.supplier_id, payment.currency)
        near = min((r for r in twins[key, payment.amount] if r.id != payment.id and abs((r.paid_on - payment.paid_on).days) <= TWIN_DAYS),
                   key=lambda r, p=payment: (abs((r.paid_on - p.paid_on).days), r.reference), default=None)
        found[payment.id] = Past(
            known=since.get(key, payment.paid_on) < payment.paid_on, median=_median(payment, others[key]),
            twin=near.reference if near else "", twin_days=abs((near.paid_on - payment.paid_on).days) if near else 0,
            together=days.get(key, {}).get(payment.paid_on, ((0, 0),) * len(limits)))
    return found


def _first_days(payments: Sequence[Payment]) -> dict[Key, date]:
    query = select(Payment.supplier_id, Payment.currency, func.min(Payment.paid_on)).where(
        Payment.organisation_id == current.organisation.id, Payment.supplier_id.in_({p.supplier_id for p in payments}),
        Payment.archived_at.is_(None)).group_by(Payment.supplier_id, Payment.currency)
    return {(supplier, currency): day for supplier, currency, day in session().execute(query)}


def _around(payments: Sequence[Payment]) -> dict[Key, list[Any]]:
    days = [payment.paid_on for payment in payments]
    query = select(Payment.id, Payment.supplier_id, Payment.currency, Payment.amount, Payment.paid_on, Payment.reference).where(
        Payment.organisation_id == current.organisation.id, Payment.supplier_id.in_({p.supplier_id for p in payments}),
        Payment.archived_at.is_(None),
        Payment.paid_on.between(min(days) - timedelta(days=HISTORY_DAYS), max(days) + timedelta(days=TWIN_DAYS)))
    found: dict[Key, list[Any]] = defaultdict(list)
    for row in session().execute(query):
        found[row.supplier_id, row.currency].append(row)
    return found


def _sums(rows: Sequence[Any], limits: tuple[int, int]) -> dict[date, tuple[tuple[int, int], ...]]:
    """Per day, for each limit, the sum and the number of the payments that do not pass it."""
    by_day: dict[date, list[int]] = defaultdict(list)
    for row in rows:
        by_day[row.paid_on].append(row.amount)
    return {day: tuple((sum(below), len(below)) for limit in limits for below in [[a for a in amounts if 0 < a <= limit]])
            for day, amounts in by_day.items()}


def _median(payment: Payment, rows: Sequence[Any]) -> int | None:
    begin = payment.paid_on - timedelta(days=HISTORY_DAYS)
    amounts = sorted(r.amount for r in rows if r.id != payment.id and r.amount > 0 and begin <= r.paid_on <= payment.paid_on)
    return amounts[(len(amounts) - 1) // 2] if amounts else None


def _limits() -> tuple[int, int]:
    code = current.organisation.currency
    first, second = (minor_units(Decimal(settings.get(f"procurement.{name}_limit")), code) for name in ("first", "second"))
    return first, second


def _history(payment: Payment, row: Past) -> list[Sentence]:
    said = []
    if not row.known:
        said.append(say_later("First payment to this supplier"))
    if row.median and payment.amount > TIMES_MEDIAN * row.median:
        said.append(say_later("%(times)s times what this supplier usually gets, %(median)s in the 90 days before",
                              times=decimal(payment.amount / row.median), median=money(row.median, payment.currency)))
    if row.twin and row.twin_days:
        said.append(nsay_later("Same supplier and amount as %(reference)s, %(num)d day apart",
                               "Same supplier and amount as %(reference)s, %(num)d days apart", row.twin_days, reference=row.twin))
    elif row.twin:
        said.append(say_later("Same supplier, amount and day as %(reference)s", reference=row.twin))
    return said


def _missing(payment: Payment) -> list[Sentence]:
    fields = fields_of(Payment)
    empty = [fields[name].label for name in WANTED if fields[name].value(payment) in (None, "")]
    return [say_later("Missing: %(fields)s", fields=labels(*empty))] if empty else []


def _limit(payment: Payment, row: Past, limits: tuple[int, int]) -> list[Sentence]:
    """Just under a limit, or several of one supplier and day that pass it together; limits are in the organisation's currency."""
    if payment.currency != current.organisation.currency:
        return []
    said = []
    for limit, (together, count) in zip(limits, row.together, strict=True):
        if NEAR * limit <= payment.amount <= limit:
            said.append(say_later("Just under the limit of %(limit)s", limit=money(limit, payment.currency)))
        if 0 < payment.amount <= limit < together and count > 1:
            said.append(say_later("One of %(count)d to this supplier on this day that pass %(limit)s together", count=count,
                                  limit=money(limit, payment.currency)))
    return said
