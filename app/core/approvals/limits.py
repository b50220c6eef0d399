"""Which levels a record needs: amounts against limits, in the organisation's currency, strictly above."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import cached_property
from typing import Any

from sqlalchemy import select

from app.core import settings
from app.core.approvals.models import Colour, ExchangeRate
from app.kernel import clock
from app.kernel.current import current
from app.kernel.db import session
from app.kernel.fields import fields_of
from app.kernel.kinds import major_units
from app.kernel.manifest import Approval, Level

RISKS = ("GREEN", "ORANGE", "RED")


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


def levels_of(approval: Approval, record: Any, limits: Limits) -> list[int]:
    """The places of the levels that this record needs, in sequence; none when it may go on at once."""
    amount, currency = amount_of(approval, record)
    if approval.amount and approval.credits_pass and amount is not None and amount < 0:
        return []
    home = None if amount is None else limits.at_home(amount, currency)
    return [place for place, level in enumerate(approval.levels) if _applies(level, record, home, limits)]


def _applies(level: Level, record: Any, home: Decimal | None, limits: Limits) -> bool:
    """Above its limit, if it has one; an amount that cannot be compared counts as above."""
    if level.above and home is not None and home <= limits.limit(level.above):
        return False
    return level.when is None or bool(level.when(record))


def colour_of(approval: Approval, record: Any, places: Sequence[int]) -> Colour:
    """What the approval says of this record, or the highest of its levels; an unknown kind is RED."""
    said = getattr(approval, "risk", None)
    found = [said(record)] if callable(said) else [approval.levels[place].risk for place in places]
    if not found or any(each not in RISKS for each in found):
        return Colour.RED
    return Colour(max(found, key=RISKS.index))
