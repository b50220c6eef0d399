"""The words in use, per organisation, kept in memory for a while; typing errors are corrected against them."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from rapidfuzz import process
from rapidfuzz.distance import OSA
from sqlalchemy import event, text
from sqlalchemy.orm import Session

from app.kernel.current import current
from app.kernel.db import session

FRESH_SECONDS, SHORTEST, CUTOFF, MOST = 30.0, 4, 0.7, 4
LARGEST = 300_000
LEARNED = "search_words"
_WORDS = text("SELECT DISTINCT word FROM search_word WHERE organisation_id = :organisation LIMIT :most")
_COUNT = text("SELECT id FROM search_word WHERE organisation_id = :organisation ORDER BY id DESC LIMIT 1")


@dataclass
class Vocabulary:
    """One organisation's words in order, and when it was last asked whether there are more."""

    words: list[str] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    newest: UUID | None = None
    asked: float = -FRESH_SECONDS


_cache: dict[UUID, Vocabulary] = {}


def is_word(word: str) -> bool:
    """Whether a word is worth correcting against: letters, and enough of them."""
    return len(word) >= SHORTEST and word.isalpha()


def unknown_words(words: Iterable[str]) -> set[str]:
    """Those of the words that are not in the vocabulary yet; the caller adds them in this transaction."""
    new = {word for word in words if is_word(word)} - vocabulary().known
    pending = session().info.setdefault(LEARNED, {}).setdefault(current.organisation.id, set())
    new -= pending
    pending |= new
    return new


@event.listens_for(Session, "after_commit")
def _keep(work: Session) -> None:
    if work.in_nested_transaction():
        return  # what follows may still undo it
    for organisation_id, words in work.info.pop(LEARNED, {}).items():
        if organisation_id in _cache:
            _cache[organisation_id].known |= words


@event.listens_for(Session, "after_soft_rollback")
def _forget(work: Session, _transaction: Any) -> None:
    work.info.pop(LEARNED, None)


def vocabulary(fresh: float = FRESH_SECONDS) -> Vocabulary:
    """The organisation's words as they were at most `fresh` seconds ago; read again only when some were added."""
    organisation_id = current.organisation.id
    held = _cache.setdefault(organisation_id, Vocabulary())
    if time.monotonic() - held.asked < fresh:
        return held
    connection = session().connection()
    newest = connection.execute(_COUNT, {"organisation": organisation_id}).scalar()
    if newest != held.newest or newest is None:
        rows = connection.execute(_WORDS, {"organisation": organisation_id, "most": LARGEST}).scalars()
        known = set(rows)
        held = Vocabulary(sorted(known), known, newest)
    held.asked = time.monotonic()
    _cache[organisation_id] = held
    return held


def forget() -> None:
    """Read every vocabulary anew at the next use."""
    _cache.clear()


def begins(held: Vocabulary, word: str) -> bool:
    """Whether any word in use begins like this."""
    place = bisect_left(held.words, word)
    return place < len(held.words) and held.words[place].startswith(word)


def corrections(word: str) -> list[str]:
    """The words in use that are nearest to one that is not; empty when it is right, or nothing is near."""
    if not is_word(word) or begins(vocabulary(), word):
        return []
    held = vocabulary(fresh=0)
    if begins(held, word):
        return []
    near = process.extract(word, held.words, scorer=OSA.normalized_similarity, score_cutoff=CUTOFF, limit=MOST)
    return [found for found, _score, _place in near]
