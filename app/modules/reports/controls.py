"""What the builder draws, and what its form says: plain controls, whose names are those of the lists' filters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.kernel.fields import Field, fields_of
from app.kernel.manifest import Resource
from app.kernel.reports import SPANS, TOTALS
from app.modules.reports.layout import DAYS, WORDS, Place, choosable
from app.modules.reports.models import Drawing, Sharing
from app.modules.reports.periods import NAMED
from app.resources.features.listing import FilterControl, said_value
from app.resources.querying import filter_fields, sortable
from app.resources.urls import picker_url

NUMBERS = ("money", "integer", "decimal")


@dataclass(frozen=True)
class Choice:
    """A column that may be chosen: whether it is, and in which place (1 is the first)."""

    place: Place
    chosen: bool
    at: str


class Controls:
    """The controls of the builder, with what stands in them."""

    def __init__(self, resource: Resource, said: Mapping[str, str], errors: Mapping[str, Sequence[Any]]) -> None:
        self.resource, self.said, self.errors = resource, said, errors
        self._columns = [each.strip() for each in said.get("columns", "").split(",") if each.strip()]
        self._pairs = [(name.partition("__")[0], name.partition("__")[2], value) for name, value in parse_qsl(said.get("filters", ""))]

    @property
    def ids(self) -> dict[str, str]:
        """Where the control of each word is."""
        return {"title": "field-r-title", "columns": "columns", "filters": "filters", "sort": "field-r-sort", "totals": "totals",
                "grouped_by": "field-r-grouped_by", "chart": "field-r-chart", "across": "field-r-across", "parameters": "parameters"}

    @property
    def labels(self) -> dict[str, str]:
        """What each word is called."""
        return {"title": _("Title"), "columns": _("Columns"), "filters": _("Filters"), "sort": _("Sorted by"), "totals": _("Totals"),
                "grouped_by": _("Grouped by"), "chart": _("Chart"), "description": _("Description"), "sharing": _("Who sees it"),
                "parameters": _("What it asks for"), "across": _("Across")}

    @cached_property
    def columns(self) -> list[tuple[str, list[Choice]]]:
        """The columns of the records themselves, then those beyond each link; what is chosen comes first, in its order."""
        found: dict[str, list[Choice]] = {"": []}
        for place in choosable(self.resource):
            chosen = place.name in self._columns
            at = str(self._columns.index(place.name) + 1) if chosen else ""
            found.setdefault(str(place.link.label) if place.link else "", []).append(Choice(place, chosen, at))
        return [(label, sorted(choices, key=lambda each: int(each.at or 9_999))) for label, choices in found.items() if choices]

    @property
    def filters(self) -> list[FilterControl]:
        """The filters of the list."""
        return [FilterControl(field, self._parameters(name), [(value, said_value(field, value)) for each, _operator, value in self._pairs
                                                              if each == name] if field.kind == "reference" else [])
                for name, field in filter_fields(self.resource).items()]

    @property
    def askable(self) -> list[tuple[Field, bool, str, bool]]:
        """The filters that can be asked for: whether each is, what it is called then, and whether it is needed."""
        said = {name.strip().removesuffix("*"): (label, name.strip().endswith("*"))
                for name, label in parse_qsl(self.said.get("parameters", ""), keep_blank_values=True)}
        return [(field, name in said, *said.get(name, ("", False))) for name, field in filter_fields(self.resource).items()]

    @property
    def periods(self) -> list[tuple[str, Any]]:
        """The spans of days that move along with the day of the run."""
        return list(NAMED.items())

    @property
    def unseen(self) -> list[tuple[str, str]]:
        """Filters that these controls do not draw, kept as they are."""
        fields = filter_fields(self.resource)
        return [(f"{name}__{operator}" if operator else name, value) for name, operator, value in self._pairs
                if name != "q" and (name not in fields or operator not in _drawn(fields[name]))]

    @property
    def text(self) -> str:
        """The words that are searched for."""
        return next((value for name, _operator, value in self._pairs if name == "q"), "")

    @property
    def orders(self) -> list[tuple[str, Any]]:
        """What the rows can be sorted by."""
        fields = fields_of(self.resource.model)
        return [(name, fields[name].label if name in fields else _("Reference")) for name in sortable(self.resource)]

    @property
    def groups(self) -> list[tuple[str, str]]:
        """What the rows can be grouped by."""
        return [(place.name, place.label) for place in choosable(self.resource) if place.field.kind not in ("long_text", "email", *NUMBERS)
                and place.name != "reference" and not place.name.endswith(".reference")]

    @property
    def spans(self) -> list[tuple[str, str]]:
        """Spans of time that days are grouped by."""
        words = {"day": _("Day"), "month": _("Month"), "year": _("Year")}
        return [(span, words[span]) for span in SPANS]

    @property
    def totals(self) -> list[tuple[Place, list[tuple[str, Any, bool]]]]:
        """What can be worked out of each column with numbers: value, words, whether chosen."""
        chosen = {each.strip() if ":" in each else f"{each.strip()}:sum" for each in self.said.get("totals", "").split(",")}
        return [(place, [(f"{place.name}:{what}", WORDS[what], f"{place.name}:{what}" in chosen) for what in TOTALS])
                for place in choosable(self.resource) if place.field.numeric]

    @property
    def drawings(self) -> list[tuple[str, Any]]:
        """How the groups can be drawn."""
        return [(each.value, each.label) for each in Drawing]

    @property
    def sharings(self) -> list[tuple[str, Any]]:
        """Who may see a report."""
        return [(each.value, each.label) for each in Sharing]

    def is_day(self, field: Field) -> bool:
        """Whether a filter is about days, which may be counted from today."""
        return field.kind in DAYS

    def picker_url(self, field: Field) -> str:
        """Where a filter's picker looks for records."""
        return picker_url(field)

    def _parameters(self, name: str) -> dict[str, Sequence[str]]:
        found: dict[str, list[str]] = {}
        for each, operator, value in self._pairs:
            if each == name:
                found.setdefault(operator, []).append(value)
        return dict(found)


