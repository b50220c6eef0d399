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
REMEMBERED = 20_000
STRAYS = 0.2
LONGEST_NUMBER = 60


@dataclass
class Column:
    """What was seen of one column: how many cells are filled, a few values, and how often each way of writing did not fit."""

    header: str
    place: int
    filled: int = 0
    samples: list[str] = field(default_factory=list)
    distinct: set[str] = field(default_factory=set)
    dates: dict[str, int] = field(default_factory=lambda: dict.fromkeys([*(d + t for t in TIMES for d in DATES), ISO], 0))
    native_dates: int = 0
    native_numbers: int = 0
    texts: int = 0
    no_numbers: int = 0
    no_dots: int = 0
    no_commas: int = 0
    longest: int = 0
    _seen: set[str] = field(default_factory=set)

    def take(self, cell: Any, text: str) -> None:
        """Look at one more cell."""
        if not text:
            return
        self.filled += 1
        if text in self._seen:
            return
        if len(self._seen) < REMEMBERED:
            self._seen.add(text)
        if len(self.samples) < SAMPLES:
            self.samples.append(text[:80])
        if len(self.distinct) < DISTINCT:
            self.distinct.add(text)
        self.longest = max(self.longest, len(text))
        if isinstance(cell, (date, datetime, time)):
            self.native_dates += 1
        elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
            self.native_numbers += 1
        else:
            self._take_text(text)

    def _take_text(self, text: str) -> None:
        self.texts += 1
        bearable = 5 + self.texts * STRAYS
        for shape in list(self.dates):
            if not fits(text, shape):
                self.dates[shape] += 1
                if self.dates[shape] > bearable:
                    del self.dates[shape]
        if len(text) > LONGEST_NUMBER or not NUMBER.match(text):
            self.no_numbers += 1
            return
        bare = re.sub(r"[^\d.,]", "", text)
        self.no_dots += not reads_with(bare, ".")
        self.no_commas += not reads_with(bare, ",")

    @property
    def date_shape(self) -> str:
        """The way in which the days of the column are written (strptime); empty when it holds something else or real dates."""
        best = min(self.dates, key=lambda shape: self.dates[shape], default="")
        return best if best and self.texts and self.dates[best] <= self.texts * STRAYS else ""

    @property
    def is_date(self) -> bool:
        """Whether nearly every value is a day."""
        kinds = self.texts + self.native_dates + self.native_numbers
        strays = self.native_numbers + (self.dates[self.date_shape] if self.date_shape else self.texts)
        return kinds > 0 and strays <= kinds * STRAYS

    @property
    def is_number(self) -> bool:
        """Whether nearly every value is a number."""
        kinds = self.texts + self.native_dates + self.native_numbers
        return self.native_dates + self.no_numbers <= kinds * STRAYS

    @property
    def is_ambiguous(self) -> bool:
        """Whether days could be read with day and month exchanged."""
        equal = [s for s, misses in self.dates.items() if self.date_shape and misses == self.dates[self.date_shape]]
        return any("%m/%d" in s for s in equal) and any("%d/%m" in s for s in equal)

    @property
    def decimal(self) -> str:
        """`.` or `,`: what stands before the decimals."""
        return "," if self.no_commas < self.no_dots else "."


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
    if not isinstance(raw, str) or not raw.strip() or len(raw.strip()) > LONGEST_NUMBER:
        return read_decimal(raw)
    bare = re.sub(r"[^\d.,]", "", raw)
    if bare and NUMBER.match(raw.strip()) and not reads_with(bare, mark):
        from flask_babel import gettext as _
        raise Unreadable(_("“%(raw)s” is not written like the other numbers of this column, which have “%(mark)s” before their decimals.",
                           raw=raw[:80], mark=mark))
    text = raw.replace("." if mark == "," else ",", "")
    return read_decimal(text.replace(",", "."))
