"""The same marks as a drawing of ReportLab: a flowable of a PDF, which can be put onto a canvas as well."""

from __future__ import annotations

import math

from reportlab.graphics.shapes import Circle, Drawing, Path, PolyLine, Rect, String
from reportlab.lib.colors import HexColor

from app.core.charts.chart import Chart
from app.core.charts.geometry import TONES, Mark, marks
from app.core.exports import BOLD, PLAIN

DASHES = (None, (6, 3), (2, 3), (8, 3, 2, 3), (4, 2), (1, 2))


def drawing(chart: Chart, width: float = 480, height: float = 260) -> Drawing:
    """The picture, in points."""
    sheet = Drawing(width, height)
    for mark in marks(chart, width, height):
        sheet.add(_shape(mark, height))
    return sheet


def _shape(mark: Mark, height: float) -> object:
    colour = HexColor(TONES[mark.tone])
    if mark.kind == "words":
        return String(mark.at[0], height - mark.at[1], mark.words, textAnchor=mark.anchor, fontName=BOLD if mark.bold else PLAIN,
                      fontSize=mark.size, fillColor=colour)
    if mark.kind == "box":
        x, y, wide, high = mark.at
        return Rect(x, height - y - high, wide, high, fillColor=colour, strokeColor=None, strokeWidth=0)
    if mark.kind == "dot":
        return Circle(mark.at[0], height - mark.at[1], mark.at[2], fillColor=colour, strokeColor=None, strokeWidth=0)
    if mark.kind == "slice":
        return _ring(mark.at, height, colour)
    flipped = [height - each if place % 2 else each for place, each in enumerate(mark.at)]
    data = mark.group >= 0
    return PolyLine(flipped, strokeColor=colour, strokeWidth=1.6 if data else 0.5,
                    strokeDashArray=DASHES[mark.group % len(DASHES)] if data else None)


def _ring(at: tuple[float, ...], height: float, colour: object) -> Path:
    """A slice of a ring as short straight pieces, which no eye tells from an arc."""
    x, y, outer, inner, start, end = at
    count = max(2, math.ceil((end - start) / math.radians(3)))
    angles = [start + (end - start) * each / count for each in range(count + 1)]
    outline = Path(fillColor=colour, strokeColor=HexColor("#ffffff"), strokeWidth=1)
    places = [(x + outer * math.sin(a), height - y + outer * math.cos(a)) for a in angles]
    places += [(x + inner * math.sin(a), height - y + inner * math.cos(a)) for a in reversed(angles)]
    outline.moveTo(*places[0])
    for place in places[1:]:
        outline.lineTo(*place)
    outline.closePath()
    return outline
