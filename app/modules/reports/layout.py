"""What a report asks for, understood: columns, filters, order, groups, totals and chart, each checked, and the nearest right word named."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.kernel import clock
from app.kernel.current import current
from app.kernel.errors import Invalid
from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.registry import registry
from app.kernel.reports import CHARTS, SPANS, TOTALS
from app.modules.reports.periods import Period, period_of
from app.resources.figures import shown_fields
from app.resources.querying import Wanted, filter_fields, narrowed, read, sortable

TODAY = re.compile(r"today(?:\s*([+-]?)\s*(\d{1,4}))?")  # the plus of an address reads as a space
DAYS = ("date", "datetime")
LONGEST = 60
UNSHOWN = ("file", "answers")
WORDS = {"sum": _l("Sum"), "average": _l("Average"), "median": _l("Median"), "p90": _l("Nine in ten within"),
         "smallest": _l("Smallest"), "largest": _l("Largest")}


@dataclass(frozen=True)
class Place:
    """Where the values of a column come from: a field of the records, or one of the records that they refer to through `link`."""

    name: str
    field: Field
    link: Field | None = None

    @property
    def label(self) -> str:
        """“Site: Kind”."""
        return f"{self.link.label}: {self.field.label}" if self.link else str(self.field.label)


@dataclass(frozen=True)
class Parameter:
    """A filter that whoever opens the report is asked for; it begins with what the report's own filters say."""

    field: Field
    label: str
    required: bool


@dataclass(frozen=True)
class Layout:
    """A report, ready to be run. `title` stands above it; `said` are the words in which it was asked for, as they are kept."""

    title: str
    resource: Resource
    columns: tuple[Place, ...]
    wanted: Wanted
    group: Place | None
    span: str
    totals: tuple[tuple[Place, str], ...]
    chart: str
    said: Mapping[str, str]
    parameters: tuple[Parameter, ...] = ()
    periods: Mapping[str, Period] = field(default_factory=dict)
    across: Place | None = None
    across_span: str = ""

    @property
    def answers(self) -> list[list[Any]]:
        """What was said to each parameter, days worked out: its name, and operator with values, as the hash of a run takes it in."""
        return [[each.field.name, *sorted([c.operator, *c.values] for c in self.wanted.conditions if c.name == each.field.name)]
                for each in self.parameters]

    @property
    def places(self) -> tuple[Place, ...]:
        """All that a row is read for: the columns, and what it is grouped by, down and across."""
        return tuple({place.name: place for place in (*self.columns, self.group, self.across) if place}.values())

    @property
    def beyond(self) -> dict[str, str]:
        """By the name of each link that is followed, the kind of records that it leads to."""
        links = {place.link.name: registry.of_table(place.link.reference) for place in self.places if place.link}
        return {name: found.key for name, found in links.items() if found}


def of_record(report: Any) -> Layout:
    """The layout of a report of one's own. Raises `Invalid` by the names of its fields."""
    return understood(report.title or "", said_by(report))


def said_by(report: Any) -> dict[str, str]:
    """The words of a report record."""
    return {name: str(getattr(getattr(report, name), "value", getattr(report, name)) or "") for name in
            ("resource", "columns", "filters", "sort", "grouped_by", "across", "totals", "chart", "parameters")}


def said_of(report: Any) -> dict[str, str]:
    """The words of a report that comes with a module."""
    return {"resource": report.resource, "columns": ", ".join(report.columns), "filters": report.filters, "sort": report.sort,
            "grouped_by": report.group, "totals": ", ".join(report.totals), "chart": report.chart}


