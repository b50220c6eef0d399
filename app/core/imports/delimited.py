"""CSV of any usual separator, read row by row."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from flask_babel import gettext as _

from app.core.imports.rows import LONGEST_CELL, Row, Unusable

SEPARATORS = (",", ";", "\t", "|")
SAMPLE_ROWS = 60
SAMPLE_CHARACTERS = 256 * 1024
QUOTED = "'=+-@\t\r＝＋－＠"


def separator_of(stream: BinaryIO, encoding: str) -> str:
    """The separator under which most rows have the same number of cells, and more than one."""
    sample = _sample(stream, encoding)
    scores = {separator: _score(sample, separator) for separator in SEPARATORS}
    best = max(SEPARATORS, key=lambda s: scores[s])
    return best if scores[best] > 0 else ","


def read_delimited(stream: BinaryIO, encoding: str, separator: str) -> Iterator[Row]:
    """All rows, heads included. Raises `Unusable` naming the row when the bytes or the quotation marks make no sense."""
    csv.field_size_limit(LONGEST_CELL)
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, newline="")
    number = 0
    try:
        reader = csv.reader(_lines(text), delimiter=separator)
        for number, cells in enumerate(reader, start=1):
            yield Row(number, [_bare(cell) for cell in cells])
    except UnicodeError as error:
        raise Unusable(_("Row %(row)d cannot be read as %(encoding)s. Choose another encoding.",
                         row=number + 1, encoding=encoding)) from error
    except csv.Error as error:
        raise Unusable(_("Row %(row)d cannot be read: a quotation mark is not closed, or a cell is longer than %(most)d characters.",
                         row=number + 1, most=LONGEST_CELL)) from error
    finally:
        if not stream.closed:
            text.detach()


def _bare(cell: str) -> str:
    """Takes off the apostrophe with which exports guard text that a spreadsheet would run as a formula."""
    return cell[1:] if cell[:1] == "'" and len(cell) > 1 and cell[1] in QUOTED else cell


def _lines(text: Iterable[str]) -> Iterator[str]:
    for number, line in enumerate(text, start=1):
        if "\x00" in line:
            raise Unusable(_("This is not a text file: line %(line)d holds a zero byte.", line=number))
        yield line


def _sample(stream: BinaryIO, encoding: str) -> str:
    stream.seek(0)
    text = io.TextIOWrapper(stream, encoding=encoding, errors="replace", newline="")
    sample = text.read(SAMPLE_CHARACTERS)
    text.detach()
    return sample


def _score(sample: str, separator: str) -> float:
    csv.field_size_limit(LONGEST_CELL)
    counts: Counter[int] = Counter()
    try:
        for number, cells in enumerate(csv.reader(io.StringIO(sample, newline=""), delimiter=separator)):
            if any(cells):
                counts[len(cells)] += 1
            if number >= SAMPLE_ROWS:
                break
    except csv.Error:
        pass
    wide = {width: times for width, times in counts.items() if width > 1}
    if not wide:
        return 0.0
    width, times = max(wide.items(), key=lambda pair: (pair[1], pair[0]))
    return times / sum(counts.values()) * 100 + width
