"""Text as words: folded in Python, so that “Électricité” is found by “electricite” on any server.

Each word stands in the index with where it stood in its text, so that a phrase is one condition of the index.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from typing import TypeAlias

LONGEST_WORD, MOST_WORDS, MOST_TYPED = 40, 1_000, 8
MOST_PLACES, LAST_PLACE = 6, 16_000  # PostgreSQL keeps 255 places of a word, and none past 16,383
APART = 3  # between two fields: no phrase reaches over them
WEIGHTS = "ABCD"
TOKEN = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
JOINT = re.compile(r"[-'’.]")

Way: TypeAlias = tuple[str, ...]
"""Words that stand one after the other: a way to say what is asked for."""


@lru_cache(maxsize=200_000)
def folded(word: str) -> str:
    """A word as the index has it: without accents, case and signs."""
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if c.isalnum() or c == "-")[:LONGEST_WORD]


def placed_words(text: str) -> Iterator[tuple[str, int]]:
    """The folded words of a text with their places; what a hyphen joins stands there whole and in its parts, a number also without
    leading zeros. At most so many as are worth finding."""
    place = 0
    for given, token in enumerate(TOKEN.findall(text)):
        if given >= MOST_WORDS:
            return
        parts = JOINT.split(token)
        for word, at in ((token, place), *((part, place + n) for n, part in enumerate(parts))) if len(parts) > 1 else ((token, place),):
            plain = folded(word)
            if plain.strip("-"):
                yield plain, at
                if plain.isdigit() and plain[0] == "0" and plain.strip("0"):
                    yield plain.lstrip("0"), at
        place += len(parts)


def words_of(text: str) -> list[str]:
    """The folded words of a text, each once, in their order."""
    return list(dict.fromkeys(word for word, _place in placed_words(text)))


def vector(number: int, own: Iterable[tuple[str, str]], linked: Iterable[tuple[str, str]] = ()) -> tuple[str, set[str]]:
    """The text of a tsvector out of (text, weight) pairs, and its words; each place of a word has the weight of its text. What the
    record says itself is told apart from the names of the records that it refers to, so that a search for a name finds its bearer
    first."""
    best = _weighted(own)
    named = {word: places for word, places in _weighted(linked).items() if word not in best}
    return " ".join((*(f"'{number}.{word}':{','.join(places)}" for word, places in best.items()),
                     *(f"'{number}~{word}':{','.join(places)}" for word, places in named.items()))), {*best, *named}


def _weighted(said: Iterable[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    begin = 1
    for text, weight in sorted(said, key=lambda each: each[1]):  # what counts most comes first, and is kept where there is too much
        last = begin
        for word, place in placed_words(text):
            last = begin + place
            if last > LAST_PLACE:
                return found
            places = found.setdefault(word, [])
            if len(places) < MOST_PLACES:
                places.append(f"{last}{weight}")
        begin = last + APART
        if len(found) >= MOST_WORDS:
            break
    return found


def query(number: int, asked: Iterable[Sequence[Way]], without: Iterable[Way] = (), *, beginning: bool = True, linked: bool = False) -> str:
    """The text of a tsquery: of each part that is asked for one of its ways, the first of which was typed; and nothing of what is
    to be left out. The last part may be a beginning; with `linked` also names of records that are referred to are meant."""
    marks = ".~" if linked else "."
    parts = list(asked)
    said = [" | ".join(_way(number, way, marks, ":*" if beginning and part is parts[-1] and place == 0 and len(way) == 1 else "")
                       for place, way in enumerate(part)) for part in parts]
    left_out = [_way(number, way, ".~", "") for way in without]
    return " & ".join([*(f"({each})" for each in said), *(f"!({each})" for each in left_out)])


def _way(number: int, way: Way, marks: str, ending: str) -> str:
    return " | ".join(f"({said})" if len(way) > 1 else said
                      for said in (" <-> ".join(f"'{number}{mark}{word}'{ending}" for word in way) for mark in marks))


def typed_words(text: str) -> list[str]:
    """The words of what somebody typed; a reference stays whole, and repeats go."""
    found: dict[str, None] = {}
    for token in TOKEN.findall(text):
        plain = folded(token)
        if plain.strip("-"):
            found[plain] = None
    return list(found)[:MOST_TYPED]


def phrase_of(text: str) -> Way:
    """The words of a phrase in their order, what a hyphen joins in its parts."""
    words = (folded(part) for token in TOKEN.findall(text) for part in JOINT.split(token))
    return tuple(word for word in words if word.strip("-"))[:MOST_TYPED]
