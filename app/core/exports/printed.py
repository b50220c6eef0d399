"""A list as PDF: a table with its head on every page, written row by row."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from typing import Any, BinaryIO

from flask_babel import gettext as _
from flask_babel import ngettext
from reportlab.pdfbase import pdfmetrics

from app.core.exports.paper import BOLD, PLAIN, QUIET, SHADE, Imprint, Paper, clipped, wrapped
from app.core.exports.sheet import Column, Sheet

SIZE, LEADING, GAP = 7.5, 10.0, 6.0
SAMPLE, MOST_LINES = 200, 4
Show = Callable[[Any], str]


def write_printed(sheet: Sheet, stream: BinaryIO, imprint: Imprint, show: Show = str) -> int:
    """Write the sheet; gives how many rows. The hash in the foot is that of the shown cells, joined by tabs and line ends."""
    paper = Paper(stream, imprint, wide=len(sheet.columns) > 5)
    for note in sheet.notes:
        paper.paragraph(note, size=8, tone=QUIET, after=6)
    rows = iter(sheet.rows)
    first = [[show(v) if v is not None else "" for v in row] for _n, row in zip(range(SAMPLE), rows, strict=False)]
    table = Table(paper, sheet.columns, first)
    digest, count = hashlib.sha256(), 0
    for cells in first:
        table.put(cells)
        digest.update(("\t".join(cells) + "\n").encode())
        count += 1
    for row in rows:
        cells = [show(v) if v is not None else "" for v in row]
        table.put(cells)
        digest.update(("\t".join(cells) + "\n").encode())
        count += 1
    paper.y -= LEADING
    paper.paragraph(ngettext("%(num)s row", "%(num)s rows", count) if count else _("No rows."), size=8, tone=QUIET)
    paper.close(digest.hexdigest())
    return count


class Table:
    """Rows below a head that stands on every page anew; widths by what stands in a sample of the rows."""

    def __init__(self, paper: Paper, columns: Sequence[Column], sample: Sequence[Sequence[str]]) -> None:
        self._paper, self._columns = paper, columns
        self._widths = _shares(columns, sample, paper.right - paper.left)
        self.head()

    def head(self) -> None:
        """Write the head here."""
        lines = [wrapped(c.label, w - GAP, SIZE, bold=True, most=2) for c, w in zip(self._columns, self._widths, strict=True)]
        height = LEADING * max(map(len, lines)) + 5
        self._shade(height)
        self._lay(lines, bold=True)
        self._paper.y -= height

    def put(self, cells: Sequence[str], *, bold: bool = False, after: float = 0.0) -> None:
        """Write a row; one that must not stand alone at the foot of a page says how much comes `after` it."""
        lines = [wrapped(cell, w - GAP, SIZE, bold=bold, most=MOST_LINES) for cell, w in zip(cells, self._widths, strict=True)]
        height = LEADING * max(map(len, lines)) + 4
        self._make_room(height + after)
        if bold:
            self._shade(height)
        self._lay(lines, bold=bold)
        self._paper.y -= height
        self._paper.rule(self._paper.y)

    def heading(self, words: str, aside: str = "", *, after: float = 0.0) -> None:
        """A line across all columns, above the rows that belong together."""
        height = LEADING + 8
        self._make_room(height + after)
        said = clipped(words, 0.75 * (self._paper.right - self._paper.left), SIZE + 1.5, bold=True)
        self._paper.text(self._paper.left + GAP / 2, self._paper.y - LEADING - 3, said, size=SIZE + 1.5, bold=True)
        if aside:
            self._paper.text(self._paper.right - GAP / 2, self._paper.y - LEADING - 3, aside, size=SIZE, tone=QUIET, right=True)
        self._paper.y -= height
        self._paper.rule(self._paper.y)

    def _make_room(self, height: float) -> None:
        if not self._paper.room(height):
            self._paper.turn()
            self.head()

    def _shade(self, height: float) -> None:
        self._paper.canvas.setFillColor(SHADE)
        self._paper.canvas.rect(self._paper.left, self._paper.y - height, self._paper.right - self._paper.left, height, stroke=0, fill=1)

    def _lay(self, lines: Sequence[Sequence[str]], *, bold: bool = False) -> None:
        x = self._paper.left
        for column, width, cell in zip(self._columns, self._widths, lines, strict=True):
            for number, line in enumerate(cell):
                y = self._paper.y - LEADING * (number + 1) + 1
                if column.numeric:
                    self._paper.text(x + width - GAP / 2, y, line, size=SIZE, bold=bold, right=True)
                else:
                    self._paper.text(x + GAP / 2, y, line, size=SIZE, bold=bold)
            x += width


def _shares(columns: Sequence[Column], sample: Sequence[Sequence[str]], room: float) -> list[float]:
    """Widths by what stands in the first rows: numbers and days get what they need, text shares the rest."""
    needed = []
    for place, column in enumerate(columns):
        cells = sorted((pdfmetrics.stringWidth(row[place][:80], PLAIN, SIZE) for row in sample), reverse=True)
        usual = cells[len(cells) // 20] if cells else 0.0
        longest_word = max((pdfmetrics.stringWidth(w, BOLD, SIZE) for w in column.label.split()), default=0.0)
        firm = column.numeric or column.kind in ("date", "datetime")
        needed.append(max(cells[0] if firm and cells else min(usual, 170.0), longest_word, 24.0) + GAP)
    factor = room / sum(needed)
    return [width * factor for width in needed]
