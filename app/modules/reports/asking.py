"""What a report of one's own asks for when it is opened, run or put on a schedule: its parameters, answered, and the form that asks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from app.kernel.errors import Invalid
from app.kernel.fields import Field
from app.modules.reports.controls import Controls
from app.modules.reports.layout import DAYS, Layout, Parameter, of_record, tried, understood
from app.modules.reports.models import Report
from app.modules.reports.periods import NAMED, period_of
from app.resources.binding import known_records
from app.resources.features.listing import FilterControl
from app.resources.querying import id_or_text

Pairs = list[tuple[str, str]]


def answered(report: Report, values: str = "") -> Layout:
    """The layout of a report with what was said to its parameters, written as in an address: `paid_on=last-month&supplier=SUP-2026-0001`.

    What is not named keeps what the report begins with; what is named and left empty narrows nothing. Raises `Invalid`, naming the
    parameter and how to mend it.
    """
    layout = of_record(report)
    said = merged(layout, values)
    errors = _unasked(layout, values)
    for parameter in layout.parameters:
        if wrong := _wrong(layout, parameter, [pair for pair in said if _name(pair) == parameter.field.name]):
            errors[parameter.field.name] = wrong
    if errors:
        raise Invalid(errors)
    return understood(layout.title, dict(layout.said) | {"filters": urlencode(said)})


def merged(layout: Layout, values: str) -> Pairs:
    """The filters of a report, those of its parameters replaced by what was said to them."""
    given = parse_qsl(values.lstrip("?"), keep_blank_values=True)
    named = {_name(pair) for pair in given} & {each.field.name for each in layout.parameters}
    return [*(pair for pair in parse_qsl(layout.said.get("filters", "")) if _name(pair) not in named),
            *((name, value.strip()) for name, value in given if value.strip())]


def said_to(layout: Layout, args: MultiDict[str, str], prefix: str = "") -> str:
    """What a form or an address says to the parameters, as it is kept; nothing when it says only what the report begins with."""
    names = {each.field.name for each in layout.parameters}
    pairs = [(name.removeprefix(prefix), value.strip()) for name, value in args.items(multi=True) if name.startswith(prefix)]
    if prefix:
        pairs = [pair for pair in pairs if _name(pair) in names]
    filled = {_name(pair) for pair in pairs if pair[1]}
    return urlencode([pair for pair in pairs if pair[1] or _name(pair) not in filled])


class Asking(Controls):
    """The form that asks for the parameters, with what stands in it; `prefix` keeps its names apart from those of a form around it."""

    def __init__(self, layout: Layout, values: str, errors: Mapping[str, Sequence[Any]], prefix: str = "") -> None:
        super().__init__(layout.resource, dict(layout.said) | {"filters": urlencode(merged(layout, values))}, errors)
        self._asked, self._prefix = layout.parameters, prefix

    @property
    def asked(self) -> list[tuple[Parameter, FilterControl, Sequence[Any]]]:
        """Each parameter with its control and what is wrong with it."""
        known = {each.field.name: each for each in self.filters}
        return [(each, replace(known[each.field.name], field=self._drawn(each)), self.errors.get(each.field.name, ()))
                for each in self._asked]

    @property
    def summary(self) -> list[tuple[str, Any, Any]]:
        """Every error with a link to what it is about."""
        labels = {each.field.name: each.label for each in self._asked}
        return [(f"asked-{name}" if name in labels else "", labels.get(name, ""), said[0]) for name, said in self.errors.items() if said]

    def _drawn(self, parameter: Parameter) -> Field:
        label = f"{parameter.label} *" if parameter.required else parameter.label
        return replace(parameter.field, label=label, name=f"{self._prefix}{parameter.field.name}")


def _name(pair: tuple[str, str]) -> str:
    return pair[0].partition("__")[0]


def _unasked(layout: Layout, values: str) -> dict[str, list[Any]]:
    """What was answered without being asked for, with the nearest name that is."""
    names = [each.field.name for each in layout.parameters]
    given = dict.fromkeys(_name(pair) for pair in parse_qsl(values.lstrip("?"), keep_blank_values=True))
    return {name: [_("This report does not ask for “%(name)s”.", name=name[:60]) + " " + _nearest(name, names)]
            for name in given if name not in names}


def _nearest(name: str, names: Sequence[str]) -> str:
    if not names:
        return _("It asks for nothing.")
    near = get_close_matches(name, names, n=1)
    return _("Did you mean “%(near)s”?", near=near[0]) if near else _("It asks for: %(names)s.", names=", ".join(names))


def _wrong(layout: Layout, parameter: Parameter, said: Pairs) -> list[str]:
    """What is wrong with what was said to a parameter."""
    if not said:
        return [_("“%(name)s” is needed: say what it is.", name=parameter.label)] if parameter.required else []
    found = [_("“%(name)s”: %(said)s", name=parameter.label, said=each)
             for each in [*tried(layout.resource, said), *_unknown(parameter, said)]]
    if found and parameter.field.kind in DAYS and not any(period_of(value) for _name_of, value in said):
        found.append(_("A day is written 2026-01-31, or counted from the day of the run: today, today-30; a span is one of: %(names)s.",
                       names=", ".join(NAMED)))
    return found


def _unknown(parameter: Parameter, said: Pairs) -> Iterable[str]:
    """The records that were named and are not there to be chosen."""
    values = [value for name, value in said if name == parameter.field.name and value != "@me"]
    if parameter.field.kind != "reference" or not values:
        return []
    known = known_records(parameter.field, [id_or_text(value) for value in values])
    return [_("“%(raw)s” is not known here. Give the reference or the id of a record that you may choose.", raw=value[:60])
            for value in values if id_or_text(value) not in known]
