"""The filters of RFC 7644 (3.4.2.2), from text to a tree: `userName sw "a" and not (emails[type eq "work"] or title pr)`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.scim.refusals import Refused

LONGEST, DEEPEST = 4_000, 40
COMPARING = frozenset({"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le"})
TOKEN = re.compile(r"""\s*(?:(?P<mark>[()\[\]])|(?P<text>"(?:[^"\\\x00-\x1f]|\\.)*")|(?P<word>[^\s()\[\]"]+))""")
PATH = re.compile(r"(?:urn:[\w.:-]+:)?[A-Za-z$][\w$-]*(?:\.[A-Za-z$][\w$-]*)?")


@dataclass(frozen=True)
class Compare:
    """An attribute, a comparison, a value; the comparison `pr` has none."""

    path: str
    operator: str
    value: Any = None


@dataclass(frozen=True)
class Within:
    """One value of an attribute with several: `emails[type eq "work"]`."""

    path: str
    inner: Tree


@dataclass(frozen=True)
class Both:
    """`and`."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Either:
    """`or`."""

    left: Tree
    right: Tree


@dataclass(frozen=True)
class Not:
    """`not (…)`."""

    inner: Tree


Tree = Compare | Within | Both | Either | Not
Refuse = Callable[[str], Refused]


def parsed(text: str) -> Tree:
    """The tree of a filter. Raises `Refused` (invalidFilter) for what is none."""
    return _Reader(text, wrong).whole()


def wrong(why: str) -> Refused:
    """A filter that cannot be understood."""
    return Refused("invalidFilter", f"The filter cannot be understood: {why}.")


@dataclass(frozen=True)
class Target:
    """Where an operation of PATCH works: an attribute, perhaps some of its values, perhaps a part of them."""

    path: str
    inner: Tree | None = None
    part: str = ""


def target(text: str) -> Target:
    """The path of a PATCH operation. Raises `Refused` (invalidPath)."""
    reader = _Reader(text, lambda why: Refused("invalidPath", f"The path cannot be understood: {why}."))
    path = reader.path()
    inner = reader.bracket() if reader.sees("[") else None
    part = reader.take("word").lstrip(".") if inner is not None and reader.has_more else ""
    if reader.has_more:
        raise reader.refuse("it does not end where it should")
    return Target(path, inner, part)


class _Reader:
    """Reads the tokens of one filter from left to right."""

    def __init__(self, text: str, refuse: Refuse) -> None:
        self.refuse = refuse
        if len(text) > LONGEST:
            raise refuse("it is too long")
        self._tokens = self._split(text)
        self._place = self._depth = 0

    def whole(self) -> Tree:
        found = self._either()
        if self.has_more:
            raise self.refuse("it does not end where it should")
        return found

    def path(self) -> str:
        word = self.take("word")
        if not PATH.fullmatch(word):
            raise self.refuse(f"“{word[:80]}” is no attribute")
        return word

    def bracket(self) -> Tree:
        self._mark("[")
        self._deeper()
        inner = self._either()
        self._mark("]")
        self._depth -= 1
        return inner

    @property
    def has_more(self) -> bool:
        return self._place < len(self._tokens)

    def sees(self, text: str) -> bool:
        return self.has_more and self._tokens[self._place][0] != "text" and self._tokens[self._place][1].lower() == text

    def take(self, kind: str) -> str:
        if not self.has_more or self._tokens[self._place][0] != kind:
            raise self.refuse("something is missing" if not self.has_more else f"“{self._tokens[self._place][1][:80]}” is not expected")
        self._place += 1
        return self._tokens[self._place - 1][1]

    def _split(self, text: str) -> list[tuple[str, str]]:
        found, place, text = [], 0, text.rstrip()
        while place < len(text):
            match = TOKEN.match(text, place)
            if match is None:
                raise self.refuse(f"“{text[place:place + 40]}” is not expected")
            found.append((str(match.lastgroup), match.group(str(match.lastgroup))))
            place = match.end()
        return found

    def _either(self) -> Tree:
        left = self._both()
        while self.sees("or"):
            self._place += 1
            left = Either(left, self._both())
        return left

    def _both(self) -> Tree:
        left = self._one()
        while self.sees("and"):
            self._place += 1
            left = Both(left, self._one())
        return left

    def _one(self) -> Tree:
        if self.sees("not"):
            self._place += 1
            return Not(self._group())
        return self._group() if self.sees("(") else self._compared()

    def _group(self) -> Tree:
        self._mark("(")
        self._deeper()
        inner = self._either()
        self._mark(")")
        self._depth -= 1
        return inner

    def _compared(self) -> Tree:
        path = self.path()
        if self.sees("["):
            return Within(path, self.bracket())
        operator = self.take("word").lower()
        if operator == "pr":
            return Compare(path, operator)
        if operator not in COMPARING:
            raise self.refuse(f"“{operator[:40]}” is no comparison")
        return Compare(path, operator, self._value())

    def _value(self) -> Any:
        raw = self.take("text" if self.has_more and self._tokens[self._place][0] == "text" else "word")
        try:
            value = json.loads(raw if raw.startswith('"') else raw.lower())
            str(value).encode()
        except (ValueError, RecursionError):
            raise self.refuse(f"“{raw[:80]}” is no value") from None
        if isinstance(value, str) and "\x00" in value:
            raise self.refuse("a value holds a character that no text here has")
        return value

    def _mark(self, mark: str) -> None:
        if self.take("mark") != mark:
            raise self.refuse(f"“{mark}” is missing")

    def _deeper(self) -> None:
        self._depth += 1
        if self._depth > DEEPEST:
            raise self.refuse("it is nested too deeply")
