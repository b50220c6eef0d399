"""A template's file looked through, and filled; from which template and version a document was made stands in the document."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any, BinaryIO

from flask_babel import gettext as _

from app.core.documents import sheets, words
from app.core.documents.package import DOCX, XLSX, kept, opened, stamp
from app.core.documents.tags import Items
from app.kernel.errors import Invalid

FILLERS: Mapping[str, Any] = {DOCX: words, XLSX: sheets}
TYPES = {DOCX: "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
         XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def check(stream: BinaryIO, kind: str, example: Mapping[str, Any]) -> None:
    """Refuse a file that could harm, or that could not be filled: with everything that is wrong in it. Raises `Invalid`."""
    package = opened(stream, kind)
    wrong = FILLERS[kind].wrong_in(package, example)
    if wrong:
        raise Invalid({"file": wrong})
    tried = kept(_bytes(stream), kind)
    try:
        FILLERS[kind].fill(tried, example, lambda: iter(example.get("items", ())))
    except Invalid as error:
        raise Invalid({"file": [said for several in error.errors.values() for said in several]}) from error


def _bytes(stream: BinaryIO) -> bytes:
    stream.seek(0)
    return stream.read()


def fill(content: bytes, kind: str, values: Mapping[str, Any], items: Items, target: BinaryIO, made_from: str = "") -> None:
    """Write the document that the template makes of these values. Raises `Invalid` when a value does not fit."""
    package = kept(content, kind)
    FILLERS[kind].fill(package, values, items)
    if made_from:
        stamp(package, _("Made with the template %(template)s", template=made_from))
    package.write(target)


def filled(content: bytes, kind: str, values: Mapping[str, Any], items: list[Any] | None = None, made_from: str = "") -> bytes:
    """The same as bytes, for few rows."""
    target = io.BytesIO()
    rows = items or []
    fill(content, kind, values, lambda: iter(rows), target, made_from)
    return target.getvalue()


