"""Text as words: folded in Python, so that “Électricité” is found by “electricite” on any server."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping
from functools import lru_cache

LONGEST_WORD, MOST_WORDS, MOST_TYPED = 40, 1_000, 8
WEIGHTS = "ABCD"
_SPLIT = re.compile(r"[^\W_]+(?:[-'’.][^\W_]+)*")
_PARTS = re.compile(r"[-'’.]")


@lru_cache(maxsize=200_000)
def _folded(word: str) -> str:
    plain = unicodedata.normalize("NFKD", word.casefold())
    return "".join(c for c in plain if c.isalnum() or c == "-")[:LONGEST_WORD]


def words_of(text: str) -> list[str]:
    """The folded words of a text, each once, in their order; what a hyphen joins is found whole and in its parts."""
    found: dict[str, None] = {}
    for token in _SPLIT.findall(text):
        parts = _PARTS.split(token)
        for word in (token, *parts) if len(parts) > 1 else (token,):
            folded = _folded(word)
            if folded.strip("-"):
                found[folded] = None
                if folded.isdigit() and folded[0] == "0" and folded.strip("0"):
                    found[folded.lstrip("0")] = None
        if len(found) >= MOST_WORDS:
            break
    return list(found)


def vector(number: int, own: Iterable[tuple[str, str]], linked: Iterable[tuple[str, str]] = ()) -> tuple[str, set[str]]:
    """The text of a tsvector out of (text, weight) pairs, and its words; a word keeps its best weight. What the record says itself is
    told apart from the names of the records that it refers to, so that a search for a name finds its bearer first."""
    best = _weighted(own)
    named = {word: weight for word, weight in _weighted(linked).items() if word not in best}
    return " ".join((*(f"'{number}.{word}':1{weight}" for word, weight in best.items()),
                     *(f"'{number}~{word}':1{weight}" for word, weight in named.items()))), {*best, *named}


def _weighted(said: Iterable[tuple[str, str]]) -> dict[str, str]:
    best: dict[str, str] = {}
    for text, weight in said:
        for word in words_of(text):
            if weight < best.get(word, "E"):
                best[word] = weight
        if len(best) >= MOST_WORDS:
            break
    return best


def query(number: int, words: Iterable[str], instead: Mapping[str, Iterable[str]] | None = None, *, beginning: bool = True,
          linked: bool = False) -> str:
    """The text of a tsquery: all words, the last one as a beginning, each or one of those that stand `instead` of it; with `linked`
    also where the words are names of records that are referred to."""
    wanted = list(words)
    marks = ".~" if linked else "."
    parts = []
    for place, word in enumerate(wanted):
        ending = ":*" if beginning and place == len(wanted) - 1 else ""
        others = [(other, "") for other in (instead or {}).get(word, ())]
        asked = [f"'{number}{mark}{each}'{end}" for each, end in ((word, ending), *others) for mark in marks]
        parts.append(f"({' | '.join(asked)})")
    return " & ".join(parts)


def typed_words(text: str) -> list[str]:
    """The words of what somebody typed; a reference stays whole, and repeats go."""
    found: dict[str, None] = {}
    for token in _SPLIT.findall(text):
        folded = _folded(token)
        if folded.strip("-"):
            found[folded] = None
    return list(found)[:MOST_TYPED]
