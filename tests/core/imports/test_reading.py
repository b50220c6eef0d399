"""Files of every usual make are read; files that are no tables are refused with the reason."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
import xlsxwriter
from flask import Flask

from app.core import exports
from app.core.exports.opendocument import MANIFEST, MIME, SPACES
from app.core.imports.reader import look, read
from app.core.imports.rows import Shape, Unusable, named_headers, plain
from app.core.imports.shapes import Column, number_from
from app.core.imports.survey import survey
from app.kernel.kinds import Unreadable
from tests.core.imports.conftest import sample


@pytest.fixture(autouse=True)
def _inside(application: Flask) -> Iterator[None]:
    with application.test_request_context("/"):
        yield


def table(content: bytes, name: str = "file.csv") -> tuple[Shape, list[str], list[tuple[object, ...]]]:
    stream = io.BytesIO(content)
    shape = look(stream, name)
    found = read(stream, shape)
    return shape, found.headers, [tuple(row.cells) for row in found.rows]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "latin-1", "utf-32"])
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_any_usual_encoding_and_separator(encoding: str, separator: str) -> None:
    lines = [
        separator.join(cells)
        for cells in (("Name", "Ort"), ("Müller", "Köln"), ("Peña", "León"), ("Ærø", "“x”" if "1" in encoding else "x"))
    ]
    if encoding == "latin-1":
        lines[-1] = separator.join(("Ærø", "x"))
    _shape, headers, rows = table("\r\n".join(lines).encode(encoding))
    assert headers == ["Name", "Ort"]
    assert rows[:2] == [("Müller", "Köln"), ("Peña", "León")]


def test_line_ends_and_separators_inside_quotation_marks_belong_to_the_cell() -> None:
    _shape, _headers, rows = table(b'a,b\r\n"x\r\ny","1,5"\r\n"say ""hi""",2\r\n')
    assert rows == [("x\r\ny", "1,5"), ('say "hi"', "2")]


def test_heads_have_names_each_its_own() -> None:
    assert named_headers(["a", "", "a", None, "b", ""]) == ["a", "Column B", "a (2)", "Column D", "b"]


def test_the_guard_of_an_export_is_taken_off_again() -> None:
    assert table(b"a,b\n'=1+1,'plain\n")[2] == [("=1+1", "'plain")]


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"", "x.csv", "empty"),
        (b"\r\n\r\n", "x.csv", "no row with column names"),
        (b"\x00" * 70_000, "x.csv", "zero byte at position 1"),
        (b"a,b\n1,\x002\n", "x.csv", "zero byte"),
        (b"a,b\n1," + b"x" * 1_100_000, "x.csv", "Row 2"),
        (b"PK\x03\x04 nonsense", "x.xlsx", "damaged"),
        (b"a,b", "x.xlsx", "damaged"),
        (b"[1, 2", "x.json", "line 1"),
        (b"{}", "x.json", "list of objects"),
        (b'[{"a": 1}, 2]', "x.json", "Entry 2"),
        (b"a", "x.exe", "none of them"),
    ],
    ids=[
        "empty",
        "blank",
        "zeros",
        "zero byte",
        "endless cell",
        "broken zip",
        "text as workbook",
        "cut json",
        "no list",
        "no object",
        "program",
    ],
)
def test_what_is_no_table_is_refused_with_the_reason(content: bytes, name: str, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        table(content, name)


class Zeros(io.RawIOBase):
    """A gigabyte of zeros that takes no room; counts what is read of it."""

    def __init__(self) -> None:
        self.place, self.taken = 0, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, place: int, whence: int = 0) -> int:
        self.place = place
        return place

    def read(self, size: int = -1) -> bytes:
        size = min(size if size >= 0 else 1 << 30, (1 << 30) - self.place)
        self.place += size
        self.taken += size
        return b"\x00" * size


