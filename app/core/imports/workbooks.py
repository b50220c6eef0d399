"""XLSX and ODS, refused by what they unpack to before any of it is parsed."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any, BinaryIO

from flask_babel import gettext as _

from app.core.imports.rows import WIDEST, Row, Unusable

MOST_UNPACKED = 200 * 1024 * 1024
MOST_RATIO = 150
SMALL = 5 * 1024 * 1024
MOST_ROWS = 1_048_576
MOST_CELLS = 12_000_000
BLOCK = 1024 * 1024
PLACE = re.compile(rb"""<(?:\w{1,20}:)?c\b[^<>]*?\br=["']([A-Z]{1,3})(\d{1,7})["']|<(?:\w{1,20}:)?c\b"""
                   rb"""|<(?:\w{1,20}:)?row\b[^<>]*?\br=["'](\d{1,7})["']""")
TAIL = 512


def check_workbook(stream: BinaryIO) -> None:
    """Raise `Unusable` unless it is an XLSX that fits into memory, by sizes alone: declared, unpacked, and the cells' own places."""
    with unpacking(stream, "XLSX", "xl/workbook.xml") as archive:
        for member in archive.infolist():
            if member.filename.startswith("xl/worksheets/") and member.filename.endswith(".xml"):
                _check_sheet(archive, member)


@contextmanager
def unpacking(stream: BinaryIO, kind: str, needed: str) -> Iterator[zipfile.ZipFile]:
    """The file as a ZIP that is no bomb and has the member that makes it what it says; raises `Unusable`."""
    try:
        with zipfile.ZipFile(stream) as archive:
            members = archive.infolist()
            if not any(m.filename == needed for m in members):
                raise Unusable(_("This is not an %(kind)s file, though its name ends so.", kind=kind))
            unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members) or 1
            if unpacked > MOST_UNPACKED or (unpacked > SMALL and unpacked / packed > MOST_RATIO):
                raise Unusable(_("This %(kind)s file unpacks to %(size)d MB, %(ratio)d times its size: it is refused unread.",
                                 kind=kind, size=unpacked // 1024 // 1024, ratio=unpacked // packed))
            yield archive
    except (zipfile.BadZipFile, zipfile.LargeZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _damaged(kind) from error


def _damaged(kind: str) -> Unusable:
    return Unusable(_("This %(kind)s file is damaged or protected by a password.", kind=kind))


def _check_sheet(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> None:
    """A reader lays a sheet out as a full rectangle: two cells in far corners would cost all memory."""
    last_row = last_column = cells = 0
    kept = b""
    with archive.open(member) as sheet:
        while block := sheet.read(BLOCK):
            text = kept + block
            cut = max(text.rfind(b"<", 0, len(text)), len(text) - TAIL) if len(text) > TAIL else len(text)
            for found in PLACE.finditer(text, 0, cut):
                cells += 1
                if found[1]:
                    last_column, last_row = max(last_column, _column(found[1])), max(last_row, int(found[2]))
                elif found[3]:
                    last_row = max(last_row, int(found[3]))
            kept = text[cut:]
    if last_row * max(last_column, 1) > MOST_CELLS or cells > MOST_CELLS or last_row > MOST_ROWS:
        raise too_far(last_row, last_column)


def too_far(row: int, column: int) -> Unusable:
    """The refusal of a sheet whose rectangle is too large."""
    return Unusable(_("A sheet reaches to row %(row)d and column %(column)d: it is too large to be read. "
                      "Delete what stands far outside.", row=row, column=column))


def _column(name: bytes) -> int:
    number = 0
    for letter in name:
        number = number * 26 + letter - 64
    return number


def sheets_of(stream: BinaryIO, kind: str = "XLSX") -> list[str]:
    """The names of the sheets that can be seen, in their order."""
    from python_calamine import SheetTypeEnum, SheetVisibleEnum

    found = [meta.name for meta in _open(stream, kind).sheets_metadata
             if meta.visible == SheetVisibleEnum.Visible and meta.typ == SheetTypeEnum.WorkSheet]
    if not found:
        raise Unusable(_("This %(kind)s file has no sheet with a table.", kind=kind))
    return found


def read_workbook(stream: BinaryIO, sheet: str, kind: str = "XLSX") -> Iterator[Row]:
    """All rows of a sheet, heads included; numbers, dates and truth values keep their type."""
    book = _open(stream, kind)
    if sheet not in book.sheet_names:
        raise Unusable(_("There is no sheet “%(name)s” in this file.", name=sheet[:60]))
    opened = book.get_sheet_by_name(sheet)
    above = (opened.start or (0, 0))[0]
    for number in range(1, above + 1):
        yield Row(number, [])
    for number, cells in enumerate(opened.iter_rows(), start=above + 1):
        yield Row(number, [_typed(cell) for cell in cells[:WIDEST + 1]])


def _open(stream: BinaryIO, kind: str) -> Any:
    from python_calamine import CalamineError, CalamineWorkbook

    stream.seek(0)
    try:
        return CalamineWorkbook.from_filelike(stream)
    except (CalamineError, OSError, ValueError) as error:
        raise _damaged(kind) from error


def _typed(cell: Any) -> Any:
    if isinstance(cell, float):
        cell = float(f"{cell:.15g}")  # what a spreadsheet shows of it: 3702.3, not 3702.2999999999997
        return int(cell) if cell.is_integer() and abs(cell) < 2**53 else cell
    if isinstance(cell, datetime) and cell.time() == time(0):
        return cell.date()
    return cell
