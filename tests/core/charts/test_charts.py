"""Charts: the numbers that go in are those that are drawn, said, listed and printed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import pytest
from defusedxml import ElementTree
from flask import Flask
from flask_babel import force_locale
from pypdf import PdfReader
from reportlab.pdfgen.canvas import Canvas

from app.core.charts import Chart, Series, drawing, said, summary, svg, table
from app.core.charts.geometry import marks, ticks

LABELS = ("Near miss", "First aid", "Lost time")
BAR = Chart("bar", "Incidents", LABELS, (Series("Count", (12, 4, 1)),))
LINE = Chart("line", "Weeks", ("1", "2", "3", "4"), (Series("Asked", (1, 5, None, 3)), Series("Agreed", (0, 2, 4, 3))))
PIE = Chart("pie", "Shares", LABELS, (Series("Count", (6, 3, 1)),))
EMPTY = Chart("bar", "Nothing", (), ())


@pytest.fixture(autouse=True)
def english(app: Flask) -> Iterator[None]:
    with app.test_request_context("/"), force_locale("en"):
        yield


def drawn(chart: Chart) -> ElementTree:
    return ElementTree.fromstring(svg(chart))


def titles(chart: Chart) -> list[str]:
    return [each.text or "" for each in drawn(chart).iter("{http://www.w3.org/2000/svg}title")]


@pytest.mark.requirement("LG-326")
def test_pointing_at_a_value_says_it_and_the_table_has_the_same_numbers() -> None:
    assert titles(BAR) == ["Near miss: 12", "First aid: 4", "Lost time: 1"]
    assert titles(LINE) == ["1 · Asked: 1", "2 · Asked: 5", "4 · Asked: 3",
                            "1 · Agreed: 0", "2 · Agreed: 2", "3 · Agreed: 4", "4 · Agreed: 3"]
    assert titles(PIE) == ["Near miss: 6", "First aid: 3", "Lost time: 1"]
    assert table(BAR) == [["", "Count"], ["Near miss", "12"], ["First aid", "4"], ["Lost time", "1"]]
    assert table(LINE)[3] == ["3", "–", "4"]


def test_bars_are_as_long_as_their_values() -> None:
    boxes = [mark for mark in marks(BAR, 480, 260) if mark.kind == "box"]
    lengths = [max(mark.at[2], mark.at[3]) if len({m.at[2] for m in boxes}) > 1 else mark.at[3] for mark in boxes]
    assert lengths[0] == pytest.approx(12 * lengths[2])
    assert lengths[1] == pytest.approx(4 * lengths[2])


def test_slices_are_as_wide_as_their_shares() -> None:
    turns = [mark.at[5] - mark.at[4] for mark in marks(PIE, 480, 260) if mark.kind == "slice"]
    assert sum(turns) == pytest.approx(6.2831853)
    assert turns[0] == pytest.approx(2 * turns[1]) == pytest.approx(6 * turns[2])


@pytest.mark.parametrize("slices", [1, 6, 40])
def test_in_a_high_picture_the_names_stand_below_the_ring_and_inside(slices: int) -> None:
    chart = Chart("pie", "High", [f"Slice {n}" for n in range(slices)], (Series("x", tuple(range(1, slices + 1))),))
    drawn_marks = marks(chart, 340, 340)
    ring = next(mark for mark in drawn_marks if mark.kind == "slice")
    names = [mark for mark in drawn_marks if mark.kind == "words" and mark.anchor == "start"]
    assert len(names) == slices
    assert all(ring.at[1] + ring.at[2] < name.at[1] <= 340 for name in names)


def test_a_line_has_a_gap_where_there_is_no_value() -> None:
    lines = [mark for mark in marks(LINE, 480, 260) if mark.kind == "line" and mark.group == 0]
    assert [len(line.at) for line in lines] == [4]


def test_below_nothing_hangs_from_zero() -> None:
    chart = Chart("bar", "Change", ("a", "b"), (Series("x", (-5, 5)),))
    below, above = [mark.at for mark in marks(chart, 480, 260) if mark.kind == "box"]
    assert below[1] == pytest.approx(above[1] + above[3])
    assert below[3] == pytest.approx(above[3])


def test_long_labels_stand_beside_their_bars_and_are_shortened() -> None:
    chart = Chart("bar", "Long", [f"A very long label that nobody can write beneath a bar {n}" for n in range(5)],
                  (Series("x", range(1, 6)),))
    drawn_words = [mark for mark in marks(chart, 480, 260) if mark.kind == "words"]
    assert any(mark.words.endswith("…") for mark in drawn_words)
    assert all(0 <= mark.at[0] <= 480 and 0 <= mark.at[1] <= 260 for mark in drawn_words)


@pytest.mark.parametrize("kind", ["bar", "line", "pie"])
@pytest.mark.parametrize("values", [(), (0,), (None, None), (0.1, 0.25), (1e9, 3), (-4, 9), tuple(range(200))])
def test_odd_numbers_are_drawn_inside_the_picture(kind: str, values: tuple[float, ...]) -> None:
    chart = Chart(kind, "Odd", [f"L{n}" for n in range(len(values))], (Series("x", values),))  # type: ignore[arg-type]
    for mark in marks(chart, 360, 200):
        if mark.kind == "box" and mark.group >= 0 and kind != "pie":
            x, y, wide, high = mark.at
            assert -0.01 <= x <= x + wide <= 360.01
            assert -0.01 <= y <= y + high <= 200.01
    assert ElementTree.fromstring(svg(chart, 360, 200)) is not None
    assert summary(chart)


def test_nothing_to_show_is_said() -> None:
    assert "Nothing to show" in svg(EMPTY)
    assert summary(EMPTY) == "Nothing: there is nothing to show."
    assert table(EMPTY) == [[""]]


def test_one_sentence_says_the_ends() -> None:
    assert summary(BAR) == "Incidents: bar chart with 3 values. Highest: Near miss 12; lowest: Lost time 1."
    root = drawn(BAR)
    assert (root.get("role"), root.get("aria-label")) == ("img", summary(BAR))


def test_the_policy_of_the_page_lets_it_through() -> None:
    hostile = Chart("bar", '"><script>alert(1)</script>', ("<b>", "&"), (Series("<i>", (1, 2)), Series("x", (2, 3))))
    for chart in (BAR, LINE, PIE, EMPTY, hostile):
        assert not re.search(r"<script|<style|\sstyle=|\son\w+=|href=", svg(chart))
    assert titles(hostile)[0] == "<b> · <i>: 1"


def test_units_are_said() -> None:
    assert said(Chart("bar", "", (), (), "EUR"), 1234.5) == "€1,234.50"
    assert said(Chart("bar", "", (), (), "h"), 3) == "3 h"
    with force_locale("de"):
        assert said(Chart("bar", "", (), (), "EUR"), 1234.5) == "1.234,50\xa0€"


def test_round_steps_hold_all_values() -> None:
    assert ticks(0, 12) == [0, 3, 6, 9, 12]
    assert ticks(0, 1.2) == [0, 0.25, 0.5, 0.75, 1.0, 1.25]
    assert ticks(0, 3) == [0, 1, 2, 3]
    assert ticks(0, 0) == [0, 1]
    assert ticks(-5, 5)[0] <= -5


def test_the_same_picture_goes_into_a_pdf() -> None:
    out = io.BytesIO()
    canvas = Canvas(out)
    for chart in (BAR, LINE, PIE, EMPTY):
        drawing(chart).drawOn(canvas, 20, 400)
        canvas.showPage()
    canvas.save()
    pages = [page.extract_text() for page in PdfReader(out).pages]
    for chart, page in zip((BAR, LINE, PIE, EMPTY), pages, strict=True):
        written = {mark.words for mark in marks(chart, 480, 260) if mark.kind == "words"}
        assert all(words in page for words in written)


def test_what_follows_in_time_goes_from_left_to_right() -> None:
    labels = [f"September {year}" for year in range(2014, 2026)]
    timed, plain = (Chart("bar", "Years", labels, (Series("x", range(1, 13)),), timed=each) for each in (True, False))
    places = [[mark.at[0] for mark in marks(chart, 300, 200) if mark.kind == "box"] for chart in (timed, plain)]
    assert places[0] == sorted(places[0])
    assert len(set(places[0])) == 12
    assert len(set(places[1])) == 1


def test_every_label_of_what_is_no_time_is_written() -> None:
    for count in range(2, 15):
        for letters in (3, 6, 9, 14):
            labels = [f"{n:02d}{'m' * letters}" for n in range(count)]
            chart = Chart("bar", "All", labels, (Series("x", range(count)),))
            written = {mark.words for mark in marks(chart, 440, 215) if mark.kind == "words"}
            assert set(labels) <= written, (count, letters)
