"""Excel files: rows in loops, cells that keep their kind, and everything around them that follows."""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask_babel import Babel

from app.core.documents import filling, starters
from app.kernel.errors import Invalid
from tests.core.documents.papers import ITEMS, VALUES, fill, part, rows, sheet


@pytest.fixture(autouse=True)
def sentences() -> Iterator[None]:
    """What is said of mistakes is said in English; nothing else of an application is needed."""
    bare = Flask("bare")
    Babel(bare)
    with bare.test_request_context():
        yield


def company(page: Any, book: Any) -> None:
    """The house's own sheet: a logo, colours, widths, a row in a loop with a formula, a total below, a merged cell, a name."""
    head = book.add_format({"bold": True, "bg_color": "#1D4ED8", "font_color": "white"})
    money, plain = book.add_format({"num_format": "#,##0.00"}), book.add_format({"border": 1})
    page.insert_image(0, 0, "logo.png", {"image_data": io.BytesIO(starters.picture())})
    page.set_column(0, 0, 33)
    page.write_string(1, 1, "{{ company.name }}, {{ count }}", head)
    for place, words in enumerate(("Name", "Amount", "Double", "Day")):
        page.write(3, place, words, head)
    page.write_string(4, 0, "{% for item in items %}{{ item.name }}", plain)
    page.write_string(4, 1, "{{ item.amount }}", money)
    page.write_formula(4, 2, "=B5*2", money)
    page.write_string(4, 3, "{{ item.day }}{% endfor %}")
    page.write_formula(5, 1, "=SUM(B5:B5)", money)
    page.merge_range("A8:C8", "below {{ user.name }}", plain)
    book.define_name("Total", "=List!$B$6")
    page.autofilter("A4:D5")
    page.conditional_format("B5:B5", {"type": "cell", "criteria": ">", "value": 5, "format": head})


@pytest.mark.requirement("OF-336", "OF-179")
def test_logo_colours_widths_and_names_stay_and_the_data_is_there() -> None:
    template = sheet(company)
    made = fill(template, "xlsx")
    assert part(made, "xl/media/image1.png") == part(template, "xl/media/image1.png")
    page = openpyxl.load_workbook(io.BytesIO(made)).active
    assert page.column_dimensions["A"].width == pytest.approx(33.7, abs=0.1)
    assert page["A4"].fill.fgColor.rgb == "FF1D4ED8"
    assert page["B2"].value == "Acme & Sons, 3"
    assert [cell.value for cell in page["A"]][3:8] == ["Name", "one", "two", "three", None]
    assert [page[f"B{n}"].value for n in (5, 6, 7)] == [7.5, 2, 0.25]
    assert page["B7"].number_format == "#,##0.00"
    assert page["B8"].value == "=SUM(B5:B7)"
    assert [page[f"C{n}"].value for n in (5, 6, 7)] == ["=B5*2", "=B6*2", "=B7*2"]
    assert [str(each) for each in page.merged_cells.ranges] == ["A10:C10"]
    assert page["A10"].value == "below Ana <b>"
    assert page.auto_filter.ref == "A4:D7"
    assert page.parent.defined_names["Total"].attr_text == "List!$B$8"
    assert [str(each.sqref) for each in page.conditional_formatting] == ["B5:B7"]


def test_dates_are_dates_in_a_cell_that_was_not_made_for_one_too() -> None:
    page = openpyxl.load_workbook(io.BytesIO(fill(sheet(company), "xlsx"))).active
    assert page["D5"].value == datetime(2026, 1, 31)  # noqa: DTZ001 -- what a sheet holds
    assert page["D5"].is_date
    assert page["D7"].value is None


@pytest.mark.parametrize("value", ["=1+1", "=cmd|'/C calc'!A0", "+1", "@SUM(1)", "00123", "1e5", "2026-01-31", "<x>&amp;",
                                   "{{ user.name }}"])
def test_what_is_text_stays_text(value: str) -> None:
    made = fill(sheet(lambda page, _book: page.write_string(0, 0, "{{ record.title }}")), "xlsx", {"record": {"title": value}})
    cell = openpyxl.load_workbook(io.BytesIO(made)).active["A1"]
    assert (cell.data_type, cell.value) == ("s", value)
    assert b"<f>" not in part(made, "xl/worksheets/sheet1.xml")


