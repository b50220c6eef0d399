"""Understanding what a view keeps. The engine above knows lists; it fills this slot at start."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qsl, urlencode

from app.kernel.manifest import Resource

Reader = Callable[[Resource, str], str]
Teller = Callable[[Resource, str], list[tuple[str, str]]]
_reader: list[Reader] = []
_teller: list[Teller] = []
LEFT_OUT = frozenset({"after", "before", "per_page", "view", "format", "zip", "peek", "ids", "import"})


def understands(reader: Reader, teller: Teller) -> None:
    """Fill the slots: `reader(resource, query)` gives the query in its usual order, and raises `Invalid` where it means nothing there;
    `teller(resource, query)` says what it keeps, in words."""
    _reader[:], _teller[:] = [reader], [teller]


def in_words(resource: Resource, query: str) -> list[tuple[str, str]]:
    """What a kept query says, for people: label and value of each thing."""
    return _teller[0](resource, query)


def understood(resource: Resource, query: str) -> str:
    """What a view of that list keeps. Raises `Invalid` naming what means nothing."""
    return _reader[0](resource, plain(query))


def plain(query: str) -> str:
    """A query string without the place on the list, the view that it came from, and what is asked for once."""
    return urlencode([(name, value) for name, value in parse_qsl(query.strip().lstrip("?")) if name not in LEFT_OUT])


def said_of(query: str | None) -> list[tuple[str, str]]:
    """The words of a kept query, in their order."""
    return parse_qsl(query or "")
