"""The answers to OWASP ASVS 5.0.0: complete for its levels 1 and 2, each resting on a test that exists, a file, or a reason."""

from __future__ import annotations

import re
from collections import Counter
from typing import NamedTuple

from app.kernel.config import PROJECT

PAGE = PROJECT / "docs" / "security" / "asvs.md"
# The standard's sections with the numbers of their requirements at level 1 and at level 2; those of level 3 are left out.
SECTIONS = """
1.1 - 1-2|1.2 1-5 6-9|1.3 1-2 3-11|1.4 - 1-3|1.5 1 2|2.1 1 2-3|2.2 1-2 3|2.3 1 2-4|2.4 - 1|3.2 1-2 -|3.3 1 2-4|3.4 1-2 3-6|3.5 1-3 4-5
3.7 - 1-2|4.1 1 2-3|4.2 - 1|4.3 - 1-2|4.4 1 2-4|5.1 - 1|5.2 1-2 3|5.3 1-2 -|5.4 - 1-3|6.1 1 2-3|6.2 1-8 9-12|6.3 1-2 3-4|6.4 1-2 3-4
6.5 - 1-5|6.6 - 1-3|6.8 - 1-4|7.1 - 1-3|7.2 1-4 -|7.3 - 1-2|7.4 1-2 3-5|7.5 - 1-2|7.6 - 1-2|8.1 1 2|8.2 1-2 3|8.3 1 -|8.4 - 1
9.1 1-3 -|9.2 1 2-4|10.1 - 1-2|10.2 - 1-2|10.3 - 1-4|10.4 1-5 6-11|10.5 - 1-5|10.6 - 1-2|10.7 - 1-3|11.1 - 1-2|11.2 - 1-3
11.3 1-2 3|11.4 1 2-4|11.5 - 1|11.6 - 1|12.1 1 2-3|12.2 1-2 -|12.3 - 1-4|13.1 - 1|13.2 - 1-5|13.3 - 1-2|13.4 1 2-5|14.1 - 1-2
14.2 1 2-4|14.3 1 2-3|15.1 1 2-3|15.2 1 2-3|15.3 1 2-7|16.1 - 1|16.2 - 1-5|16.3 - 1-4|16.4 - 1-3|16.5 - 1-3|17.1 - 1|17.2 - 1-4|17.3 - 1-2
"""
ANSWERS = ("holds", "does not apply", "open")
ROW = re.compile(r"^\| V([\d.]+) \| ([12]) \| (.+?) \| ([a-z ]+) \| (.+) \|$")
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")
NAMED = re.compile(r"`((?:app|deploy|docs|static|templates|tests)/[\w./-]+?)(?:::\w+)?`")


class Row(NamedTuple):
    """One line of the page."""

    id: str
    level: int
    short: str
    answer: str
    proof: str


def _span(said: str) -> range:
    first, _dash, last = said.partition("-")
    return range(int(first), int(last or first) + 1) if first else range(0)


def wanted() -> dict[str, int]:
    """Every requirement of the two levels, with its level."""
    found = {}
    for section, *levels in (entry.split() for entry in re.split(r"[|\n]", SECTIONS.strip())):
        for level, said in enumerate(levels, start=1):
            found.update({f"{section}.{number}": level for number in _span(said.removeprefix("-") if said == "-" else said)})
    return found


def rows() -> list[Row]:
    """The lines of the page that are answers."""
    found = (ROW.match(line) for line in PAGE.read_text().splitlines())
    return [Row(row[1], int(row[2]), row[3], row[4], row[5]) for row in found if row]


def test_every_requirement_of_both_levels_has_its_row() -> None:
    asked = wanted()
    assert Counter(asked.values()) == {1: 70, 2: 183}, "as many as the standard has"
    assert {row.id: row.level for row in rows()} == asked
    assert len(rows()) == len(asked), "one row each"


def test_each_answer_rests_on_something() -> None:
    for row in rows():
        assert row.answer in ANSWERS, row.id
        assert len(row.proof) >= 10, row.id
        if row.answer == "does not apply":
            assert not TEST.search(row.proof), f"V{row.id}: what does not apply needs no test"


def test_every_test_and_file_that_is_named_exists() -> None:
    for row in rows():
        for path in NAMED.findall(row.proof):
            assert (PROJECT / path).exists(), f"V{row.id}: {path}"
        for path, name in TEST.findall(row.proof):
            assert re.search(rf"^(?:async )?def {name}\(", (PROJECT / path).read_text(), re.MULTILINE), f"V{row.id}: {path}::{name}"


def test_the_sums_at_the_head_are_those_of_the_rows() -> None:
    counted = Counter(row.answer for row in rows())
    said = " · ".join(f"{answer}: {counted[answer]}" for answer in ANSWERS)
    assert said in PAGE.read_text()
