"""Sums that a form works out: `likelihood * severity`, `min(cost, 10000) / days`, `sum(options.cost)`. Numbers only, exact."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal, DivisionByZero, InvalidOperation
from typing import Any

from flask_babel import gettext as _

from app.kernel.kinds import Unreadable

TOKEN = re.compile(r"\s*(?:(?P<number>\d+(?:\.\d+)?)|(?P<name>[a-z_][a-z0-9_]*(?:\.[a-z_][a-z0-9_]*)?)|(?P<sign>[-+*/(),]))")
OVER_VALUES: dict[str, Callable[[list[Decimal]], Decimal]] = {"min": min, "max": max}
OVER_ROWS: dict[str, Callable[[list[Decimal]], Decimal]] = {
    "sum": lambda found: sum(found, Decimal()), "least": min, "most": max, "count": lambda found: Decimal(len(found))}
LONGEST, DEEPEST = 300, 20
Value = Callable[[str], Any]


@dataclass(frozen=True)
class Sum:
    """A sum that can be worked out; `names` are the answers that it looks at."""

    text: str
    names: frozenset[str]
    work: Callable[[Value], Decimal | None]

    def of(self, value: Value) -> Decimal | None:
        """What it comes to; None while something that it needs is empty, or where there is no result."""
        try:
            found = self.work(value)
        except (InvalidOperation, DivisionByZero, ZeroDivisionError):
            return None
        return None if found is None or not found.is_finite() else found


def understood(text: str) -> Sum:
    """What a sum means. Raises `Unreadable` naming what is wrong."""
    if len(text) > LONGEST:
        raise Unreadable(_("At most %(max)d characters; this has %(count)d.", max=LONGEST, count=len(text)))
    reader = _Reader(_tokens(text))
    work = reader.added()
    if reader.here():
        raise Unreadable(_("“%(rest)s” cannot be read.", rest=reader.here()))
    return Sum(text, frozenset(reader.names), work)


def _tokens(text: str) -> list[str]:
    found, at = [], 0
    while at < len(text.rstrip()):
        match = TOKEN.match(text, at)
        if match is None:
            raise Unreadable(_("“%(rest)s” cannot be read.", rest=text[at:at + 20].strip()))
        found.append(match.group(str(match.lastgroup)))
        at = match.end()
    return found


class _Reader:
    """Reads one sum, left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens, self.place, self.depth = tokens, 0, 0
        self.names: set[str] = set()

    def here(self) -> str:
        """The token that comes next; empty at the end."""
        return self.tokens[self.place] if self.place < len(self.tokens) else ""

    def take(self, *signs: str) -> str:
        """Step over one of these signs if it stands here."""
        found = self.here() if self.here() in signs else ""
        self.place += bool(found)
        return found

    def added(self) -> Callable[[Value], Decimal | None]:
        """`a + b - c`."""
        left = self.multiplied()
        while sign := self.take("+", "-"):
            left = _both(left, self.multiplied(), (lambda a, b: a + b) if sign == "+" else (lambda a, b: a - b))
        return left

    def multiplied(self) -> Callable[[Value], Decimal | None]:
        """`a * b / c`."""
        left = self.one()
        while sign := self.take("*", "/"):
            left = _both(left, self.one(), (lambda a, b: a * b) if sign == "*" else (lambda a, b: a / b))
        return left

    def one(self) -> Callable[[Value], Decimal | None]:
        """A number, a name, a function, or what stands in brackets."""
        self.depth += 1
        if self.depth > DEEPEST:
            raise Unreadable(_("“%(rest)s” cannot be read.", rest="((("))
        if self.take("-"):
            inner = self.one()
            found: Callable[[Value], Decimal | None] = lambda value: None if (got := inner(value)) is None else -got  # noqa: E731
        elif self.take("("):
            found = self.added()
            self.need(")")
        else:
            found = self.named()
        self.depth -= 1
        return found

    def named(self) -> Callable[[Value], Decimal | None]:
        """A number, the answer of a name, or a function of some."""
        word = self.here()
        if not word or not re.match(r"[a-z_0-9]", word):
            raise Unreadable(_("“%(word)s” stands where a number or a field is needed.", word=word or "…"))
        self.place += 1
        if word[0].isdigit():
            number = Decimal(word)
            return lambda _value: number
        if self.take("("):
            return self.function(word)
        if "." in word:
            raise Unreadable(_("Rows are added up: write sum(%(word)s).", word=word))
        self.names.add(word)
        return lambda value: _number(value(word))

    def function(self, word: str) -> Callable[[Value], Decimal | None]:
        """`min(a, b)`, `sum(rows.column)`."""
        if word in OVER_ROWS:
            rows, _dot, column = self.here().partition(".")
            self.place += 1
            self.need(")")
            self.names.add(rows)
            return lambda value: _over_rows(OVER_ROWS[word], value(rows), column)
        if word not in OVER_VALUES:
            raise Unreadable(_("“%(word)s” is not known here.", word=word))
        parts = [self.added()]
        while self.take(","):
            parts.append(self.added())
        self.need(")")
        return lambda value: _over(OVER_VALUES[word], [part(value) for part in parts])

    def need(self, sign: str) -> None:
        """Step over a sign that must stand here."""
        if not self.take(sign):
            raise Unreadable(_("“%(word)s” is missing.", word=sign))


def _both(left: Callable[[Value], Decimal | None], right: Callable[[Value], Decimal | None],
          join: Callable[[Decimal, Decimal], Decimal]) -> Callable[[Value], Decimal | None]:
    def work(value: Value) -> Decimal | None:
        a, b = left(value), right(value)
        return None if a is None or b is None else join(a, b)

    return work


def _over(join: Callable[[list[Decimal]], Decimal], found: Iterable[Decimal | None]) -> Decimal | None:
    known = [each for each in found if each is not None]
    return join(known) if known else None


def _over_rows(join: Callable[[list[Decimal]], Decimal], rows: Any, column: str) -> Decimal | None:
    known = [_number(row.get(column)) if column else Decimal(1) for row in rows or ()]
    return _over(join, known)


def _number(value: Any) -> Decimal | None:
    """An answer as a number: a choice by its code, yes as one."""
    if isinstance(value, bool):
        return Decimal(value)
    try:
        return None if value is None else Decimal(str(getattr(value, "value", value)))
    except InvalidOperation:
        return None
