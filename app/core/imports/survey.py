"""One pass over a file before anything is decided: how many rows, and what each column holds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import BinaryIO

from flask_babel import gettext as _

from app.core.imports.reader import read
from app.core.imports.rows import Row, Shape, Unusable, plain
from app.core.imports.shapes import Column

KEPT = 10


@dataclass
class Survey:
    """What was seen."""

    columns: list[Column]
    count: int
    first: list[Row]

    @property
    def headers(self) -> list[str]:
        """The heads of the columns, in their order."""
        return [column.header for column in self.columns]

    def column(self, header: str) -> Column | None:
        """The column of that name."""
        return next((c for c in self.columns if c.header == header), None)


def survey(stream: BinaryIO, shape: Shape, most_rows: int) -> Survey:
    """Look at every cell once, keeping little. Raises `Unusable` when the file has no rows or too many."""
    table = read(stream, shape)
    columns = [Column(header, place) for place, header in enumerate(table.headers)]
    count, kept = 0, []
    for row in table.rows:
        count += 1
        if count > most_rows:
            raise Unusable(_("The file has more than %(most)d rows; split it.", most=most_rows))
        if len(kept) < KEPT:
            kept.append(row)
        for column, cell in zip(columns, row.cells, strict=False):
            column.take(cell, plain(cell))
    if not count:
        raise Unusable(_("The file holds column names and nothing below them."))
    return Survey(columns, count, kept)
