"""Any file that holds a table: looked at once to know how to read it, then read row by row."""

from __future__ import annotations

from typing import BinaryIO

from flask_babel import gettext as _

from app.core.imports.delimited import SEPARATORS, read_delimited, separator_of
from app.core.imports.encodings import check_encoding, encoding_of
from app.core.imports.objects import read_lines, read_objects
from app.core.imports.opendocuments import check_opendocument
from app.core.imports.rows import Shape, Table, Unusable, table_of
from app.core.imports.workbooks import check_workbook, read_workbook, sheets_of

KINDS = {"xlsx": "xlsx", "ods": "ods", "json": "json", "jsonl": "jsonl", "csv": "csv", "tsv": "csv", "txt": "csv"}
BOOKS = {"xlsx": check_workbook, "ods": check_opendocument}
OBJECTS = {"json": read_objects, "jsonl": read_lines}


def look(stream: BinaryIO, name: str) -> Shape:
    """How to read a file: kind, encoding, separator, sheet. Raises `Unusable` with the reason when it is no table."""
    kind = KINDS.get(name.rpartition(".")[2].lower())
    if kind is None:
        raise Unusable(_("CSV, XLSX, ODS, JSON and JSON Lines files can be imported; “%(name)s” is none of them.", name=name[:100]))
    stream.seek(0)
    if not stream.read(1):
        raise Unusable(_("The file is empty."))
    if kind in BOOKS:
        BOOKS[kind](stream)
        sheets = sheets_of(stream, kind.upper())
        return Shape(kind, sheet=sheets[0], sheets=sheets)
    if kind in OBJECTS:
        return Shape(kind)
    encoding = encoding_of(stream)
    return Shape(kind, encoding, separator_of(stream, encoding))


def read(stream: BinaryIO, shape: Shape) -> Table:
    """The table in a file; its rows are read as they are asked for, the stream stays open until then."""
    if shape.kind in BOOKS:
        return table_of(read_workbook(stream, shape.sheet, shape.kind.upper()))
    if shape.kind in OBJECTS:
        return table_of(OBJECTS[shape.kind](stream))
    if shape.separator not in SEPARATORS:
        raise Unusable(_("The separator “%(mark)s” is not known.", mark=shape.separator[:10]))
    return table_of(read_delimited(stream, check_encoding(shape.encoding), shape.separator))
