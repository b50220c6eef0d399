"""How the dates and numbers of a column are written, decided over the whole column: 03/04 is told by the 25/04 further down."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from app.kernel.kinds import Unreadable, read_decimal

DATES = ("%Y-%m-%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%d-%b-%Y", "%d %b %Y", "%d %B %Y",
         "%b %d, %Y", "%B %d, %Y", "%d/%m/%y", "%m/%d/%y", "%d.%m.%y", "%d-%b-%y")
ISO = "iso"
TIMES = ("", " %H:%M", " %H:%M:%S", "T%H:%M:%S", "T%H:%M")
NUMBER = re.compile(r"^[(\-+−]?\s*[£€$¥]?\s*\d[\d.,'\s  ]*\s*[£€$¥%]?\)?$")
DOT_GROUPS = re.compile(r"^\d{1,3}(\.\d{3})+(,\d+)?$")
COMMA_GROUPS = re.compile(r"^\d{1,3}(,\d{3})+(\.\d+)?$")
SAMPLES = 6
DISTINCT = 200


@dataclass
class Column:
    """What was seen of one column: how many cells are filled, a few values, and the ways of writing that fit all of them."""

    header: str
    place: int
    filled: int = 0
    samples: list[str] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)
    dates: list[str] = field(default_factory=lambda: [*(d + t for t in TIMES for d in DATES), ISO])
    native_date: bool = False
    native_number: bool = False
    is_number: bool = True
    dot: bool = True
    comma: bool = True
    longest: int = 0
    _seen: set[str] = field(default_factory=set)

    def take(self, cell: Any, text: str) -> None:
        """Look at one more cell."""
        if not text:
            return
        self.filled += 1
        if text in self._seen:
            return
        if len(self._seen) < 20_000:
            self._seen.add(text)
        if len(self.samples) < SAMPLES:
            self.samples.append(text[:80])
        if len(self.distinct) < DISTINCT:
            self.distinct.add(text)
        self.longest = max(self.longest, len(text))
        if isinstance(cell, (date, datetime, time)):
            self.native_date, self.is_number = True, False
        elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
            self.native_number = True
            self.dates = []
        else:
            self._take_text(text)

    def _take_text(self, text: str) -> None:
        if self.dates:
            self.dates = [shape for shape in self.dates if fits(text, shape)]
        if self.is_number:
            if len(text) > 40 or not NUMBER.match(text):
                self.is_number = False
                return
            bare = re.sub(r"[^\d.,]", "", text)
            self.dot = self.dot and reads_with(bare, ".")
            self.comma = self.comma and reads_with(bare, ",")

    @property
    def date_shape(self) -> str:
        """The way in which all days of the column are written (strptime); empty when it holds something else or real dates."""
        return self.dates[0] if self.filled and self.dates and not self.native_number else ""

    @property
    def is_date(self) -> bool:
        """Whether every value is a day."""
        return self.filled > 0 and (bool(self.dates) or self.native_date) and not self.native_number

    @property
    def is_ambiguous(self) -> bool:
        """Whether days could be read with day and month exchanged."""
        return any("%m/%d" in s for s in self.dates) and any("%d/%m" in s for s in self.dates)

    @property
    def decimal(self) -> str:
        """`.` or `,`: what stands before the decimals."""
        return "," if self.comma and not self.dot else "."


def fits(text: str, shape: str) -> bool:
    """Whether a day (or moment) is written in this way, and exists."""
    try:
        if shape == ISO:
            return len(text) > 10 and bool(datetime.fromisoformat(text))
        datetime.strptime(text, shape).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def reads_with(bare: str, mark: str) -> bool:
    """Whether digits, dots and commas make a number when `mark` stands before the decimals."""
    other = "," if mark == "." else "."
    if other in bare:
        return bool((COMMA_GROUPS if mark == "." else DOT_GROUPS).match(bare))
    return bare.count(mark) <= 1


def number_from(raw: Any, mark: str) -> Decimal:
    """The number meant by a cell, `mark` standing before its decimals. Raises `Unreadable`."""
    if not isinstance(raw, str) or not raw.strip():
        return read_decimal(raw)
    bare = re.sub(r"[^\d.,]", "", raw)
    if bare and NUMBER.match(raw.strip()) and not reads_with(bare, mark):
        from flask_babel import gettext as _
        raise Unreadable(_("“%(raw)s” is not written like the other numbers of this column, which have “%(mark)s” before their decimals.",
                           raw=raw[:80], mark=mark))
    text = raw.replace("." if mark == "," else ",", "")
    return read_decimal(text.replace(",", "."))
