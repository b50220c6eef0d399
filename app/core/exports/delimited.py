"""CSV: UTF-8, `,` or `;`, ISO dates, and no text that a spreadsheet would run as a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

from app.core.exports.sheet import Column, Sheet

BOM = "\ufeff"
SEPARATORS = (",", ";")
DANGEROUS = re.compile(r"^'*[=+\-@\t\r＝＋－＠]")
PORTION = 500


def guarded(text: str) -> str:
    """Text that would begin a formula gets an apostrophe before it; importing takes it off again, so nothing changes on the way round."""
    return f"'{text}" if DANGEROUS.match(text) else text


def write_delimited(sheet: Sheet, stream: BinaryIO, *, separator: str = ",", bom: bool = True, zone: str = "UTC") -> int:
    """Write the sheet; gives how many rows."""
    count = 0
    for block, rows in blocks(sheet, separator=separator, bom=bom, zone=zone):
        stream.write(block)
        count += rows
    return count


def blocks(sheet: Sheet, *, separator: str = ",", bom: bool = True, zone: str = "UTC") -> Iterator[tuple[bytes, int]]:
    """The file in blocks, each with the number of rows in it."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator if separator in SEPARATORS else ",", lineterminator="\r\n")
    if bom:
        buffer.write(BOM)
    writer.writerow([guarded(c.label) for c in sheet.columns])
    write = writer.writerow
    here = ZoneInfo(zone)
    pending = 0
    for row in sheet.rows:
        write(["" if value is None else _shown(value, here) for value in row])
        pending += 1
        if pending == PORTION:
            yield _taken(buffer), pending
            pending = 0
    yield _taken(buffer), pending


def _taken(buffer: io.StringIO) -> bytes:
    content = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return content


def _shown(value: Any, zone: ZoneInfo) -> str:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.astimezone(zone).isoformat() if value.tzinfo else value.isoformat()
    return value.isoformat() if isinstance(value, date) else guarded(str(value))


def csv_of(headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> bytes:
    """A small CSV file as bytes, of plain values."""
    columns = [Column(str(place), header) for place, header in enumerate(headers)]
    return b"".join(block for block, _rows in blocks(Sheet("", columns, rows)))
