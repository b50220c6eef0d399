"""What a chart says: its values in words, as a table and as one sentence. How it is drawn stands in `geometry`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from babel.numbers import format_compact_decimal, is_currency
from flask_babel import format_decimal, get_locale, ngettext
from flask_babel import gettext as _

from app.kernel import currencies

Number = int | float | Decimal
Kind = Literal["bar", "line", "pie"]


@dataclass(frozen=True)
class Series:
    """Values that belong together, one for each label of the chart; None where there is none."""

    label: str
    values: Sequence[Number | None]


@dataclass(frozen=True)
class Chart:
    """A picture of numbers. `unit` is an ISO 4217 code, or a short word that is written after each number (“h”, “%”); `timed`
    says that the labels follow each other in time, from left to right.
    """

    kind: Kind
    title: str
    labels: Sequence[str]
    series: Sequence[Series]
    unit: str = ""
    timed: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is nothing to draw: no value, or a whole of which nothing is a part."""
        values = [v for each in self.series for v in each.values if v is not None]
        return not values or (self.kind == "pie" and not any(v > 0 for v in values))


def said(chart: Chart, value: Number | None) -> str:
    """A value as people read it, with its unit; a dash where there is none."""
    if value is None:
        return "–"
    if len(chart.unit) == 3 and is_currency(chart.unit):
        return currencies.shown(Decimal(str(value)), chart.unit, get_locale())
    number: str = format_decimal(round(value, 2))
    return f"{number} {chart.unit}" if chart.unit else number


def short(chart: Chart, value: float) -> str:
    """A value beside an axis: 12K rather than 12,000."""
    number = format_decimal(value) if abs(value) < 10_000 else format_compact_decimal(value, locale=get_locale(), fraction_digits=1)
    return f"{number} %" if chart.unit == "%" else str(number)


def table(chart: Chart) -> list[list[str]]:
    """The same numbers as rows: the head first, then one row for each label."""
    head = ["", *(each.label for each in chart.series)]
    return [head, *([label, *(said(chart, _at(each, place)) for each in chart.series)] for place, label in enumerate(chart.labels))]


def _at(series: Series, place: int) -> Number | None:
    return series.values[place] if place < len(series.values) else None


def summary(chart: Chart) -> str:
    """The chart in one or two sentences, for who does not see it."""
    points = [(value, label, each.label) for each in chart.series for label, value in zip(chart.labels, each.values, strict=False)
              if value is not None]
    if chart.empty or not points:
        return _("%(title)s: there is nothing to show.", title=chart.title)
    kinds = {"bar": _("bar chart"), "line": _("line chart"), "pie": _("pie chart")}
    begun = ngettext("%(title)s: %(kind)s with %(num)d value.", "%(title)s: %(kind)s with %(num)d values.", len(points),
                     title=chart.title, kind=kinds[chart.kind])
    if len(points) == 1:
        return f"{begun} {_named(chart, points[0])}."
    most, least = max(points, key=lambda each: each[0]), min(points, key=lambda each: each[0])
    ends = _("Highest: %(most)s; lowest: %(least)s.", most=_named(chart, most), least=_named(chart, least))
    return f"{begun} {ends}"


def _named(chart: Chart, point: tuple[Number, str, str]) -> str:
    value, label, series = point
    place = f"{label} · {series}" if len(chart.series) > 1 else label
    return f"{place} {said(chart, value)}".strip()
