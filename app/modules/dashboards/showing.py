"""What a tile shows now, to this reader, within the filters of the page: worded and drawn, or one sentence on why it cannot be."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from app.core import charts
from app.core.approvals import waiting_count
from app.core.approvals.queue import page as queue_page
from app.core.audit import is_confidential
from app.core.charts import Chart
from app.kernel import clock
from app.kernel.errors import DeclarationError, Forbidden, Invalid
from app.kernel.fields import Field
from app.kernel.kinds import KINDS, reader_zone, show_moment
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.tiles import Tile
from app.resources.figures import MOST, Figures, grouped
from app.resources.labels import Shown
from app.resources.paging import page_of
from app.resources.querying import Wanted, filter_fields, read
from app.resources.urls import list_url, record_url

PERIODS = ("30", "90", "365", "all")
ROWS = 6
SIZES = {1: (290, 220), 2: (440, 215), 3: (660, 230), 4: (880, 240)}
SLICES = 6  # as many as there are colours


@dataclass(frozen=True)
class Filters:
    """What is chosen above a dashboard, for all of its tiles."""

    period: str = "90"
    site: str = ""

    @property
    def days(self) -> int:
        """The length of the period; 0 for everything."""
        return 0 if self.period == "all" else int(self.period)

    def words(self, **other: str) -> dict[str, str]:
        """What the address says of them."""
        said = {"period": self.period, "site": self.site, **other}
        return {name: value for name, value in said.items() if value and (name, value) != ("period", "90")}


@dataclass(frozen=True)
class Number:
    """One figure in words, with how it moved and whether it is where it should be."""

    said: str
    value: Any
    unit: str
    moved: str = ""
    arrow: str = ""
    tone: str = ""
    verdict: str = ""


@dataclass(frozen=True)
class Picture:
    """One chart: drawn, in a sentence, and as a table whose labels lead to the list behind each group."""

    chart: Chart
    svg: Markup
    summary: str
    head: list[str]
    rows: list[tuple[str, str, list[str]]]

    @property
    def parts(self) -> list[str]:
        """What the reader can take out of the picture, and put back: its series, or the slices of a pie."""
        return list(self.chart.labels) if self.chart.kind == "pie" else [each.label for each in self.chart.series]


@dataclass(frozen=True)
class Row:
    """One record of a list or of the queue."""

    title: str
    below: str
    url: str
    state: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Drawn:
    """A tile as the page shows it; `absent` says why there is nothing."""

    tile: Tile
    title: str
    url: str = ""
    note: str = ""
    absent: str = ""
    numbers: tuple[Number, ...] = ()
    pictures: tuple[Picture, ...] = ()
    rows: tuple[Row, ...] = ()
    total: str = ""


def draw(tile: Tile, filters: Filters) -> Drawn:
    """The tile, now."""
    title = str(tile.title)
    try:
        if tile.kind == "text":
            return Drawn(tile, title)
        if tile.kind == "queue":
            return _queue(tile, title)
        wanted, note = asked(tile, filters)
        url = address(wanted)
        if tile.kind == "figure":
            return Drawn(tile, title, url, note, numbers=tuple(_numbers(tile, wanted, filters)))
        if tile.kind == "list":
            return _list(tile, title, wanted, note)
        figures = grouped(wanted, tile.by, tile.measure, every=tile.every, split=tile.split,
                          limit=SLICES if tile.kind == "pie" else MOST)
        return Drawn(tile, title, url, note, pictures=tuple(_picture(tile, title, figures, wanted, unit) for unit in figures.units))
    except Forbidden:
        return Drawn(tile, title, absent=_("You may not see what this is about."))
    except (Invalid, DeclarationError):
        return Drawn(tile, title, absent=_("This tile asks for something that is no longer there."))


def asked(tile: Tile, filters: Filters, *, before: bool = False) -> tuple[Wanted, str]:
    """The list behind a tile (or that of the period before), and a note on what the filters of the page do not reach."""
    resource = registry.resource(tile.resource)
    pairs = parse_qsl(tile.query)
    note = ""
    if filters.site:
        if "site" in filter_fields(resource):
            pairs.append(("site", filters.site))
        else:
            note = _("all sites")
    if tile.dated and filters.days:
        first = begins(filters.days)
        if before:
            pairs += [(f"{tile.dated}__gte", begins(filters.days * 2).isoformat()), (f"{tile.dated}__lt", first.isoformat())]
        else:
            pairs.append((f"{tile.dated}__gte", first.isoformat()))
    return read(resource, MultiDict(pairs)), note


def begins(days: int) -> date:
    """The first day of so many days up to today."""
    return clock.today(reader_zone().key) - timedelta(days=days - 1)


def address(wanted: Wanted, *more: tuple[str, str]) -> str:
    """The list that shows the very records that were counted."""
    query = urlencode([*wanted.parameters().items(multi=True), *more])
    return f"{list_url(wanted.resource)}?{query}" if query else list_url(wanted.resource)


def _numbers(tile: Tile, wanted: Wanted, filters: Filters) -> Iterator[Number]:
    now = grouped(wanted, measure=tile.measure)
    compared = tile.dated and filters.days
    before = grouped(asked(tile, filters, before=True)[0], measure=tile.measure) if compared else None
    for unit in now.units:
        value = now.number(unit)
        said = charts.said(Chart("bar", "", (), (), unit), value)
        moved, arrow = _moved(value, before.number(unit) if before else None, unit, filters) if before else ("", "")
        tone, verdict = _verdict(tile, value)
        yield Number(said, value, unit, moved, arrow, tone, verdict)


def _moved(value: Any, before: Any, unit: str, filters: Filters) -> tuple[str, str]:
    change = (value or 0) - (before or 0)
    said = charts.said(Chart("bar", "", (), (), unit), abs(change))
    if not change:
        return ngettext("as in the %(num)d day before", "as in the %(num)d days before", filters.days), ""
    if change > 0:
        return _("%(number)s more than in the %(days)d days before", number=said, days=filters.days), "trending-up"
    return _("%(number)s less than in the %(days)d days before", number=said, days=filters.days), "trending-down"


def _verdict(tile: Tile, value: Any) -> tuple[str, str]:
    """The colour of a figure with a target, and the words that stand beside the colour."""
    if tile.target is None or not tile.better or value is None:
        return "", ""
    aim = charts.said(Chart("bar", "", (), ()), Decimal(str(tile.target)))
    reached = value >= tile.target if tile.better == "up" else value <= tile.target
    near = abs(float(value) - tile.target) <= 0.2 * abs(tile.target)
    if reached:
        return "good", _("On target: %(aim)s", aim=aim)
    return ("warning", _("Near the target: %(aim)s", aim=aim)) if near else ("danger", _("Off target: %(aim)s", aim=aim))


def _picture(tile: Tile, title: str, figures: Figures, wanted: Wanted, unit: str) -> Picture:
    chart = figures.chart(tile.kind, title if len(figures.units) == 1 else f"{title} ({unit})", unit)
    head, *rows = charts.table(chart)
    linked = [(row[0], address(wanted, *group.narrows) if group.narrows else "", row[1:])
              for row, group in zip(rows, figures.groups, strict=True)]
    return Picture(chart, charts.svg(chart, *SIZES[tile.width]), charts.summary(chart), head[1:], linked)


def _list(tile: Tile, title: str, wanted: Wanted, note: str) -> Drawn:
    resource = wanted.resource
    figures = grouped(wanted)
    if is_confidential(resource):
        return Drawn(tile, title, address(wanted), absent=_("Confidential: open the list itself to read it."))
    records = page_of(wanted).records[:ROWS]
    shown = Shown(resource, records, list(dict.fromkeys((resource.title, *resource.subtitle, *_states(resource)))))
    rows = tuple(_row(resource, shown, record) for record in records)
    total = KINDS["integer"].display(Field("integer", ""), figures.number(), None)
    return Drawn(tile, title, address(wanted), note, rows=rows, total=total)


def _states(resource: Resource) -> tuple[str, ...]:
    return tuple(name for name in ("status", "state") if name in resource.columns)


def _row(resource: Resource, shown: Shown, record: Any) -> Row:
    state = next((shown.state(record, name) for name in _states(resource)), None)
    below = [record.reference, *filter(None, (str(shown(record, name)) for name in resource.subtitle))]
    return Row(str(shown(record, resource.title)) or record.reference, " · ".join(below), record_url(resource, record),
               str(state.label) if state else "", state.tone if state else "")


def _queue(tile: Tile, title: str) -> Drawn:
    """What waits for the reader's own decision."""
    entries = queue_page("mine", size=ROWS).entries
    rows = tuple(Row(each.request.title, f"{each.request.reference} · {show_moment(each.due_at)}",
                     url_for("inbox.show", ref=each.request.reference),
                     _("Overdue") if each.due_at < clock.now() else "", "late" if each.due_at < clock.now() else "") for each in entries)
    return Drawn(tile, title, url_for("inbox.listing"), rows=rows, total=str(waiting_count()))
