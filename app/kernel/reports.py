"""What a module says of the reports that it brings, and the check of it at start."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any
from urllib.parse import parse_qsl

from app.kernel.errors import DeclarationError
from app.kernel.fields import Field, fields_of

SPANS = ("day", "month", "year")
TOTALS = ("sum", "average", "median", "p90", "smallest", "largest")
CHARTS = ("bar", "line", "pie")


@dataclass(frozen=True)
class ReportOf:
    """A report that comes with a module; whoever may see its resource may run it, and make one of their own from it.

    `columns` are fields of the resource, or one step further along a reference: `site.kind`. `filters` is written as in the address of
    the list, where a day may be `today-30`; `group` names a field, of days with a span: `occurred_at:month`; `totals` say what is worked
    out of which number: `amount:sum`. `chart` draws the groups, by the first total or by how many there are.
    """

    key: str
    label: Any
    resource: str
    columns: tuple[str, ...]
    help: Any = ""
    filters: str = ""
    sort: str = ""
    group: str = ""
    totals: tuple[str, ...] = ()
    chart: str = ""


def check(report: ReportOf, resources: Mapping[str, Any], of_table: Callable[[str], Any]) -> None:
    """Stop the start when a report names what is not there; the sentence names the nearest right word."""
    where = f"report “{report.key}”"
    if not report.key or not report.columns:
        raise DeclarationError(f"{where}: it needs a key and columns.")
    resource = resources[_known(report.resource, resources, where)]
    known = fields_of(resource.model)
    for name, _value in parse_qsl(report.filters):
        _known(name.partition("__")[0], (*resource.filters, "archived", "q"), f"{where}: filters")
    _known(report.sort.removeprefix("-") or "reference", {**known, "reference": None}, f"{where}: sort")
    for column in report.columns:
        _column(column, known, of_table, f"{where}: columns")
    if report.group:
        name, _colon, span = report.group.partition(":")
        _column(name, known, of_table, f"{where}: group")
        _known(span or "day", SPANS, f"{where}: group")
    for total in report.totals:
        name, _colon, what = total.partition(":")
        _known(name, report.columns, f"{where}: totals")
        _known(what or "sum", TOTALS, f"{where}: totals")
    _known(report.chart or "bar", CHARTS, f"{where}: chart")


def _column(name: str, fields: Mapping[str, Field], of_table: Callable[[str], Any], where: str) -> None:
    first, dot, second = name.partition(".")
    field = fields[_known(first, fields, where)]
    if not dot:
        return
    other = of_table(field.reference) if field.kind == "reference" else None
    if other is None:
        raise DeclarationError(f"{where}: “{first}” leads to no other record, so that “{name}” means nothing.")
    _known(second, fields_of(other.model), f"{where}: of {other.key}")


def _known(word: str, among: Iterable[str], where: str) -> str:
    names = list(among)
    if word in names:
        return word
    near = get_close_matches(word, names, n=1, cutoff=0.4)
    raise DeclarationError(f"{where}: “{word}” is not known." + (f" Did you mean “{near[0]}”?" if near else f" Known: {', '.join(names)}."))
