"""Other ways to say a word: mistyped, in another form of it, or by a word that means the same."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import text

from app.core.search.synonyms import same
from app.core.search.vocabulary import corrections, is_word, vocabulary
from app.core.search.words import Way
from app.kernel.db import session

_FOLDED = (("oes", "ao"), ("ao", "oes"))  # inspeções, inspeção: without their accents the stemmer does not know them
STEM, MOST_MATES, MOST_KIN = 3, 400, 24
_KIN = text("""SELECT DISTINCT near FROM unnest(CAST(:near AS text[])) near,
  unnest(ARRAY['english_stem', 'french_stem', 'spanish_stem', 'portuguese_stem', 'german_stem', 'italian_stem']::regdictionary[]) stem
  WHERE ts_lexize(stem, near) = ts_lexize(stem, :word) AND length((ts_lexize(stem, near))[1]) >= :shortest ORDER BY near LIMIT :most""")


@dataclass(frozen=True)
class Ways:
    """The parts of what is asked for, each with its ways: what was typed `exactly` (or corrected), and `widely` what means the same.
    `corrected` are the mistyped words with the right ones that are near, the nearest first."""

    exactly: Sequence[Sequence[Way]] = ()
    widely: Sequence[Sequence[Way]] = ()
    corrected: dict[str, list[str]] = field(default_factory=dict)


def ways_of(words: Sequence[str]) -> Ways:
    """Every way to say these words that the organisation's own words allow."""
    groups = same(words)
    exactly: list[list[Way]] = []
    widely: list[list[Way]] = []
    corrected: dict[str, list[str]] = {}
    for part in _parts(words, groups):
        if len(part) > 1:
            exactly.append([part])
            widely.append([part, *groups[part]])
            continue
        kin = kin_of(part[0])
        right = [] if kin or part in groups else corrections(part[0])
        if right:
            corrected[part[0]] = right
        exactly.append([part, *((word,) for word in right)])
        widely.append([*exactly[-1], *((word,) for word in kin), *groups.get(part, ())])
    return Ways(exactly, widely, corrected)


def _parts(words: Sequence[str], groups: Iterable[Way]) -> list[Way]:
    """The words, those joined that have a synonym only together: “fork lift” = “forklift”."""
    found: list[Way] = []
    place = 0
    longer = sorted((way for way in groups if len(way) > 1), key=len, reverse=True)
    while place < len(words):
        part = next((way for way in longer if tuple(words[place:place + len(way)]) == way), (words[place],))
        found.append(part)
        place += len(part)
    return found


def kin_of(word: str) -> list[str]:
    """Other forms of a word that are in use: “inspections” for “inspection”, by the stems of the six languages (Snowball)."""
    if not is_word(word):
        return []
    words = vocabulary().words
    turned = [word.removesuffix(end) + other for end, other in _FOLDED if word.endswith(end)]
    root = word[:max(STEM, len(word) - 5)]
    place = bisect_left(words, root)
    near = [each for each in words[place:place + MOST_MATES] if each.startswith(root) and each != word]
    if not near:
        return []
    told = {"near": near, "word": word, "shortest": STEM, "most": MOST_KIN}
    return list(dict.fromkeys((*session().connection().execute(_KIN, told).scalars(), *(each for each in turned if each in near))))

