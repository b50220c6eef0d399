"""What rows come to: how many they are, and the totals that a report asks for, each currency for itself."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal, get_locale

from app.kernel import currencies
from app.modules.reports.layout import WORDS, Place

Asked = Sequence[tuple[Place, str]]


@dataclass
class _Sum:
    count: int = 0
    total: Decimal = Decimal(0)
    smallest: Decimal | None = None
    largest: Decimal | None = None

    def add(self, value: Decimal) -> None:
        self.count += 1
        self.total += value
        self.smallest = value if self.smallest is None else min(self.smallest, value)
        self.largest = value if self.largest is None else max(self.largest, value)

    def of(self, what: str) -> Decimal:
        if what == "average":
            return self.total / self.count
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


def _shown(unit: str, value: Decimal, what: str) -> str:
    if unit:
        return currencies.shown(value.quantize(Decimal(1).scaleb(-currencies.decimals(unit))), unit, get_locale())
    if what == "average":
        value = value.quantize(Decimal("0.01"))
    return format_decimal(value, decimal_quantization=False)
