"""What every writer takes: columns that say what they hold, and rows of typed values, one portion at a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Column:
    """A column. `kind` is one of kernel.kinds; `choices` the words that may stand in it; `width` in characters for print."""

    name: str
    label: str
    kind: str = "text"
    help: str = ""
    required: bool = False
    choices: Sequence[str] = ()
    numeric: bool = False
    scale: int = 2


@dataclass(frozen=True)
class Sheet:
    """A table to be written: dates are dates, moments carry their zone, amounts are decimals, everything else is text.

    `further` sheets stand behind it in a workbook; other kinds of file do not have them.
    """

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    notes: Sequence[str] = field(default_factory=tuple)
    further: Sequence[Sheet] = ()


def file_name(stem: str, ending: str) -> str:
    """A name that any system takes: `payments-2026-11-21.xlsx`."""
    from app.kernel import clock
    from app.kernel.current import current

    return f"{stem}-{clock.today(current.organisation.timezone).isoformat()}.{ending}"
