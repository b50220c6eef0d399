"""What rows come to: how many they are, and the totals that a report asks for, each currency for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from babel.numbers import format_decimal
from flask_babel import get_locale

from app.kernel import currencies
from app.modules.reports.layout import WORDS, Place

Asked = Sequence[tuple[Place, str]]
SHARES = {"median": Decimal("0.5"), "p90": Decimal("0.9")}
ROUNDED = ("average", *SHARES)


@dataclass
class _Sum:
    count: int = 0
    total: Decimal = Decimal(0)
    smallest: Decimal | None = None
    largest: Decimal | None = None
    kept: list[Decimal] = field(default_factory=list)

    def add(self, value: Decimal) -> None:
        self.count += 1
        self.total += value
        self.smallest = value if self.smallest is None else min(self.smallest, value)
        self.largest = value if self.largest is None else max(self.largest, value)
        self.kept.append(value)

    def of(self, what: str) -> Decimal:
        if what == "average":
            return self.total / self.count
        if what in SHARES:
            return _within(sorted(self.kept), SHARES[what])
        return {"sum": self.total, "smallest": self.smallest, "largest": self.largest}[what] or Decimal(0)


@dataclass
class Tally:
    """Adds rows up. Units are currencies; numbers that are no money have none."""

    count: int = 0
    _sums: dict[tuple[str, str], _Sum] = field(default_factory=dict)

    def add(self, totals: Asked, place_of: Callable[[Place], Any]) -> None:
        """Count a row in."""
        self.count += 1
        for place in {place.name: place for place, _what in totals}.values():
            holder = place_of(place)
            if place.field.value(holder) is None:
                continue
            unit = place.field.currency_of(holder) if place.field.kind == "money" else ""
            self._sums.setdefault((place.name, unit), _Sum()).add(Decimal(place.field.export(holder)))

    def values(self, place: Place, what: str) -> list[tuple[str, Decimal]]:
        """Unit and value, the units in alphabetical order."""
        return sorted((unit, each.of(what)) for (name, unit), each in self._sums.items() if name == place.name)

    def said(self, place: Place, what: str) -> list[str]:
        """The values in the reader's language."""
        return [_shown(unit, value, what) for unit, value in self.values(place, what)]

    def words(self, place: Place, totals: Asked) -> list[str]:
        """All that is worked out of a column; what is no sum says what it is."""
        asked = [what for each, what in totals if each.name == place.name]
        return [said if what == "sum" else f"{WORDS[what]} {said}" for what in asked for said in self.said(place, what)]


def _within(values: Sequence[Decimal], share: Decimal) -> Decimal:
    """The value within which this share of them lies, between two of them as far along as it falls (as PostgreSQL's percentile_cont)."""
    place = share * (len(values) - 1)
    low = int(place)
    high = min(low + 1, len(values) - 1)
    return values[low] + (values[high] - values[low]) * (place - low)


def _shown(unit: str, value: Decimal, what: str) -> str:
    if unit:
        return currencies.shown(value.quantize(Decimal(1).scaleb(-currencies.decimals(unit))), unit, get_locale())
    if what in ROUNDED:
        value = value.quantize(Decimal("0.01"))
    return str(format_decimal(value, locale=get_locale(), decimal_quantization=False))
