"""Text as words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.search.asking import understood
from app.core.search.words import LONGEST_WORD, MOST_WORDS, query, typed_words, vector, words_of


@pytest.mark.parametrize(("text", "words"), [
    ("Électricité générale", ["electricite", "generale"]), ("PAY-2026-00042", ["pay-2026-00042", "pay", "2026", "00042", "42"]),
    ("l'eau", ["leau", "l", "eau"]), ("Straße", ["strasse"]), ("", []), ("— … !", []), ("a_b", ["a", "b"]),
])
def test_words_are_folded_and_parts_are_found_too(text: str, words: list[str]) -> None:
    assert words_of(text) == words


def test_a_word_stands_where_it_stood_and_what_counts_most_stands_first() -> None:
    assert vector(7, [("pump", "C"), ("Pump valve", "A"), ("valve", "D")])[0] == "'7.pump':1A,5C '7.valve':2A,8D"
    assert vector(7, [("quay-side office", "A")])[0] == "'7.quay-side':1A '7.quay':1A '7.side':2A '7.office':3A"


def test_the_last_word_is_a_beginning_and_others_stand_in_for_it() -> None:
    assert query(7, [[("pmup",), ("pump",)], [("hou",)]]) == "('7.pmup' | '7.pump') & ('7.hou':*)"
    assert query(7, [[("pump",)]], beginning=False) == "('7.pump')"
    assert query(7, [[("forklift",), ("fork", "lift")]], [("old",)]) == "('7.forklift':* | ('7.fork' <-> '7.lift')) & !('7.old' | '7~old')"
    assert query(7, [[("ann",)]], linked=True) == "('7.ann':* | '7~ann':*)"


@pytest.mark.parametrize(("typed", "said"), [
    ('crane "harbour wall" -paint', (("crane",), (("harbour", "wall"),), (("paint",),), ())),
    ('type:incident site:"Rowan Alpha" leak', (("leak",), (), (), (("type", "incident"), ("site", "Rowan Alpha")))),
    ("note: 12:30 http://x", (("note", "12", "30", "http", "x"), (), (), ())),
    ('-"old paint" "', ((), (), (("old", "paint"),), ())), ("- -- :", ((), (), (), ())), ('"quay-side"', ((), (("quay", "side"),), (), ())),
    ("TYPE:x", ((), (), (), (("type", "x"),))), ("PAY-2026-7", (("pay-2026-7",), (), (), ())),
])
def test_what_is_typed_is_understood(typed: str, said: tuple[object, ...]) -> None:
    asked = understood(typed, lambda name, _value: name in ("type", "site"))
    assert (asked.words, asked.phrases, asked.without, asked.said) == said


@given(st.text(max_size=3_000))
def test_no_text_gives_a_word_that_could_leave_its_quotes(text: str) -> None:
    for word in (*words_of(text), *typed_words(text)):
        assert len(word) <= LONGEST_WORD
        assert not set(word) & set("'\\ :&|!*()")
    assert len(words_of(text)) <= MOST_WORDS + 10
