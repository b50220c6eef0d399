"""JSON: a list of objects, whose names are the columns."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import orjson
from flask_babel import gettext as _

from app.core.imports.rows import Row, Unusable

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
    names = list(dict.fromkeys(name for each in listed if isinstance(each, dict) for name in each))
    if not names:
        raise Unusable(_("The file is empty: a list of objects is needed."))
    yield Row(1, names)
    for number, each in enumerate(listed, start=2):
        if not isinstance(each, dict):
            raise Unusable(_("Entry %(number)d is not an object.", number=number - 1))
        yield Row(number, [_plain(each.get(name)) for name in names])


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
