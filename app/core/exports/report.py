"""A report as PDF: what it says of itself, charts, contents, then its groups with what each comes to, below a head on every page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

from flask_babel import gettext as _
from flask_babel import ngettext
from reportlab.pdfbase import pdfmetrics

from app.core.exports.paper import PLAIN, QUIET, Imprint, Paper, clipped, wrapped
from app.core.exports.printed import SAMPLE, Table
from app.core.exports.sheet import Column

LABEL, LINE, SEVERAL = 130.0, 15.0, 25
TOGETHER = 40.0  # a heading keeps at least its first row beside it


@dataclass(frozen=True)
class Part:
    """Rows that belong together, worded; `totals` has a cell for each column, and is empty where nothing is worked out."""

    label: str
    rows: Sequence[Sequence[str]]
    totals: Sequence[str] = ()


@dataclass(frozen=True)
class Crossing:
    """Groups down and groups across, worded, with what both come to, and a sentence that says the most of it."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    totals: Sequence[str]
    summary: str


@dataclass(frozen=True)
class Printable:
    """What is printed. `facts` say what was asked, when and for whom; `digest` is the hash that stands in the foot of every page.

    `drawings` are pictures in the way of ReportLab, with the sentence that says the same.
    """

    columns: Sequence[Column]
    parts: Sequence[Part]
    totals: Sequence[str] = ()
    facts: Sequence[tuple[Any, Any]] = ()
    digest: str = ""
    drawings: Sequence[tuple[Any, str]] = ()
    tables: Sequence[Crossing] = ()


def write_report(report: Printable, stream: BinaryIO, imprint: Imprint, told: Callable[[int], None] | None = None) -> int:
    """Write the report; gives the number of pages. `told(rows)` hears how far it is."""
    paper = Paper(stream, imprint, wide=max(len(report.columns), *(len(each.columns) for each in report.tables), 0) > 5)
    count = sum(len(part.rows) for part in report.parts)
    _facts(paper, [*report.facts, (_("Rows"), count)])
    for drawing, sentence in report.drawings:
        _draw(paper, drawing, sentence)
    for crossing in report.tables:
        _cross(paper, crossing)
    grouped = any(part.label for part in report.parts)
    if grouped and count > SEVERAL:
        _contents(paper, report.parts)
        paper.turn()
    sample = [row for part in report.parts for row in part.rows][:SAMPLE]
    table = Table(paper, report.columns, [*sample, *(part.totals for part in report.parts if part.totals)])
    for number, part in enumerate(report.parts):
        if grouped:
            table.heading(part.label, ngettext("%(num)s row", "%(num)s rows", len(part.rows)), after=TOGETHER)
            _mark(paper, number, part.label)
        for row in part.rows:
            table.put(row)
        if grouped and any(part.totals):
            table.put(part.totals, bold=True)
        if told:
            told(len(part.rows))
    if any(report.totals):
        table.heading(_("All of it"), after=TOGETHER)
        table.put(report.totals, bold=True)
    if not count:
        paper.paragraph(_("No rows."), size=8, tone=QUIET)
    return paper.close(report.digest)


def _facts(paper: Paper, facts: Sequence[tuple[Any, Any]]) -> None:
    for label, value in facts:
        for number, line in enumerate(wrapped(str(value), paper.right - paper.left - LABEL, 8)):
            if not paper.room(12):
                paper.turn()
            paper.y -= 12
            if number == 0:
                paper.text(paper.left, paper.y, clipped(str(label), LABEL - 8, 8), size=8, tone=QUIET)
            paper.text(paper.left + LABEL, paper.y, line, size=8)
    paper.y -= 10


def _draw(paper: Paper, drawing: Any, sentence: str) -> None:
    if not paper.room(drawing.height + 20):
        paper.turn()
    drawing.drawOn(paper.canvas, paper.left, paper.y - drawing.height)
    paper.y -= drawing.height + 4
    paper.paragraph(sentence, size=8, tone=QUIET, after=10)


def _cross(paper: Paper, crossing: Crossing) -> None:
    if not paper.room(3 * TOGETHER):
        paper.turn()
    paper.paragraph(crossing.title, size=11, bold=True)
    paper.y -= 4
    table = Table(paper, crossing.columns, [*crossing.rows, crossing.totals])
    for row in crossing.rows:
        table.put(row)
    table.put(crossing.totals, bold=True)
    paper.y -= 4
    paper.paragraph(crossing.summary, size=8, tone=QUIET, after=10)


def _contents(paper: Paper, parts: Sequence[Part]) -> None:
    """Each group with the page on which it begins; the number is written once it is known, and leads there."""
    if not paper.room(3 * LINE):
        paper.turn()
    paper.paragraph(_("Contents"), size=11, bold=True)
    room = pdfmetrics.stringWidth("00000", PLAIN, 7)
    for number, part in enumerate(parts):
        if not paper.room(LINE):
            paper.turn()
        paper.y -= LINE
        paper.text(paper.left, paper.y, clipped(part.label, 0.7 * (paper.right - paper.left), 8.5), size=8.5)
        rows = ngettext("%(num)s row", "%(num)s rows", len(part.rows))
        paper.text(paper.right - room - 30, paper.y, rows, size=7, tone=QUIET, right=True)
        paper.later(f"part{number}", paper.right - room, paper.y)
        paper.canvas.linkRect("", f"part{number}", (paper.left, paper.y - 3, paper.right, paper.y + LINE - 4), relative=0, Border="[0 0 0]")


def _mark(paper: Paper, number: int, label: str) -> None:
    name = f"part{number}"
    paper.canvas.bookmarkPage(name)
    paper.canvas.addOutlineEntry(label[:120], name, level=0)
    if name in paper.known:
        paper.known[name] = str(paper.pages)
