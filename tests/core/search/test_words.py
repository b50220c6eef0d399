"""Text as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.search.words import LONGEST_WORD, MOST_WORDS, query, typed_words, vector, words_of


@pytest.mark.parametrize(("text", "words"), [
    ("Électricité générale", ["electricite", "generale"]), ("PAY-2026-00042", ["pay-2026-00042", "pay", "2026", "00042", "42"]),
    ("l'eau", ["leau", "l", "eau"]), ("Straße", ["strasse"]), ("", []), ("— … !", []), ("a_b", ["a", "b"]),
])
def test_words_are_folded_and_parts_are_found_too(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_word_keeps_its_best_weight() -> None:
    assert vector(7, [("pump", "C"), ("Pump valve", "A"), ("valve", "D")])[0] == "'7.pump':1A '7.valve':1A"


def test_the_last_word_is_a_beginning_and_others_stand_in_for_a_mistyped_one() -> None:
    assert query(7, ["pmup", "hou"], {"pmup": ["pump"]}) == "('7.pmup' | '7.pump') & ('7.hou':*)"
    assert query(7, ["pump"], beginning=False) == "('7.pump')"


@given(st.text(max_size=3_000))
def test_no_text_gives_a_word_that_could_leave_its_quotes(text: str) -> None:
    for word in (*words_of(text), *typed_words(text)):
        assert len(word) <= LONGEST_WORD
        assert not set(word) & set("'\\ :&|!*()")
    assert len(words_of(text)) <= MOST_WORDS + 10
