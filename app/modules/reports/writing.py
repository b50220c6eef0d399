"""The figures of a run as a file: PDF, a workbook with typed cells, or CSV. Each says when it was asked, for whom, and its hash."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Any, BinaryIO, cast

from flask_babel import gettext as _

from app.core import charts, exports
from app.core.charts import Chart, Series
from app.core.exports import Column, Part, Printable, Sheet
from app.kernel.current import current
from app.kernel.fields import Field
from app.kernel.kinds import show_moment
from app.modules.reports.crossing import crossed_sheet, crossing_of, units_of
from app.modules.reports.layout import WORDS, Layout, Parameter, Place
from app.modules.reports.models import Form
from app.modules.reports.reading import Figures
from app.modules.reports.tallying import ROUNDED
from app.resources.export_rows import described
from app.resources.features.exporting import imprint
from app.resources.features.listing import OPERATORS, said_value
from app.resources.querying import filter_fields

TYPES = {Form.PDF: "application/pdf", Form.CSV: "text/csv",
         Form.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}
MOST_DRAWN = 12
Told = Callable[[int], None] | None


def write(layout: Layout, figures: Figures, form: Form, stream: BinaryIO, path: str, reference: str, told: Told = None) -> None:
    """Write what was found; a PDF wants figures that are worded, the others typed ones."""
    zone = current.organisation.timezone if current.user.is_system else current.user.timezone
    if form is Form.PDF:
        exports.write_report(_drawn(layout, figures), stream, imprint(layout.title, path, reference=reference), told)
    elif form is Form.XLSX:
        exports.write_workbook(_book(layout, figures), stream, zone=zone)
    else:
        exports.write_delimited(_flat(layout, figures), stream, zone=zone)


def printable(layout: Layout, figures: Figures) -> Printable:
    """The report as it is printed, and as its page shows it."""
    parts = [Part(group.label, group.rows, totals_of(layout, group.tally)) for group in figures.groups]
    return Printable([column_of(layout, place) for place in layout.columns], parts, totals_of(layout, figures.tally),
                     facts_of(layout, figures), figures.rows_hash, tables=[each for each in (crossing_of(layout, figures),) if each])


def chart_of(layout: Layout, figures: Figures) -> Chart | None:
    """The groups as a picture, by the first total or by how many there are; what does not fit is drawn as one."""
    if not layout.chart or not figures.groups:
        return None
    group = layout.group.label if layout.group else ""
    total, unit, title = None, "", _("Rows by %(group)s", group=group)
    if layout.totals:
        total = layout.totals[0]
        units = [unit for unit, _value in figures.tally.values(*total)]
        unit = current.organisation.currency if current.organisation.currency in units else next(iter(units), "")
        title = _("%(what)s of %(column)s by %(group)s", what=WORDS[total[1]], column=total[0].label, group=group)
    values = [(each.label, dict(each.tally.values(*total)).get(unit, Decimal(0)) if total else each.tally.count) for each in figures.groups]
    if len(values) > MOST_DRAWN and layout.chart != "line" and (total is None or total[1] == "sum"):
        values = sorted(values, key=lambda each: each[1], reverse=True)
        values = [*values[:MOST_DRAWN - 1], (_("All others"), sum(value for _label, value in values[MOST_DRAWN - 1:]))]
    series = Series(title, [value for _label, value in values])
    return Chart(cast("Any", layout.chart), title, [label for label, _value in values], [series], unit)


def _drawn(layout: Layout, figures: Figures) -> Printable:
    chart = chart_of(layout, figures)
    found = printable(layout, figures)
    return replace(found, drawings=[(charts.drawing(chart), charts.summary(chart))]) if chart else found


def facts_of(layout: Layout, figures: Figures) -> list[tuple[str, str]]:
    """What every run says of itself: the moment of its query, what it was narrowed to, for whom."""
    asked = [(each.label, answer_in_words(layout, each)) for each in layout.parameters]
    return [(_("Time of the query"), show_moment(figures.asked_at)), *asked, (_("Filters"), filters_in_words(layout, asked=False) or "–"),
            (_("Run for"), current.user.name), (_("Hash of the rows"), figures.rows_hash)]


def answer_in_words(layout: Layout, parameter: Parameter) -> str:
    """What was said to a parameter: “Last month (1 Oct 2026 – 31 Oct 2026)”."""
    if parameter.field.name in layout.periods:
        return layout.periods[parameter.field.name].said
    said = [f"{OPERATORS.get(c.operator, '')} {', '.join(said_value(parameter.field, value) for value in c.values)}".strip()
            for c in layout.wanted.conditions if c.name == parameter.field.name]
    return " · ".join(said) or _("All")


def filters_in_words(layout: Layout, *, asked: bool = True) -> str:
    """“State: Open · Due ≤ 2026-11-01”; without those that are `asked` for, where these stand for themselves."""
    fields = filter_fields(layout.resource)
    beside = {*layout.periods, *(() if asked else (each.field.name for each in layout.parameters))}
    said = [f"{fields[name].label}: {period.said}" for name, period in layout.periods.items()
            if asked or name not in {each.field.name for each in layout.parameters}]
    said += [f"{fields[c.name].label}{OPERATORS.get(c.operator, ':')} {', '.join(said_value(fields[c.name], value) for value in c.values)}"
             for c in layout.wanted.conditions if c.name not in beside]
    if layout.wanted.text:
        said.append(f"“{layout.wanted.text}”")
    if layout.wanted.archived:
        said.append(_("Archived"))
    return " · ".join(said)


def totals_of(layout: Layout, tally: Any) -> list[str]:
    """What is worked out of each column, in words; empty when a report works nothing out."""
    return [" · ".join(tally.words(place, layout.totals)) for place in layout.columns] if layout.totals else []


def column_of(layout: Layout, place: Place) -> Column:
    """A place as the column of a file."""
    known = described(place.field, layout.resource)
    return Column(place.name, place.label, known.kind, known.help, choices=known.choices, numeric=known.numeric, scale=known.scale)


def _flat(layout: Layout, figures: Figures, further: Sequence[Sheet] = ()) -> Sheet:
    """Every row, with its group before it where the group is none of the columns."""
    columns = [column_of(layout, place) for place in layout.columns]
    if layout.group is None or (layout.group in layout.columns and not layout.span):
        return Sheet(layout.title, columns, figures.rows, further=further)
    rows = ([group.label, *row] for group in figures.groups for row in group.rows)
    return Sheet(layout.title, [Column("group", layout.group.label), *columns], rows, further=further)


def _book(layout: Layout, figures: Figures) -> Sheet:
    """The rows; the groups with their totals; and what the run says of itself."""
    about = Sheet(_("About"), [Column("what", _("What")), Column("said", _("Said"))], facts_of(layout, figures))
    totals = [_totals(layout, figures)] if layout.group or layout.totals else []
    return _flat(layout, figures, [*totals, *_crossed(layout, figures), about])


def _crossed(layout: Layout, figures: Figures) -> list[Sheet]:
    """The table across, where the report has one."""
    if layout.across is None or not figures.across:
        return []
    figure = _total_column(layout, *layout.totals[0], "") if layout.totals else Column("rows", _("Rows"), "integer", numeric=True)
    return [crossed_sheet(layout, figures, figure, units_of(layout, figures))]


def _totals(layout: Layout, figures: Figures) -> Sheet:
    """A row for each group, typed: how many, and each total; every currency has a column of its own."""
    asked = [(place, what, unit) for place, what in layout.totals for unit, _value in figures.tally.values(place, what)]
    columns = [Column("group", layout.group.label if layout.group else _("Report")), Column("rows", _("Rows"), "integer", numeric=True)]
    columns += [_total_column(layout, place, what, unit) for place, what, unit in asked]
    tallies = [*((group.label, group.tally) for group in figures.groups if layout.group), (_("All of it"), figures.tally)]
    rows = [[label, tally.count, *(dict(tally.values(place, what)).get(unit) for place, what, unit in asked)] for label, tally in tallies]
    return Sheet(_("Totals"), columns, rows)


def _total_column(layout: Layout, place: Place, what: str, unit: str) -> Column:
    label = f"{place.label}, {WORDS[what]}{f' ({unit})' if unit else ''}"
    kind = described(Field(place.field.kind if what not in ROUNDED else "decimal", label, scale=max(place.field.scale, 2)), layout.resource)
    return Column(f"{place.name}:{what}", label, kind.kind, numeric=True, scale=kind.scale)
