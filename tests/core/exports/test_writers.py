"""Each writer alone: the same rows in CSV, XLSX, JSON and PDF, typed, and harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import pytest
from flask import Flask
from pypdf import PdfReader

from app.core import exports
from app.core.exports import Column, Imprint, Sheet

COLUMNS = (
    Column("name", "Name", required=True),
    Column("day", "Day", "date"),
    Column("at", "At", "datetime"),
    Column("amount", "Amount", "money", numeric=True),
    Column("ok", "OK", "boolean"),
    Column("kind", "Kind", "choice", choices=("Good", "Bad"), help="One of two."),
)
SHOWN = (datetime(2026, 2, 28), datetime(2026, 7, 1, 14, 0))  # noqa: DTZ001 -- cells of a sheet carry no zone
MOMENT = datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
ROWS: list[list[Any]] = [
    ["Łódź & Söhne", date(2026, 2, 28), MOMENT, Decimal("-1234.50"), True, "Good"],
    ["=cmd|' /C calc'!A0", None, None, None, False, None],
    ["+49 30", None, None, Decimal("0.00"), None, "'@x"],
]


@pytest.fixture(autouse=True)
def _inside(application: Flask) -> Iterator[None]:
    with application.test_request_context("/"):
        yield


def sheet(rows: list[list[Any]] | None = None) -> Sheet:
    return Sheet("Payments / 2026: [x]", COLUMNS, ROWS if rows is None else rows)


@pytest.mark.parametrize(("separator", "bom"), [(",", True), (";", False)])
def test_csv(separator: str, bom: bool) -> None:
    target = io.BytesIO()
    assert exports.write_delimited(sheet(), target, separator=separator, bom=bom, zone="Europe/Paris") == 3
    text = target.getvalue().decode()
    assert text.startswith("\ufeff") is bom
    rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=separator))
    assert rows[1] == ["Łódź & Söhne", "2026-02-28", "2026-07-01T14:00:00+02:00", "-1234.50", "true", "Good"]
    assert rows[2][0] == "'=cmd|' /C calc'!A0"
    assert rows[3] == ["'+49 30", "", "", "0.00", "", "''@x"]


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", "\tx", "\rx", "'=1", "''=1", "＝1"])
def test_the_guard_is_taken_off_by_importing(text: str) -> None:
    from app.core.imports.reader import look, read

    stream = io.BytesIO(exports.csv_of(["a", "b"], [[text, "x"]]))
    row = next(read(stream, look(stream, "x.csv")).rows)
    assert row.cells[0] == text


@pytest.mark.requirement("OF-176")
def test_xlsx_has_typed_cells_a_fixed_head_widths_and_a_sheet_about_the_fields() -> None:
    target = io.BytesIO()
    assert exports.write_workbook(sheet(), target, zone="Europe/Paris") == 3
    book = openpyxl.load_workbook(target)
    page, about = book.worksheets
    assert page.freeze_panes == "A2"
    assert [c.value for c in page[1]] == [c.label for c in COLUMNS]
    assert [c.value for c in page[2]] == ["Łódź & Söhne", *SHOWN, -1234.5, True, "Good"]
    assert page["A3"].value == "=cmd|' /C calc'!A0"
    assert page["A3"].data_type == "s"
    assert page["D2"].number_format == "#,##0.00"
    assert page.column_dimensions["A"].width > 10
    assert [c.value for c in about[2]][:4] == ["Name", "name", "Text", "Yes"]
    assert [c.value for c in about[7]][4:] == ["Good | Bad", "One of two."]


def test_xlsx_tells_the_two_hours_apart_when_clocks_go_back() -> None:
    """The first 02:06 of that night is a cell of the calendar; the second one says its offset, so that it comes back as it was."""
    target = io.BytesIO()
    twice = [[None, None, datetime(2026, 10, 25, hour, 6, tzinfo=UTC), None, None, None] for hour in (0, 1)]
    exports.write_workbook(sheet(twice), target, zone="Europe/Paris")
    page = openpyxl.load_workbook(target).worksheets[0]
    assert page["C2"].value == datetime(2026, 10, 25, 2, 6)  # noqa: DTZ001 -- cells of a sheet carry no zone
    assert page["C3"].value == "2026-10-25T02:06:00+01:00"


@pytest.mark.requirement("OF-177")
def test_json() -> None:
    target = io.BytesIO()
    assert exports.write_objects(sheet(), target) == 3
    found = json.loads(target.getvalue())
    assert found[0] == {
        "name": "Łódź & Söhne",
        "day": "2026-02-28",
        "at": MOMENT.isoformat(),
        "amount": "-1234.50",
        "ok": True,
        "kind": "Good",
    }
    assert len(found) == 3


def test_nothing_to_write_is_still_a_file() -> None:
    for write in (exports.write_delimited, exports.write_workbook, exports.write_objects):
        target = io.BytesIO()
        assert write(sheet([]), target) == 0  # type: ignore[operator]
        assert target.getvalue()


@pytest.mark.requirement("OF-178")
def test_pdf_shows_the_rows_and_says_what_it_is() -> None:
    target = io.BytesIO()
    imprint = Imprint("Payments", "City of Example", "Printed by Ann, 1 July 2026", "https://ops.example/x", "REF-1", "version 3")
    rows = [[f"Name {n} Łódź", date(2026, 2, 28), None, Decimal(n), None, "word " * 30] for n in range(200)]
    assert exports.write_printed(sheet(rows), target, imprint) == 200
    reader = PdfReader(target)
    text = [page.extract_text() for page in reader.pages]
    assert len(text) > 5
    assert all(f"Name {n} Łódź" in "\n".join(text) for n in range(200))
    for number, page in enumerate(text, start=1):
        assert "Payments" in page
        assert "City of Example · REF-1 · version 3" in page
        assert "Printed by Ann" in page
        assert f"Page {number} / \n{len(text)}" in page
        assert "SHA-256" in page
    assert len({t.split("SHA-256")[1].split()[0] for t in text}) == 1
    assert len(reader.pages[0].images) == 1  # the QR code
    assert all(
        "Inter" in font["/BaseFont"]
        for font in reader.pages[0]["/Resources"]["/Font"].values()
        if "/BaseFont" in font and "Helvetica" not in font["/BaseFont"]
    )


def test_memory_does_not_grow_with_the_rows() -> None:
    import tracemalloc

    def many(count: int) -> Iterator[list[Any]]:
        for n in range(count):
            yield [f"Name {n}", date(2026, 2, 28), MOMENT, Decimal(n), True, "Good"]

    peaks = []
    for count in (500, 5_000):
        tracemalloc.start()
        with open("/dev/null", "wb") as target:
            exports.write_delimited(Sheet("x", COLUMNS, many(count)), target)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < peaks[0] * 2 + 500_000


def test_a_decision_sheet_names_the_bytes_and_who_decided() -> None:
    target = io.BytesIO()
    told = {
        "approval": "Release of a payment",
        "kind": "Payment",
        "record_reference": "PAY-2026-00001",
        "state": "Approved",
        "risk": "RED",
        "amount": "€5,400.00",
        "requested_by": "Ann",
        "requested_at": "1 Jul 2026",
        "effected_at": "",
        "facts": [("Supplier", "Łódź")],
        "line_heads": ["What", "Price"],
        "lines": [["Chair", "5"]],
        "filled": [], "files": [{"name": "a.pdf", "sha256": "ab"}],
        "flags": ["New supplier"],
        "evidence": None,
        "decisions": [
            {
                "said": "Bob on behalf of Cleo approved PAY-2026-00001",
                "when": "2 Jul 2026",
                "reason": "fine",
                "level": "Level 1",
                "hash": "f" * 64,
                "channel": "page",
                "current": True,
            }
        ],
        "snapshot": {"b": 1, "a": "x" * 4000},
        "hash": "f" * 64,
    }
    pages = exports.write_decision(told, target, Imprint("Payment", "City", "Printed", "https://ops.example/r", "APR-1"))
    text = "\n".join(page.extract_text() for page in PdfReader(target).pages)
    assert pages > 1
    for said in ("Bob on behalf of Cleo", "“fine”", "f" * 64, "the bytes above", "Łódź", "New supplier", "a.pdf"):
        assert said in text
