"""Where everything of a chart stands: one set of marks, y downwards, that is written as SVG and into PDF alike."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from flask_babel import gettext as _
from reportlab.pdfbase import pdfmetrics

from app.core.charts.chart import Chart, said, short
from app.core.exports import PLAIN, clipped, fonts

# Told apart with every common colour blindness, and 3 : 1 against white; the page puts lighter ones in their place in the dark.
TONES = {"1": "#1f6fb5", "2": "#c65d00", "3": "#00806a", "4": "#9a4f97", "5": "#6b6b00", "6": "#5b6770", "ink": "#18181b",
         "quiet": "#63636b", "rule": "#d4d4d8"}
SERIES = 6
SIZE, GAP = 11.0, 6.0
MOST_ACROSS = 14  # with more labels bars stand, and not every one is named


@dataclass(frozen=True)
class Mark:
    """One shape. `at` is x, y, width, height of a box; x, y and so on of a line; x, y, radius of a dot; centre, outer and inner radius,
    beginning and end (radians clockwise from the top) of a slice; x, y of words. `words` is what is written, or said when pointed at.
    """

    kind: Literal["box", "line", "dot", "slice", "words"]
    at: tuple[float, ...]
    tone: str
    words: str = ""
    group: int = -1
    anchor: Literal["start", "middle", "end"] = "start"
    bold: bool = False
    size: float = SIZE


@dataclass(frozen=True)
class Frame:
    """The room that is left for the values, and the scale along them."""

    left: float
    top: float
    right: float
    bottom: float
    low: float
    high: float

    def along(self, value: float, *, across: bool) -> float:
        """The place of a value on the axis of values."""
        share = (value - self.low) / (self.high - self.low)
        return self.left + share * (self.right - self.left) if across else self.bottom - share * (self.bottom - self.top)


def marks(chart: Chart, width: float, height: float) -> list[Mark]:
    """Everything that is drawn, from back to front."""
    fonts()
    if chart.empty:
        return [Mark("words", (width / 2, height / 2), "quiet", _("Nothing to show"), anchor="middle")]
    if chart.kind == "pie":
        return list(_pie(chart, width, height))
    legend = list(_legend(chart, width)) if len(chart.series) > 1 else []
    top = max((mark.at[1] for mark in legend), default=0) + 14
    across = chart.kind == "bar" and _lies(chart, width)
    return [*legend, *(_lying if across else _standing)(chart, width, height, top)]


def tone(number: int) -> str:
    """The colour of a series or slice."""
    return str(number % SERIES + 1)


def wide(words: str, size: float = SIZE) -> float:
    """How wide words are."""
    return float(pdfmetrics.stringWidth(words, PLAIN, size))


def ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Round numbers from below the lowest to above the highest value."""
    low, high = min(low, 0.0), max(high, 0.0)
    if low == high:
        high = 1.0
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * each for each in (1, 2, 2.5, 5, 10) if power * each >= raw * 0.999)
    if float(low).is_integer() and float(high).is_integer():
        step = max(1.0, float(math.ceil(step)) if step < 10 else step)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def _lies(chart: Chart, width: float) -> bool:
    """Whether bars lie, since their labels do not fit beneath them."""
    slot = (width - 48) / max(len(chart.labels), 1)
    return not chart.timed and len(chart.labels) <= MOST_ACROSS and any(wide(label) > slot - GAP * 2 for label in chart.labels)


def _numbers(chart: Chart) -> list[float]:
    return [float(v) for each in chart.series for v in each.values if v is not None]


def _legend(chart: Chart, width: float) -> Iterator[Mark]:
    x, y = 2.0, 10.0
    for number, each in enumerate(chart.series):
        words = clipped(each.label, min(180.0, width - 24), SIZE)
        needed = wide(words) + 28
        if x > 2 and x + needed > width:
            x, y = 2.0, y + 17
        yield Mark("box", (x, y - 8, 10, 10), tone(number), group=number)
        yield Mark("words", (x + 15, y + 1), "ink", words, group=number)
        x += needed


def _standing(chart: Chart, width: float, height: float, top: float) -> Iterator[Mark]:
    """Bars that stand, or lines from left to right."""
    steps = ticks(min(_numbers(chart)), max(_numbers(chart)))
    left = max(wide(short(chart, step)) for step in steps) + GAP + 2
    frame = Frame(left, top, width - 4, height - 22, steps[0], steps[-1])
    for step in steps:
        y = frame.along(step, across=False)
        yield Mark("line", (left, y, frame.right, y), "quiet" if step == 0 else "rule")
        yield Mark("words", (left - GAP, y + 4), "quiet", short(chart, step), anchor="end")
    slot = (frame.right - frame.left) / len(chart.labels)
    yield from _below(chart.labels, frame, slot, height - 6)
    yield from (_lines if chart.kind == "line" else _columns)(chart, frame, slot)


def _below(labels: Sequence[str], frame: Frame, slot: float, y: float) -> Iterator[Mark]:
    """The labels beneath; only every second, third or so where they would touch."""
    every = max(1, math.ceil(min(max(map(wide, labels)) + GAP * 2, 90) / slot))
    for place in range(0, len(labels), every):
        words = clipped(labels[place], max(slot * every - 2, 20), SIZE)
        half = wide(words) / 2
        x = min(max(frame.left + slot * (place + 0.5), half), frame.right + 4 - half)
        yield Mark("words", (x, y), "quiet", words, anchor="middle")