def understood(title: str, said: Mapping[str, str]) -> Layout:
    """What these words mean. Raises `Invalid` with a sentence for each that means nothing."""
    resource = registry.reported.get(said.get("resource", ""))
    if resource is None:
        raise Invalid({"resource": [_("There are no such records here.")]})
    reader = _Reader(resource)
    columns = reader.columns(said.get("columns") or ", ".join(resource.columns))
    wanted, periods = reader.wanted(said.get("filters") or "", said.get("sort") or "")
    parameters = reader.parameters(said.get("parameters") or "")
    group, span = reader.group(said.get("grouped_by") or "")
    across, across_span = reader.group(said.get("across") or "", "across")
    if across and (group is None or (across, across_span) == (group, span)):
        reader.wrong("across", _("A table across needs rows of another kind: group the report by something else."))
    totals = reader.totals(said.get("totals") or "", columns)
    chart = said.get("chart") or ""
    if chart and chart not in CHARTS:
        reader.wrong("chart", _unknown(chart, CHARTS))
    if chart and group is None:
        reader.wrong("chart", _("A chart draws groups: say what the report is grouped by."))
    if reader.errors or wanted is None:
        raise Invalid(reader.errors)
    return Layout(title, resource, columns, wanted, group, span, totals, chart, dict(said), parameters, periods,
                  across, across_span)


def choosable(resource: Resource) -> list[Place]:
    """Every column that a report about these records may have: what whoever opens such records gets to see, and nothing else."""
    fields = _shown(resource)
    found = [Place(name, field) for name, field in fields.items()]
    for link in fields.values():
        other = registry.of_table(link.reference) if link.kind == "reference" else None
        if other is not None:
            found += [Place(f"{link.name}.{each.name}", each, link) for each in _shown(other).values() if each.kind != "reference"]
    return found


def _shown(resource: Resource) -> dict[str, Field]:
    fields = fields_of(resource.model)
    known = {**({"reference": fields["reference"]} if "reference" in fields else {}), **shown_fields(resource)}
    return {name: field for name, field in known.items() if field.kind not in UNSHOWN}


class _Reader:
    """Reads the words of a report, and gathers what is wrong with them."""

    def __init__(self, resource: Resource) -> None:
        self.resource, self.errors = resource, dict[str, list[Any]]()
        self._known = {place.name: place for place in choosable(resource)}

    def wrong(self, name: str, sentence: str) -> None:
        """Something is wrong with a field."""
        self.errors.setdefault(name, []).append(sentence)

    def columns(self, raw: str) -> tuple[Place, ...]:
        """The columns, in their order, each once."""
        return tuple(filter(None, (self._place("columns", name) for name in dict.fromkeys(_listed(raw)))))

    def wanted(self, filters: str, sort: str) -> tuple[Wanted | None, dict[str, Period]]:
        """The list that is reported on."""
        found, periods = None, dict[str, Period]()
        try:
            found, periods = list_of(self.resource, parse_qsl(filters.lstrip("?")))
        except Invalid as error:
            self.errors.setdefault("filters", []).extend(said for all_said in error.errors.values() for said in all_said)
        orders = sortable(self.resource)
        if sort and sort.removeprefix("-") not in orders:
            self.wrong("sort", _unknown(sort.removeprefix("-"), orders))
        elif found is not None and sort:
            return replace(found, sort=sort), periods
        return found, periods

    def parameters(self, raw: str) -> tuple[Parameter, ...]:
        """The filters that are asked for, each once, with what it is called; a star says that it is needed."""
        fields, found = filter_fields(self.resource), dict[str, Parameter]()
        for said, label in parse_qsl(raw.lstrip("?"), keep_blank_values=True):
            name, needed = said.strip().removesuffix("*"), said.strip().endswith("*")
            if name not in fields:
                self.wrong("parameters", _unknown(name, fields))
            elif len(label.strip()) > LONGEST:
                self.wrong("parameters", _("The label of “%(name)s” has more than %(most)d characters.", name=name, most=LONGEST))
            elif name in found:
                self.wrong("parameters", _("“%(name)s” is asked for twice.", name=name))
            else:
                found[name] = Parameter(fields[name], label.strip() or str(fields[name].label), needed)
        if raw.strip() and not found and "parameters" not in self.errors:
            self.wrong("parameters", _("Write the names of filters with what they are called, such as paid_on=Period&site*=Site."))
        return tuple(found.values())

    def group(self, raw: str, where: str = "grouped_by") -> tuple[Place | None, str]:
        """What the rows are grouped by; days by month unless another span is said."""
        name, _colon, span = raw.strip().partition(":")
        place = self._place(where, name) if name else None
        if place is None:
            return None, ""
        if span and (span not in SPANS or place.field.kind not in DAYS):
            self.wrong(where, _("Only days are grouped by day, month or year."))
        return place, (span or "month") if place.field.kind in DAYS else ""

    def totals(self, raw: str, columns: Sequence[Place]) -> tuple[tuple[Place, str], ...]:
        """What is worked out of which column."""
        found, shown = [], {place.name: place for place in columns}
        for each in dict.fromkeys(_listed(raw)):
            name, _colon, what = each.partition(":")
            place, what = self._place("totals", name), what or "sum"
            if what not in TOTALS:
                self.wrong("totals", _unknown(what, TOTALS))
            elif place is not None and not place.field.numeric:
                self.wrong("totals", _("“%(name)s” holds no numbers.", name=place.label))
            elif place is not None and place.name not in shown:
                self.wrong("totals", _("“%(name)s” is not among the columns.", name=place.label))
            elif place is not None:
                found.append((place, what))
        return tuple(found)

    def _place(self, where: str, name: str) -> Place | None:
        found = self._known.get(name)
        if found is None:
            self.wrong(where, _unknown(name, self._known))
        return found


