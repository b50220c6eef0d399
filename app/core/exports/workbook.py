"""XLSX in constant memory: typed cells, a head that stays in sight, widths, and a second sheet that describes the fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import xlsxwriter
from flask_babel import gettext as _

from app.core.exports.sheet import Column, Sheet

OPTIONS = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
           "nan_inf_to_errors": True}
MOST_ROWS = 1_048_575
LONGEST = 32_767
EXACT = 10**15
FORMATS = {"date": "yyyy-mm-dd", "datetime": "yyyy-mm-dd hh:mm:ss", "integer": "0"}
FORBIDDEN = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
Put = Callable[[int, int, Any], None]


def write_workbook(sheet: Sheet, stream: BinaryIO, *, zone: str = "UTC") -> int:
    """Write the sheet; gives how many rows."""
    book = xlsxwriter.Workbook(stream, OPTIONS)
    book.set_properties({"title": sheet.title})
    head = book.add_format({"bold": True, "bottom": 1, "valign": "top"})
    count = _fill(book, sheet, head, zone)
    for each in sheet.further:
        _fill(book, each, head, zone)
    _describe(book, sheet.columns, head)
    book.close()
    return count


def _fill(book: Any, sheet: Sheet, head: Any, zone: str) -> int:
    page = book.add_worksheet(sheet_name(sheet.title))
    page.freeze_panes(1, 0)
    widths = [len(c.label) + 3 for c in sheet.columns]
    for place, column in enumerate(sheet.columns):
        page.write_string(0, place, column.label[:LONGEST], head)
    writers = [_writer(page, book, column, widths, place, ZoneInfo(zone)) for place, column in enumerate(sheet.columns)]
    count = 0
    for count, row in enumerate(sheet.rows, start=1):
        if count > MOST_ROWS:
            raise ValueError("a sheet ends at row 1,048,576")
        for place, value in enumerate(row):
            if value is not None:
                writers[place](count, place, value)
    for place, width in enumerate(widths):
        page.set_column(place, place, min(max(width, 8), 60))
    page.autofilter(0, 0, max(count, 1), max(len(sheet.columns) - 1, 0))
    return count


def _writer(page: Any, book: Any, column: Column, widths: list[int], place: int, zone: ZoneInfo) -> Put:
    pattern = FORMATS.get(column.kind) or ("#,##0." + "0" * column.scale if column.kind in ("money", "decimal") and column.scale else "")
    style = book.add_format({"num_format": pattern} if pattern else {})

    def put(row: int, col: int, value: Any) -> None:
        if isinstance(value, str):
            if len(value) > widths[place]:
                widths[place] = len(value) + 1
            page.write_string(row, col, value[:LONGEST])
        elif isinstance(value, bool):
            page.write_boolean(row, col, value)
        elif isinstance(value, (Decimal, int, float)):
            _number(page, row, col, value, style)
        elif isinstance(value, datetime):
            widths[place] = max(widths[place], 20)
            _moment(page, row, col, value.astimezone(zone) if value.tzinfo else value, style)
        elif isinstance(value, date):
            widths[place] = max(widths[place], 11)
            page.write_datetime(row, col, value, style)
        else:
            page.write_string(row, col, str(value)[:LONGEST])

    return put


def _moment(page: Any, row: int, col: int, value: datetime, style: Any) -> None:
    """A moment on the clock of the zone; in the hour that comes twice when clocks go back, the second time is text with its offset."""
    if value.fold:
        page.write_string(row, col, value.isoformat())
    else:
        page.write_datetime(row, col, value.replace(tzinfo=None), style)


def _number(page: Any, row: int, col: int, value: Any, style: Any) -> None:
    """A number that a cell cannot hold exactly stays text."""
    if abs(value) >= EXACT:
        page.write_string(row, col, str(value))
    else:
        page.write_number(row, col, float(value), style)


def _describe(book: Any, columns: Sequence[Column], head: Any) -> None:
    page = book.add_worksheet(sheet_name(_("Fields")))
    page.freeze_panes(1, 0)
    heads = (_("Column"), _("Field"), _("Kind"), _("Needed"), _("Possible values"), _("Explanation"))
    told = ((c.label, c.name, kind_word(c.kind), _("Yes") if c.required else _("No"), " | ".join(c.choices), c.help) for c in columns)
    for row, cells in enumerate((heads, *told)):
        for place, cell in enumerate(cells):
            page.write_string(row, place, str(cell)[:LONGEST], head if row == 0 else None)
    for place, width in enumerate((26, 24, 16, 9, 50, 60)):
        page.set_column(place, place, width)


def kind_word(kind: str) -> str:
    """A kind in the reader's words."""
    return {"text": _("Text"), "long_text": _("Text"), "email": _("E-mail"), "integer": _("Whole number"), "decimal": _("Decimal number"),
            "money": _("Amount"), "date": _("Day"), "datetime": _("Moment"), "boolean": _("Yes or no"), "choice": _("Choice"),
            "reference": _("Linked record"), "file": _("File"), "answers": _("Answers")}.get(kind, kind)


def sheet_name(title: str) -> str:
    """A name that a spreadsheet takes: 31 characters, none of the forbidden ones."""
    return " ".join(title.translate(FORBIDDEN).split())[:31] or "1"