def _columns(chart: Chart, frame: Frame, slot: float) -> Iterator[Mark]:
    broad = min(slot * 0.72 / len(chart.series), 46.0)
    zero = frame.along(0, across=False)
    for number, each in enumerate(chart.series):
        for place, value in enumerate(each.values[:len(chart.labels)]):
            if value is None:
                continue
            x = frame.left + slot * (place + 0.5) + broad * (number - len(chart.series) / 2)
            y = frame.along(float(value), across=False)
            yield Mark("box", (x, min(y, zero), max(broad - 1, 1), abs(zero - y)), tone(number), _hover(chart, place, number), number)


def _lines(chart: Chart, frame: Frame, slot: float) -> Iterator[Mark]:
    for number, each in enumerate(chart.series):
        run: list[float] = []
        dots: list[Mark] = []
        for place, value in enumerate([*each.values[:len(chart.labels)], None]):
            if value is None:
                if len(run) > 2:
                    yield Mark("line", tuple(run), tone(number), group=number)
                run = []
                continue
            x, y = frame.left + slot * (place + 0.5), frame.along(float(value), across=False)
            run += [x, y]
            dots.append(Mark("dot", (x, y, 3 if len(chart.labels) <= 60 else 1.5), tone(number), _hover(chart, place, number), number))
        yield from dots


def _lying(chart: Chart, width: float, height: float, top: float) -> Iterator[Mark]:
    """Bars that lie, each beside its label."""
    steps = ticks(min(_numbers(chart)), max(_numbers(chart)), 4)
    names = [clipped(label, width * 0.36, SIZE) for label in chart.labels]
    longest = max((wide(said(chart, v)) for each in chart.series for v in each.values if v is not None), default=0)
    frame = Frame(max(map(wide, names)) + GAP * 2, top - 8, width - min(longest, width * 0.25) - GAP * 2, height - 4, steps[0], steps[-1])
    zero, slot = frame.along(0, across=True), (frame.bottom - frame.top) / len(names)
    broad = min(slot * 0.72 / len(chart.series), 22.0)
    for place, name in enumerate(names):
        middle = frame.top + slot * (place + 0.5)
        yield Mark("words", (frame.left - GAP - 2, middle + 4), "ink", name, anchor="end")
        for number, each in enumerate(chart.series):
            value = each.values[place] if place < len(each.values) else None
            if value is None:
                continue
            x, y = frame.along(float(value), across=True), middle + broad * (number - len(chart.series) / 2)
            yield Mark("box", (min(x, zero), y, abs(x - zero), max(broad - 1, 1)), tone(number), _hover(chart, place, number), number)
            if broad >= 9:
                words = clipped(said(chart, value), width * 0.25, SIZE)
                yield Mark("words", (max(x, zero) + GAP, y + broad / 2 + 3.5), "quiet", words, number)
    yield Mark("line", (zero, frame.top, zero, frame.bottom), "quiet")


def _pie(chart: Chart, width: float, height: float) -> Iterator[Mark]:
    """A ring of slices with their names and shares beside it, or below it in a picture that is as high as it is wide; what is less than
    nothing is no part of a whole."""
    values = [max(float(v or 0), 0.0) for v in chart.series[0].values[:len(chart.labels)]]
    total, angle, below = sum(values), 0.0, height >= width
    step = min(22.0, (height - 8) / max(len(values), 1) / (2 if below else 1))
    radius = max(min((height - step * len(values)) / 2 - 10, width / 2 - 6), 20.0) if below else min(height / 2 - 6, width * 0.22)
    centre, middle = (width / 2, radius + 6) if below else (radius + 6, height / 2)
    for number, value in enumerate(values):
        if not value:
            continue
        turn = value / total * math.tau
        yield Mark("slice", (centre, middle, radius, radius * 0.58, angle, angle + turn), tone(number), _hover(chart, number, 0), number)
        angle += turn
    whole = short(chart, total) if total != int(total) else short(chart, int(total))
    yield Mark("words", (centre, middle + 6), "ink", clipped(whole, radius, 17), anchor="middle", bold=True, size=17)
    x, y = (2.0, middle + radius + 8 + step / 2) if below else (centre + radius + 20, height / 2 - step * (len(values) - 1) / 2)
    for number, value in enumerate(values):
        share = f"{said(chart, chart.series[0].values[number])} · {round(value / total * 100)} %"
        room = width - x - 18 - wide(share) - GAP
        yield Mark("box", (x, y - 5, 10, 10), tone(number), group=number)
        yield Mark("words", (x + 15, y + 4), "ink", clipped(chart.labels[number], max(room, 30), SIZE), number)
        yield Mark("words", (width - 2, y + 4), "quiet", share, number, "end")
        y += step


def _hover(chart: Chart, place: int, number: int) -> str:
    series = chart.series[number]
    name = f"{chart.labels[place]} · {series.label}" if len(chart.series) > 1 else chart.labels[place]
    return f"{name}: {said(chart, series.values[place])}"