def list_of(resource: Resource, pairs: Iterable[tuple[str, str]]) -> tuple[Wanted, dict[str, Period]]:
    """The list that these filters mean today, and the spans of days among them, by field. Raises `Invalid`."""
    fields, meant, periods = filter_fields(resource), list[tuple[str, str]](), dict[str, Period]()
    for name, value in pairs:
        known = fields.get(name.partition("__")[0])
        days = known if known is not None and known.kind in DAYS else None
        period = period_of(value) if days is not None and name == days.name else None
        if days is None or period is None:
            meant.append((name, _day(value) if days else value))
            continue
        periods[days.name] = period
        meant += period.pairs(days)
    for name in periods:
        if sum(each.partition("__")[0] == name for each, _value in meant) != len(periods[name].pairs(fields[name])):
            raise Invalid({name: [_("Give either a span such as last-month, or days from and to.")]})
    return read(resource, MultiDict([*meant, ("sort", "")])), periods


def tried(resource: Resource, pairs: Iterable[tuple[str, str]]) -> list[str]:
    """What is wrong with these filters, and how to mend it."""
    try:
        narrowed(list_of(resource, pairs)[0])
    except Invalid as error:
        return [str(said) for sentences in error.errors.values() for said in sentences]
    return []


def _listed(raw: str) -> list[str]:
    return [each for each in re.split(r"[,\s]+", raw.strip()) if each]


def _day(value: str) -> str:
    """`today-30` as the day that it is; anything else as it stands."""
    found = TODAY.fullmatch(value.strip())
    if found is None:
        return value
    days = int(found[2] or 0) * (-1 if found[1] == "-" else 1)
    return (clock.today(current.organisation.timezone) + timedelta(days=days)).isoformat()


def _unknown(word: str, among: Iterable[str]) -> str:
    names = list(among)
    near = get_close_matches(word, names, n=1, cutoff=0.5)
    hint = _("Did you mean “%(near)s”?", near=near[0]) if near else _("Known: %(names)s.", names=", ".join(names[:20]))
    return _("“%(raw)s” is not known here.", raw=word[:60]) + " " + hint


def address_of(wanted: Wanted) -> str:
    """The filters and the order of a list as its address says them."""
    return urlencode(list(wanted.parameters().items(multi=True)))