def test_a_gigabyte_of_zeros_costs_its_first_block() -> None:
    zeros = Zeros()
    with pytest.raises(Unusable, match="zero byte"):
        look(zeros, "x.csv")  # type: ignore[arg-type]
    assert zeros.taken < 1_000_000


def test_a_workbook_that_unpacks_to_a_bomb_is_refused_unread() -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
        with archive.open("xl/worksheets/sheet1.xml", "w") as member:
            for _n in range(40):
                member.write(b"0" * 1_000_000)
    assert len(target.getvalue()) < 100_000
    with pytest.raises(Unusable, match="unpacks to"):
        table(target.getvalue(), "x.xlsx")


def test_two_cells_in_far_corners_are_refused_unread() -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    page = book.add_worksheet()
    page.write(0, 0, "a")
    page.write(1_048_575, 16_383, "b")
    book.close()
    with pytest.raises(Unusable, match="too large to be read"):
        table(target.getvalue(), "x.xlsx")


def test_cells_of_a_workbook_keep_their_kind() -> None:
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target)
    page, day = book.add_worksheet(), book.add_format({"num_format": "dd/mm/yyyy"})
    page.write_row(1, 0, ["when", "how much", "so", "code"])
    page.write_datetime(2, 0, date(2026, 2, 28), day)
    page.write_number(2, 1, 3702.2999999999997)
    page.write_boolean(2, 2, True)
    page.write_string(2, 3, "007")
    book.close()
    _shape, headers, rows = table(target.getvalue(), "x.xlsx")
    assert headers == ["when", "how much", "so", "code"]
    assert rows == [(date(2026, 2, 28), 3702.3, True, "007")]


def column(*values: str) -> Column:
    found = Column("x", 0)
    for value in values:
        found.take(value, plain(value))
    return found


@pytest.mark.parametrize(
    ("values", "shape"),
    [
        (("03/04/2020", "25/04/2020"), "%d/%m/%Y"),
        (("03/04/2020", "04/25/2020"), "%m/%d/%Y"),
        (("14-Jan-2011",), "%d-%b-%Y"),
        (("2020-01-31",), "%Y-%m-%d"),
        (("1.2.2020", "31.12.2020"), "%d.%m.%Y"),
        (("31/12/2020 14:05",), "%d/%m/%Y %H:%M"),
        (("x", "y"), ""),
    ],
)
def test_the_way_of_writing_days_is_told_by_the_whole_column(values: tuple[str, ...], shape: str) -> None:
    assert column(*values).date_shape == shape


def test_a_stray_word_does_not_hide_what_the_column_holds() -> None:
    assert column(*(f"{n:02d}/06/2020" for n in range(1, 29)), "soon").is_date
    assert column(*(str(n) for n in range(20)), "many").is_number
    assert column("03/04/2020").is_ambiguous
    assert not column("03/04/2020", "25/04/2020").is_ambiguous


@pytest.mark.parametrize(
    ("values", "mark"),
    [(("1.234,50", "12"), ","), (("1,234.50", "7"), "."), (("12,5", "3"), ","), (("1,234", "5"), "."), (("1 234,5",), ",")],
)
def test_the_mark_before_decimals_is_told_by_the_whole_column(values: tuple[str, ...], mark: str) -> None:
    assert column(*values).decimal == mark


def test_a_number_written_otherwise_than_its_column_is_not_guessed_at() -> None:
    assert str(number_from("1.234", ",")) == "1234"
    assert str(number_from("1,5", ",")) == "1.5"
    with pytest.raises(Unreadable, match="not written like the other numbers"):
        number_from("12.5", ",")


@pytest.mark.parametrize(
    ("name", "count", "shape"), [("leeds-2020-06.csv.gz", 16_177, "%d/%m/%Y"), ("leeds-2011-01.csv.gz", 8_837, "%d-%b-%Y")]
)
def test_the_real_files_are_read_to_the_last_row(name: str, count: int, shape: str) -> None:
    stream = io.BytesIO(sample(name))
    seen = survey(stream, look(stream, name.removesuffix(".gz")), 200_000)
    assert seen.count == count
    assert [c.date_shape for c in seen.columns if "pa" in c.header.lower() and "date" in c.header.lower()] == [shape]


