"""Words that mean the same in an organisation: “helicopter = hélicoptère = chopper”, edited by its administrators."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Mapped

from app.core.search.words import Way, phrase_of
from app.kernel.db import session
from app.kernel.errors import Invalid
from app.kernel.fields import text
from app.kernel.records import Record

MOST_WAYS, MOST_GROUPS, LONGEST = 20, 2_000, 3
_BETWEEN = re.compile(r"\s*[=,;\n]\s*")


class Synonym(Record):
    """One group of words, or of phrases of up to three, that all find the same."""

    __tablename__ = "search_synonym"
    __prefix__ = "SYN"
    __label__, __plural__, __slug__ = _l("Synonym"), _l("Synonyms"), "synonyms"

    words: Mapped[str] = text(_l("Words that mean the same"), max_length=400,
                              extra={"samples": ("lorry = truck = HGV", "cot = crib", "lift = elevator")},
                              help=_l("With = between them: helicopter = hélicoptère = chopper. A search for one finds the others."))


def keep(synonym: Any) -> None:
    """Check a group before it is saved, and write it alike. Raises `Invalid`."""
    said = [each for each in dict.fromkeys(_BETWEEN.split(synonym.words.strip())) if phrase_of(each)]
    ways = {phrase_of(each) for each in said}
    if len(ways) < 2:
        raise Invalid({"words": [_("Give two words or more, with = between them.")]})
    if len(said) > MOST_WAYS or any(len(way) > LONGEST for way in ways):
        raise Invalid({"words": [_("Give at most %(most)s, of at most %(longest)s words each.", most=MOST_WAYS, longest=LONGEST)]})
    synonym.words = " = ".join(said)


def same(words: Sequence[str]) -> dict[Way, list[Way]]:
    """The ways that stand among these words and mean the same as others, with these."""
    found: dict[Way, list[Way]] = {}
    if not words:
        return found
    present = {tuple(words[place:place + length]) for length in range(1, LONGEST + 1) for place in range(len(words) - length + 1)}
    for line in session().scalars(select(Synonym.words).where(Synonym.archived_at.is_(None)).limit(MOST_GROUPS)):
        group = [way for each in _BETWEEN.split(line) if (way := phrase_of(each))]
        for way in group:
            if way in present:
                found.setdefault(way, []).extend(other for other in group if other != way)
    return found
