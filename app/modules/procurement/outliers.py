"""Which payments deserve a look before they are approved with many others, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Row, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.types import Uuid

from app.core import settings
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import minor_units
from app.modules.procurement.models import Payment

TIMES_MEDIAN, HISTORY_DAYS, TWIN_DAYS = 3, 90, 30
NEAR = Decimal("0.95")
WANTED = ("category", "purpose", "department")

HISTORY = text("""
    SELECT a.id, h.median, h.twin, h.twin_days, coalesce(h.known, false) AS known,
           h.together_first, h.count_first, h.together_second, h.count_second
      FROM procurement_payment a
      LEFT JOIN LATERAL (
        SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY o.amount) FILTER (
                 WHERE o.id <> a.id AND o.amount > 0 AND o.paid_on BETWEEN a.paid_on - :history AND a.paid_on) AS median,
               bool_or(o.paid_on < a.paid_on) AS known,
               min(o.reference) FILTER (WHERE o.id <> a.id AND o.amount = a.amount AND abs(o.paid_on - a.paid_on) <= :twin) AS twin,
               min(abs(o.paid_on - a.paid_on)) FILTER (
                 WHERE o.id <> a.id AND o.amount = a.amount AND abs(o.paid_on - a.paid_on) <= :twin) AS twin_days,
               sum(o.amount) FILTER (WHERE o.paid_on = a.paid_on AND o.amount BETWEEN 1 AND :first) AS together_first,
               count(*) FILTER (WHERE o.paid_on = a.paid_on AND o.amount BETWEEN 1 AND :first) AS count_first,
               sum(o.amount) FILTER (WHERE o.paid_on = a.paid_on AND o.amount BETWEEN 1 AND :second) AS together_second,
               count(*) FILTER (WHERE o.paid_on = a.paid_on AND o.amount BETWEEN 1 AND :second) AS count_second
          FROM procurement_payment o
         WHERE o.organisation_id = a.organisation_id AND o.supplier_id = a.supplier_id AND o.currency = a.currency
           AND o.archived_at IS NULL AND o.paid_on <= a.paid_on + :twin) h ON true
     WHERE a.organisation_id = :organisation AND a.id = ANY(:ids)
""").bindparams(bindparam("ids", type_=ARRAY(Uuid)), bindparam("organisation", type_=Uuid))


def outliers(payments: Sequence[Payment]) -> Mapping[UUID, list[str]]:
    """Per payment id, the sentences on why it deserves a look; payments that are like the others are not in it."""
    if not payments:
        return {}
    limits = _limits()
    rows = session().execute(HISTORY, {
        "organisation": current.organisation.id, "ids": [payment.id for payment in payments], "history": HISTORY_DAYS, "twin": TWIN_DAYS,
        "first": limits[0], "second": limits[1]})
    found = {row.id: row for row in rows}
    said = {payment.id: [*_history(payment, found.get(payment.id)), *_missing(payment), *_limit(payment, found.get(payment.id), limits)]
            for payment in payments}
    return {payment_id: sentences for payment_id, sentences in said.items() if sentences}


def _limits() -> tuple[int, int]:
    code = current.organisation.currency
    first, second = (minor_units(Decimal(settings.get(f"procurement.{name}_limit")), code) for name in ("first", "second"))
    return first, second


def _history(payment: Payment, row: Row[Any] | None) -> list[str]:
    if row is None:
        return []
    said = []
    if not row.known:
        said.append(_("First payment to this supplier"))
    if row.median and payment.amount > TIMES_MEDIAN * row.median:
        said.append(_("%(times)s times what this supplier usually gets, %(median)s in the 90 days before",
                      times=round(payment.amount / row.median, 1), median=_money(payment, row.median)))
    if row.twin:
        said.append(ngettext("Same supplier and amount as %(reference)s, %(num)d day apart",
                             "Same supplier and amount as %(reference)s, %(num)d days apart", row.twin_days, reference=row.twin))
    return said


def _missing(payment: Payment) -> list[str]:
    fields = fields_of(Payment)
    empty = [str(fields[name].label) for name in WANTED if fields[name].value(payment) in (None, "")]
    return [_("Missing: %(fields)s", fields=", ".join(empty))] if empty else []


def _limit(payment: Payment, row: Row[Any] | None, limits: tuple[int, int]) -> list[str]:
    """Just under a limit, or several of one supplier and day that pass it together; limits are in the organisation's currency."""
    if row is None or payment.currency != current.organisation.currency:
        return []
    said = []
    groups = ((limits[0], row.together_first, row.count_first), (limits[1], row.together_second, row.count_second))
    for limit, together, count in groups:
        if NEAR * limit <= payment.amount <= limit:
            said.append(_("Just under the limit of %(limit)s", limit=_money(payment, limit)))
        if 0 < payment.amount <= limit < (together or 0) and count > 1:
            said.append(_("One of %(count)d to this supplier on this day that pass %(limit)s together", count=count,
                          limit=_money(payment, limit)))
    return said


def _money(payment: Payment, minor: int) -> str:
    field = fields_of(Payment)["amount"]
    return field.behaviour.display(field, minor, payment)
