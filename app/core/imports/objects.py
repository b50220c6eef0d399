"""JSON and JSON Lines: objects, whose names are the columns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import orjson
from flask_babel import gettext as _

from app.core.imports.rows import LONGEST_CELL, Row, Unusable

LARGEST = 30 * 1024 * 1024


def read_objects(stream: BinaryIO) -> Iterator[Row]:
    """The names of all objects as the first row, then one row for each object; a list may stand under any single name (`{"data": […]}`)."""
    stream.seek(0)
    content = stream.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Unusable(_("JSON files up to %(limit)d MB are possible; send a CSV file instead.", limit=LARGEST // 1024 // 1024))
    try:
        found = orjson.loads(content.removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        raise Unusable(_("This is not JSON: line %(line)d, column %(column)d.", line=error.lineno, column=error.colno)) from error
    listed = _list_in(found)
    names = _names_of(listed)
    if not names:
        raise Unusable(_("The file is empty: a list of objects is needed."))
    yield Row(1, names)
    for number, each in enumerate(listed, start=2):
        if not isinstance(each, dict):
            raise Unusable(_("Entry %(number)d is not an object.", number=number - 1))
        yield Row(number, [_plain(each.get(name)) for name in names])


def read_lines(stream: BinaryIO) -> Iterator[Row]:
    """The same of JSON Lines, an object on each line; only the names are held in memory."""
    names = _names_of(each for _number, each in _lines(stream))
    if not names:
        raise Unusable(_("The file is empty: a list of objects is needed."))
    yield Row(1, names)
    for number, each in _lines(stream):
        yield Row(number + 1, [_plain(each.get(name)) for name in names])


def _lines(stream: BinaryIO) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each object with the number of its line; empty lines are passed over."""
    stream.seek(0)
    for number, line in enumerate(iter(lambda: stream.readline(LONGEST_CELL + 1), b""), start=1):
        if len(line) > LONGEST_CELL:
            raise Unusable(_("Line %(number)d is longer than a record can be.", number=number))
        text = (line.removeprefix(b"\xef\xbb\xbf") if number == 1 else line).strip()
        try:
            found = orjson.loads(text) if text else None
        except orjson.JSONDecodeError as error:
            raise Unusable(_("This is not JSON: line %(line)d, column %(column)d.", line=number, column=error.colno)) from error
        if text and not isinstance(found, dict):
            raise Unusable(_("Entry %(number)d is not an object.", number=number))
        if isinstance(found, dict):
            yield number, found


def _names_of(found: Iterable[Any]) -> list[str]:
    return list(dict.fromkeys(name for each in found if isinstance(each, dict) for name in each))


def _list_in(found: Any) -> list[Any]:
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else None
    if not isinstance(found, list):
        raise Unusable(_("A list of objects is needed: [{…}, {…}]."))
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return next((value[key] for key in ("reference", "amount", "value", "name") if key in value), orjson.dumps(value).decode())
    return orjson.dumps(value).decode() if isinstance(value, list) else value
