"""ODS, row by row: typed cells in one sheet. Only the styles of dates and moments are said; nothing of the content is held in memory."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any, BinaryIO
from xml.sax.saxutils import escape, quoteattr
from zoneinfo import ZoneInfo

from app.core.exports.sheet import Sheet
from app.core.exports.workbook import EXACT, sheet_name

MIME = "application/vnd.oasis.opendocument.spreadsheet"
SPACES = " ".join(f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{urn}:1.0"' for name, urn in (
    ("office", "office"), ("table", "table"), ("text", "text"), ("style", "style"), ("number", "datastyle"),
    ("fo", "xsl-fo-compatible")))
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
PORTION = 1 << 16
MANIFEST = ('<?xml version="1.0" encoding="UTF-8"?>\n<manifest:manifest '
            'xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" '
            f'manifest:version="1.3"><manifest:file-entry manifest:full-path="/" manifest:version="1.3" manifest:media-type="{MIME}"/>'
            '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/></manifest:manifest>')


def _day(name: str, parts: str) -> str:
    return f'<number:date-style style:name="{name}">{parts}</number:date-style>'


_DAY = ('<number:year number:style="long"/><number:text>-</number:text><number:month number:style="long"/><number:text>-</number:text>'
        '<number:day number:style="long"/>')
_TIME = ('<number:text> </number:text><number:hours number:style="long"/><number:text>:</number:text><number:minutes number:style="long"/>'
         '<number:text>:</number:text><number:seconds number:style="long"/>')
STYLES = ("<office:automatic-styles>" + _day("N1", _DAY) + _day("N2", _DAY + _TIME)
          + '<style:style style:name="day" style:family="table-cell" style:data-style-name="N1"/>'
          '<style:style style:name="moment" style:family="table-cell" style:data-style-name="N2"/>'
          '<style:style style:name="head" style:family="table-cell"><style:text-properties fo:font-weight="bold"/></style:style>'
          "</office:automatic-styles>")


def write_opendocument(sheet: Sheet, stream: BinaryIO, *, zone: str = "UTC") -> int:
    """Write the sheet; gives how many rows."""
    count, here = 0, ZoneInfo(zone)
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr(zipfile.ZipInfo("mimetype"), MIME, zipfile.ZIP_STORED)
        book.writestr("META-INF/manifest.xml", MANIFEST)
        with book.open("content.xml", "w", force_zip64=True) as content:
            pending: list[str] = []
            size = 0
            for piece in _pieces(sheet, here):
                count += piece.startswith("<table:table-row>")
                pending.append(piece)
                size += len(piece)
                if size > PORTION:
                    content.write("".join(pending).encode())
                    pending, size = [], 0
            content.write("".join(pending).encode())
    return count - 1


def _pieces(sheet: Sheet, zone: ZoneInfo) -> Iterator[str]:
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n<office:document-content {SPACES} office:version="1.3">{STYLES}'
    yield f"<office:body><office:spreadsheet><table:table table:name={quoteattr(sheet_name(sheet.title))}>"
    yield f'<table:table-column table:number-columns-repeated="{max(len(sheet.columns), 1)}"/>'
    yield "<table:table-row>" + "".join(_text(column.label, ' table:style-name="head"') for column in sheet.columns) + "</table:table-row>"
    for row in sheet.rows:
        yield "<table:table-row>" + "".join(_cell(value, zone) for value in row) + "</table:table-row>"
    yield "</table:table></office:spreadsheet></office:body></office:document-content>"


def _cell(value: Any, zone: ZoneInfo) -> str:
    if value is None or value == "":
        return "<table:table-cell/>"
    if isinstance(value, bool):
        said = "true" if value else "false"
        return f'<table:table-cell office:value-type="boolean" office:boolean-value="{said}"><text:p>{said}</text:p></table:table-cell>'
    if isinstance(value, (Decimal, int, float)):
        said = format(value, "f") if isinstance(value, Decimal) else str(value)
        if abs(value) >= EXACT:
            return _text(said)
        return f'<table:table-cell office:value-type="float" office:value="{said}"><text:p>{said}</text:p></table:table-cell>'
    if isinstance(value, datetime):
        return _moment(value.astimezone(zone) if value.tzinfo else value)
    if isinstance(value, date):
        return _dated("day", value.isoformat(), value.isoformat())
    return _text(str(value))


def _moment(value: datetime) -> str:
    """A moment on the clock of the zone; in the hour that comes twice, the second time is text with its offset."""
    if value.fold:
        return _text(value.isoformat())
    plain = value.replace(tzinfo=None)
    return _dated("moment", plain.isoformat(), plain.isoformat(" ", "seconds"))


def _dated(style: str, value: str, said: str) -> str:
    return (f'<table:table-cell table:style-name="{style}" office:value-type="date" office:date-value="{value}">'
            f"<text:p>{said}</text:p></table:table-cell>")


def _text(words: str, more: str = "") -> str:
    """Text as it is: each line a paragraph, spaces that would be folded as elements."""
    lines = "".join(f"<text:p>{_spaced(line)}</text:p>" for line in NOT_XML.sub("", words).split("\n"))
    return f'<table:table-cell office:value-type="string"{more}>{lines}</table:table-cell>'


def _spaced(line: str) -> str:
    said = escape(line.rstrip("\r")).replace("\t", "<text:tab/>")
    said = re.sub("  +", lambda found: f' <text:s text:c="{len(found[0]) - 1}"/>', said)
    return re.sub("^ ", "<text:s/>", said)
