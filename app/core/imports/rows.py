"""What the readers give: a table with its heads, and rows that know where they stand in the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from itertools import chain
from typing import Any, NamedTuple

from flask_babel import gettext as _

from app.kernel.errors import Invalid

WIDEST = 500
LONGEST_CELL = 1_000_000


class Unusable(Invalid):
    """A file that cannot be read as a table; the sentence says why, and where."""

    def __init__(self, said: Any) -> None:
        super().__init__({"file": [str(said)]}, said)


class Row(NamedTuple):
    """One row as it stands in the file; `number` is the one that a spreadsheet shows (the heads are in row 1)."""

    number: int
    cells: Sequence[Any]

    @property
    def is_blank(self) -> bool:
        """Whether every cell is empty."""
        return not any(cell not in (None, "") and str(cell).strip() for cell in self.cells)


@dataclass(frozen=True)
class Shape:
    """How a file is to be read: the kind (csv, xlsx, ods, json, jsonl), and what goes with it; `sheets` are all that a workbook shows."""

    kind: str
    encoding: str = ""
    separator: str = ""
    sheet: str = ""
    sheets: Sequence[str] = ()

    def with_(self, **changes: str) -> Shape:
        """The same, what was chosen by hand put in."""
        return replace(self, **{k: v for k, v in changes.items() if v})


@dataclass(frozen=True)
class Table:
    """The heads of the columns, and the rows below them, read once."""

    headers: list[str]
    rows: Iterator[Row]


def table_of(rows: Iterable[Row]) -> Table:
    """Take the first row that holds anything as the heads; raises `Unusable` when there is none."""
    rows = iter(rows)
    for row in rows:
        if not row.is_blank:
            headers = named_headers(row.cells)
            if len(headers) > WIDEST:
                raise Unusable(_("The file has %(count)d columns; %(most)d are possible.", count=len(headers), most=WIDEST))
            return Table(headers, rows)
    raise Unusable(_("The file is empty: there is no row with column names."))


def named_headers(cells: Sequence[Any]) -> list[str]:
    """A name for each column: no empty one, none twice."""
    names: list[str] = []
    taken: set[str] = set()
    last = max((place for place, cell in enumerate(cells) if plain(cell)), default=-1)
    for place, cell in enumerate(cells[:last + 1]):
        name = plain(cell)[:200] or _("Column %(letter)s", letter=letters(place))
        unique, turn = name, 2
        while unique in taken:
            unique, turn = f"{name} ({turn})", turn + 1
        taken.add(unique)
        names.append(unique)
    return names


def letters(place: int) -> str:
    """`A` for 0, `AA` for 26: what a spreadsheet calls the column."""
    found = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        found = chr(65 + rest) + found
    return found


def plain(cell: Any) -> str:
    """A cell as text: what a person would see in it."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime) and cell.time() == time(0):
        return cell.date().isoformat()
    if isinstance(cell, (date, datetime, time)):
        return cell.isoformat()
    return str(cell)


def storable(cell: Any) -> Any:
    """A cell as JSON holds it."""
    if isinstance(cell, (date, datetime, time, timedelta)):
        return plain(cell)
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 2**53:
        return int(cell)
    return cell


def first(rows: Iterator[Row], count: int) -> tuple[list[Row], Iterator[Row]]:
    """The first rows, and all of them again."""
    held = [row for _n, row in zip(range(count), rows, strict=False)]
    return held, chain(held, rows)
