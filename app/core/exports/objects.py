"""JSON: a list of objects, one a row, by field name."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO

import orjson

from app.core.exports.sheet import Sheet


def write_objects(sheet: Sheet, stream: BinaryIO) -> int:
    """Write the sheet, one object a line; gives how many."""
    names, count = [c.name for c in sheet.columns], 0
    stream.write(b"[")
    for count, row in enumerate(sheet.rows, start=1):
        stream.write(b",\n" if count > 1 else b"\n")
        stream.write(orjson.dumps({name: plain(value) for name, value in zip(names, row, strict=True)}))
    stream.write(b"\n]\n")
    return count


def write_lines(sheet: Sheet, stream: BinaryIO) -> int:
    """JSON Lines: one object a row, each on a line of its own; gives how many."""
    names, count = [c.name for c in sheet.columns], 0
    for row in sheet.rows:
        stream.write(orjson.dumps({name: plain(value) for name, value in zip(names, row, strict=True)}) + b"\n")
        count += 1
    return count


def plain(value: Any) -> Any:
    """Decimals as text (exact), moments and days in ISO form."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    return value if value is None or isinstance(value, (str, int, float, bool)) else str(value)
