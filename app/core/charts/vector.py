"""A chart as SVG inside the page: colours are presentation attributes that the style sheet overrides, so no style is written inline."""

from __future__ import annotations

import math
from itertools import groupby

from markupsafe import Markup

from app.core.charts.chart import Chart, summary
from app.core.charts.geometry import TONES, Mark, marks

DASHES = ("", "6 3", "2 3", "8 3 2 3", "4 2", "1 2")  # lines differ by more than their colour


def svg(chart: Chart, width: float = 480, height: float = 260) -> Markup:
    """The picture, as wide as what holds it; one image to a screen reader, which is told its summary."""
    drawn = marks(chart, width, height)
    body = Markup("").join(_group(number, list(group)) for number, group in groupby(drawn, key=lambda mark: mark.group))
    return Markup('<svg xmlns="http://www.w3.org/2000/svg" class="chart" viewBox="0 0 {} {}" role="img" aria-label="{}" '
                  'font-family="Inter, sans-serif">{}</svg>').format(_n(width), _n(height), summary(chart), body)


def _group(number: int, drawn: list[Mark]) -> Markup:
    inner = Markup("").join(_shape(mark) for mark in drawn)
    return Markup('<g data-series="{}">{}</g>').format(number, inner) if number >= 0 else inner


def _shape(mark: Mark) -> Markup:
    colour, hover = TONES[mark.tone], Markup("<title>{}</title>").format(mark.words) if mark.words else Markup("")
    look = Markup('class="chart-{}" {}="{}"').format(mark.tone, "stroke" if mark.kind == "line" else "fill", colour)
    if mark.kind == "words":
        return Markup('<text x="{}" y="{}" text-anchor="{}" font-size="{}" font-weight="{}" {}>{}</text>').format(
            *map(_n, mark.at), mark.anchor, _n(mark.size), "600" if mark.bold else "400", look, mark.words)
    if mark.kind == "box":
        rounded = "2" if min(mark.at[2:]) > 5 else "0"
        return Markup('<rect x="{}" y="{}" width="{}" height="{}" rx="{}" {}>{}</rect>').format(*map(_n, mark.at), rounded, look, hover)
    if mark.kind == "dot":
        return Markup('<circle cx="{}" cy="{}" r="{}" {}>{}</circle>').format(*map(_n, mark.at), look, hover)
    if mark.kind == "slice":
        return Markup('<path d="{}" {}>{}</path>').format(_arc(mark.at), look, hover)
    points = " ".join(map(_n, mark.at))
    data = mark.group >= 0
    return Markup('<polyline points="{}" fill="none" stroke-width="{}" stroke-linejoin="round" stroke-dasharray="{}" {}/>').format(
        points, "2" if data else "1", DASHES[mark.group % len(DASHES)] if data else "", look)


def _arc(at: tuple[float, ...]) -> str:
    """The outline of a slice of a ring; a whole ring is cut a hair short, since an arc cannot end where it begins."""
    x, y, outer, inner, start, end = at
    end = min(end, start + math.tau - 1e-4)
    far = "1" if end - start > math.pi else "0"

    def place(radius: float, angle: float) -> str:
        return f"{_n(x + radius * math.sin(angle))} {_n(y - radius * math.cos(angle))}"

    return (f"M {place(outer, start)} A {_n(outer)} {_n(outer)} 0 {far} 1 {place(outer, end)} L {place(inner, end)} "
            f"A {_n(inner)} {_n(inner)} 0 {far} 0 {place(inner, start)} Z")


def _n(number: float) -> str:
    return f"{number:.3f}".rstrip("0").rstrip(".")


