"""Amounts and limits in the currency of the organisation, at the rate of the day."""

from __future__ import annotations

from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import select

from app.core import settings
from app.core.approvals.models import ExchangeRate
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import major_units
from app.kernel.manifest import Approval


class Limits:
    """The limits and the rates of today, each read once for all records that are looked at."""

    def __init__(self) -> None:
        self._known: dict[str, Decimal] = {}

    def limit(self, setting: str) -> Decimal:
        """A limit in major units of the organisation's currency."""
        if setting not in self._known:
            self._known[setting] = Decimal(str(settings.get(setting)))
        return self._known[setting]

    def at_home(self, amount: int, currency: str) -> Decimal | None:
        """An amount in major units of the organisation's currency; None when no rate is known for today."""
        major = major_units(amount, currency)
        if currency == current.organisation.currency:
            return major
        rate = self.rates.get(currency)
        return None if rate is None else major * rate

    @cached_property
    def rates(self) -> dict[str, Decimal]:
        """The rate of each foreign currency that is valid today."""
        today = clock.today(current.organisation.timezone)
        rows = session().execute(select(ExchangeRate.code, ExchangeRate.rate).where(
            ExchangeRate.valid_from <= today, ExchangeRate.archived_at.is_(None)).order_by(ExchangeRate.valid_from, ExchangeRate.id))
        return {code.upper(): rate for code, rate in rows}


def amount_of(approval: Approval, record: Any) -> tuple[int | None, str]:
    """The amount that the limits look at, in minor units, with its currency."""
    if not approval.amount:
        return None, current.organisation.currency
    field = fields_of(type(record))[approval.amount]
    return field.value(record), field.currency_of(record)
