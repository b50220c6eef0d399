"""A table across: the groups of a report down, the values of a second field side by side, with what both come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any

from flask_babel import format_decimal
from flask_babel import gettext as _

from app.core.exports import Column, Crossing, Sheet
from app.modules.reports.layout import WORDS, Layout
from app.modules.reports.reading import Figures
from app.modules.reports.tallying import Tally


def crossing_of(layout: Layout, figures: Figures) -> Crossing | None:
    """The table in words; None where a report has none, or no rows."""
    if layout.group is None or layout.across is None or not figures.across:
        return None
    columns = [Column("group", layout.group.label), *(Column(f"c{at}", each.label, numeric=True) for at, each in enumerate(figures.across)),
               Column("all", _("All of it"), numeric=True)]
    rows = [[group.label, *(_said(layout, group.cells.get(each.key)) for each in figures.across), _said(layout, group.tally)]
            for group in figures.groups]
    totals = [_("All of it"), *(_said(layout, each.tally) for each in figures.across), _said(layout, figures.tally)]
    return Crossing(_title(layout), columns, rows, totals, _summary(layout, figures))


def crossed_sheet(layout: Layout, figures: Figures, figure: Column, units: Sequence[str]) -> Sheet:
    """The table typed; `figure` is what stands in its cells, every one of `units` (currencies) in a column of its own."""
    heads = [Column("group", layout.group.label if layout.group else "")]
    for at, label in enumerate([*(each.label for each in figures.across), _("All of it")]):
        heads += [replace(figure, name=f"c{at}{unit}", label=f"{label} ({unit})" if unit else label) for unit in units]
    rows = [[group.label, *_typed(layout, [*(group.cells.get(each.key) for each in figures.across), group.tally], units)]
            for group in figures.groups]
    rows.append([_("All of it"), *_typed(layout, [*(each.tally for each in figures.across), figures.tally], units)])
    return Sheet(_("Across"), heads, rows)


def units_of(layout: Layout, figures: Figures) -> list[str]:
    """The currencies of what stands in the cells; one empty unit where it is no money."""
    return [unit for unit, _value in figures.tally.values(*layout.totals[0])] or [""] if layout.totals else [""]


def _typed(layout: Layout, tallies: Sequence[Tally | None], units: Sequence[str]) -> list[Any]:
    return [_number(layout, tally, unit) for tally in tallies for unit in units]


def _number(layout: Layout, tally: Tally | None, unit: str) -> Decimal | int | None:
    if tally is None:
        return None
    return dict(tally.values(*layout.totals[0])).get(unit) if layout.totals else tally.count


def _said(layout: Layout, tally: Tally | None) -> str:
    if tally is None:
        return "–"
    return " · ".join(tally.said(*layout.totals[0])) or "–" if layout.totals else str(format_decimal(tally.count))


def _title(layout: Layout) -> str:
    group, across = layout.group.label if layout.group else "", layout.across.label if layout.across else ""
    if not layout.totals:
        return _("Rows by %(group)s and %(across)s", group=group, across=across)
    place, what = layout.totals[0]
    return _("%(what)s of %(column)s by %(group)s and %(across)s", what=WORDS[what], column=place.label, group=group, across=across)


def _summary(layout: Layout, figures: Figures) -> str:
    """The table in a sentence: how large it is, and where the highest figure stands."""
    unit = units_of(layout, figures)[0]
    cells = [(number, group, each) for group in figures.groups for each in figures.across
             if (number := _number(layout, group.cells.get(each.key), unit)) is not None]
    said = _("%(rows)s down, %(columns)s across.", rows=len(figures.groups), columns=len(figures.across))
    if not cells:
        return said
    _highest, group, column = max(cells, key=lambda each: each[0])
    return said + " " + _("The highest is %(value)s: %(group)s, %(across)s.", value=_said(layout, group.cells[column.key]),
                          group=group.label, across=column.label)