def said_in(resource: Resource, form: MultiDict[str, str]) -> dict[str, str]:
    """The words of a report, out of the builder's form."""
    names = sorted(enumerate(form.getlist("r-column")), key=lambda each: (_number(form.get(f"r-at-{each[1]}", "")), each[0]))
    chosen = [name for _at, name in names]
    fields = filter_fields(resource)
    pairs = [(name, value) for name, value in form.items(multi=True) if value.strip()
             and (name in ("q", "archived") or name.partition("__")[0] in fields)]
    group, span = form.get("r-grouped_by", ""), form.get("r-span", "")
    days = {place.name for place in choosable(resource) if place.field.kind in DAYS}
    sort = form.get("r-sort", "")
    totals = [each for each in form.getlist("r-total") if each.partition(":")[0] in chosen]
    asked = [(f"{name}*" if form.get(f"r-must-{name}") else name, form.get(f"r-called-{name}", "").strip())
             for name in form.getlist("r-ask")]
    across, beside = form.get("r-across", ""), form.get("r-across-span", "")
    return {"resource": resource.key, "across": f"{across}:{beside or 'month'}" if across in days else across,
            "parameters": urlencode(asked, safe="*"), "columns": ", ".join(chosen), "filters": urlencode(pairs),
            "chart": form.get("r-chart", "") if group else "",
            "sort": f"-{sort}" if sort and form.get("r-descending") else sort, "totals": ", ".join(totals),
            "grouped_by": f"{group}:{span or 'month'}" if group in days else group}


def _number(raw: str) -> int:
    return int(raw) if raw.strip().isdecimal() else 9_999


def _drawn(field: Field) -> tuple[str, ...]:
    if field.kind in DAYS:
        return ("", "gte", "lte")
    if field.kind in NUMBERS:
        return ("gte", "lte")
    return ("", "ic") if field.kind in ("text", "email", "long_text") else ("",)
