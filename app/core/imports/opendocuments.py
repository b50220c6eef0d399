"""ODS: how far its cells reach, reckoned from what it says of repetitions before any of it is parsed."""

from __future__ import annotations

import re
import zipfile
from typing import BinaryIO

from app.core.imports.workbooks import BLOCK, MOST_CELLS, MOST_ROWS, too_far, unpacking

MARK = re.compile(rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?=[\s/>])([^<>]*)>")
TIMES = re.compile(rb"""table:number-(?:rows|columns)-repeated=["'](\d{1,9})["']""")
TAIL = 64 * 1024


def check_opendocument(stream: BinaryIO) -> None:
    """Raise `Unusable` unless it is an ODS whose sheets fit into memory: one cell repeated in all directions would cost all of it."""
    with unpacking(stream, "ODS", "content.xml") as archive:
        _check(archive)


def _check(archive: zipfile.ZipFile) -> None:
    reach, kept = _Reach(), b""
    with archive.open("content.xml") as content:
        while block := content.read(BLOCK):
            text = kept + block
            cut = text.rfind(b"<")
            cut = len(text) if cut < 0 or len(text) - cut > TAIL else cut
            for found in MARK.finditer(text, 0, cut):
                reach.take(found[1] == b"/", found[2], found[3])
            kept = text[cut:]


class _Reach:
    """The rectangle of one sheet after another; empty cells and rows count once something stands behind them."""

    def __init__(self) -> None:
        self.row = self.wide = self.column = self.rows = self.times = self.all = 0

    def take(self, ends: bool, name: bytes, said: bytes) -> None:
        """The next mark; raises `Unusable` as soon as a sheet is too large."""
        if name == b"table" and not ends:
            self.row = self.wide = 0
        elif name == b"table-row":
            if not ends:
                self.column = self.rows = 0
                self.times = _times(said)
            if ends or said.endswith(b"/"):
                self._end_row()
        elif not ends:
            self.column += _times(said)
            if not said.endswith(b"/") or b"value" in said:
                self.rows = self.column

    def _end_row(self) -> None:
        self.row += self.times
        self.all += self.times * self.rows
        self.wide = max(self.wide, self.rows)
        if self.rows and (self.row > MOST_ROWS or self.row * self.wide > MOST_CELLS or self.all > MOST_CELLS):
            raise too_far(self.row, self.wide)


def _times(said: bytes) -> int:
    found = TIMES.search(said)
    return int(found[1]) if found else 1