def opendocument(rows: str) -> bytes:
    """An ODS of these rows, as a machine writes it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("mimetype"), MIME, zipfile.ZIP_STORED)
        archive.writestr("META-INF/manifest.xml", MANIFEST)
        archive.writestr("content.xml", f'<office:document-content {SPACES} office:version="1.3"><office:body><office:spreadsheet>'
                                        f'<table:table table:name="one">{rows}</table:table></office:spreadsheet></office:body>'
                                        "</office:document-content>")
    return target.getvalue()


def test_an_opendocument_sheet_keeps_the_kind_of_its_cells() -> None:
    target = io.BytesIO()
    columns = [exports.Column(name, name) for name in ("when", "how much", "so", "code", "words")]
    given = (date(2026, 2, 28), Decimal("3702.30"), True, "007", "two\n  lines & <more>")
    exports.write_opendocument(exports.Sheet("Things", columns, [given]), target)
    shape, headers, rows = table(target.getvalue(), "x.ods")
    assert (shape.kind, shape.sheets) == ("ods", ["Things"])
    assert headers == ["when", "how much", "so", "code", "words"]
    assert rows == [(date(2026, 2, 28), 3702.3, True, "007", "two\n  lines & <more>")]


@pytest.mark.parametrize("rows", [
    ('<table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="16000">'
    "<text:p>a</text:p></table:table-cell></table:table-row>"),
    ("<table:table-row><table:table-cell><text:p>a</text:p></table:table-cell></table:table-row>"
    '<table:table-row table:number-rows-repeated="1048574"><table:table-cell/></table:table-row>'
    '<table:table-row><table:table-cell table:number-columns-repeated="16000"/><table:table-cell office:value-type="float" '
    'office:value="1"/></table:table-row>'),
], ids=["repeated", "far corners"])
def test_an_opendocument_sheet_that_repeats_itself_without_end_is_refused_unread(rows: str) -> None:
    with pytest.raises(Unusable, match="too large to be read"):
        table(opendocument(rows), "x.ods")


def test_empty_rows_to_the_end_of_an_opendocument_sheet_do_no_harm() -> None:
    cell = '<table:table-row><table:table-cell office:value-type="string"><text:p>{}</text:p></table:table-cell></table:table-row>'
    end = ('<table:table-row table:number-rows-repeated="1048574"><table:table-cell table:number-columns-repeated="16384"/>'
           "</table:table-row>")
    assert table(opendocument(cell.format("name") + cell.format("x") + end), "x.ods")[1:] == (["name"], [("x",)])


def test_lines_of_json_are_rows() -> None:
    content = b'\xef\xbb\xbf{"name": "Acme", "paid": {"amount": "1.50"}}\n\n{"name": "Beta", "more": [1]}\n'
    shape, headers, rows = table(content, "x.jsonl")
    assert (shape.kind, headers) == ("jsonl", ["name", "paid", "more"])
    assert rows == [("Acme", "1.50", None), ("Beta", None, "[1]")]


@pytest.mark.parametrize(("content", "name", "said"), [
    (b'{"a": 1}\n{"a": \n', "x.jsonl", "line 2"),
    (b'{"a": 1}\n[2]\n', "x.jsonl", "Entry 2"),
    (b"\n\n", "x.jsonl", "is empty"),
    (b'{"a": "' + b"x" * 1_100_000 + b'"}', "x.jsonl", "Line 1 is longer"),
    (b"PK\x03\x04 nonsense", "x.ods", "ODS file is damaged"),
], ids=["broken", "no object", "empty", "long", "nonsense"])
def test_what_is_no_table_of_these_kinds_is_refused_with_the_reason(content: bytes, name: str, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        table(content, name)