def test_long_text_is_cut_at_what_a_cell_holds_and_lines_are_kept() -> None:
    template = sheet(lambda page, _book: page.write_string(0, 0, "{{ record.title }}"))
    assert len(rows(fill(template, "xlsx", {"record": {"title": "&" * 50_000}}))[0][0]) == 32_767
    page = openpyxl.load_workbook(io.BytesIO(fill(template, "xlsx", {"record": {"title": "a\nb"}}))).active
    assert page["A1"].value == "a\nb"
    assert page["A1"].alignment.wrap_text


def test_sums_and_numbers_of_a_template_are_numbers() -> None:
    def write(page: Any, _book: Any) -> None:
        page.write_string(0, 0, "{{ count * 2 }}")
        page.write_string(0, 1, "{{ count }} rows")
        page.write_string(0, 2, "{{ user.is_admin }}")
        page.write_string(0, 3, "{{ items[0].amount }} in all")
        page.write_string(0, 4, "{{ record.title }}")

    assert rows(fill(sheet(write), "xlsx", {"record": {"title": "True"}}))[0] == (6, "3 rows", True, "€7.50 in all", "True")


def test_rows_that_hold_nothing_but_tags_go_and_loops_nest() -> None:
    def write(page: Any, _book: Any) -> None:
        for row, words in enumerate(("{% for group in groups %}", "{{ group.name }}", "{% for part in group.parts %}", "{{ part }}",
                                     "{% endfor %}", "{% endfor %}", "end")):
            page.write_string(row, 0, words)

    groups = [{"name": "A", "parts": ["a", "b"]}, {"name": "B", "parts": []}]
    assert [row[0] for row in rows(fill(sheet(write), "xlsx", {"groups": groups}))] == ["A", "a", "b", "B", "end"]


def test_a_range_called_items_is_repeated_without_any_tag() -> None:
    def write(page: Any, book: Any) -> None:
        page.write_string(0, 0, "Name")
        page.write_string(1, 0, "{{ item.name }}")
        page.write(2, 0, "end")
        book.define_name("items", "=List!$A$2:$B$2")

    assert [row[0] for row in rows(fill(sheet(write), "xlsx"))] == ["Name", "one", "two", "three", "end"]


def test_a_sheet_that_counts_another_one_follows_it() -> None:
    def write(page: Any, book: Any) -> None:
        company(page, book)
        book.add_worksheet("Sum").write_formula(0, 0, "=SUM(List!B5:B5)+COUNTA('List'!A5:A5)")

    book = openpyxl.load_workbook(io.BytesIO(fill(sheet(write), "xlsx")))
    assert book["Sum"]["A1"].value == "=SUM(List!B5:B7)+COUNTA('List'!A5:A7)"


def test_a_thousand_rows_come_in_portions() -> None:
    many = [{"name": f"n{n}", "amount": f"\x04n{n}\x05x", "day": ""} for n in range(1_001)]
    found = rows(fill(sheet(company), "xlsx", {"items": many, "count": len(many)}))
    assert [row[0] for row in found[4:1005]] == [f"n{n}" for n in range(1_001)]
    assert found[1005][1] == "=SUM(B5:B1005)"


def test_no_rows_at_all() -> None:
    found = rows(fill(sheet(company), "xlsx", {"items": [], "count": 0}))
    assert found[3][0] == "Name"
    assert all(row[0] is None or str(row[0]).startswith("below") for row in found[4:])


def test_mistakes_are_named_by_sheet_and_cell() -> None:
    def write(page: Any, _book: Any) -> None:
        page.write_string(0, 0, "{{ cuont }}")
        page.write_string(2, 1, "{% for item in items %}{{ item.nmae }} x")
        page.write_string(2, 2, "{% endfor %}")

    with pytest.raises(Invalid) as caught:
        filling.check(io.BytesIO(sheet(write)), "xlsx", VALUES)
    assert caught.value.errors == {"file": [
        "sheet “List”, cell A1, “{{ cuont }}”: “cuont” is not known here. Did you mean “count”?",
        "sheet “List”, cell B3, “{{ item.nmae }}”: “item.nmae” is not known here. Did you mean “item.name”?"]}


def test_items_of_the_examples_are_as_the_pages_give_them() -> None:
    assert ITEMS[0]["amount"].startswith("\x04n")
