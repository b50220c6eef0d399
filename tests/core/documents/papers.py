"""Small Word and Excel files to be filled, and what stands in those that come out."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import openpyxl
import xlsxwriter
from lxml import etree

from app.core.documents import filling, starters

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
ITEMS = [{"name": "one", "amount": "\x04n7.5\x05€7.50", "day": "\x04d2026-01-31\x0531 Jan 2026"},
         {"name": "two", "amount": "\x04n2\x05€2.00", "day": "\x04d2026-02-01\x051 Feb 2026"},
         {"name": "three", "amount": "\x04n0.25\x05€0.25", "day": ""}]
VALUES: dict[str, Any] = {
    "user": {"name": "Ana <b>", "email": "ana@acme.example", "is_admin": True, "company": {"name": "Acme & Sons"}},
    "company": {"name": "Acme & Sons"}, "now": "1 Jun 2026, 10:00", "today": "1 Jun 2026", "app": {"version": "1"},
    "record": {"title": "Slip", "reference": "INC-1", "text": "Two\nlines"}, "items": ITEMS, "count": 3}


def word(*paragraphs: str, raw: str = "", foot: str = "{{ today }}") -> bytes:
    """A Word file with these paragraphs."""
    return starters.word_file("".join(starters.paragraph(each) for each in paragraphs) + raw, foot=foot)


def sheet(write: Callable[[Any, Any], None], name: str = "List") -> bytes:
    """An Excel file with one sheet, as `write(sheet, book)` makes it."""
    target = io.BytesIO()
    book = xlsxwriter.Workbook(target, {"in_memory": True})
    write(book.add_worksheet(name), book)
    book.close()
    return target.getvalue()


def fill(content: bytes, kind: str, values: Mapping[str, Any] | None = None) -> bytes:
    """The document that comes out, looked at as strictly as programs do."""
    known = {**VALUES, **(values or {})}
    made = filling.filled(content, kind, known, list(known["items"]))
    whole(made)
    return made


def whole(content: bytes) -> None:
    """Every part is well-formed and has a type, every relationship leads to a part, and no name is there twice."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert len(names) == len(set(names))
        assert archive.testzip() is None
        types = etree.fromstring(archive.read("[Content_Types].xml"))
        known = {each.get("PartName", "").lstrip("/") for each in types} | {each.get("Extension", "-") for each in types}
        for name in names:
            assert name == "[Content_Types].xml" or name in known or name.rpartition(".")[2] in known, name
            if name.endswith((".xml", ".rels")):
                etree.fromstring(archive.read(name))
        assert all(part in names for part in (each.get("PartName", "").lstrip("/") for each in types) if part)
        for name, target in _targets(archive):
            assert target in names, f"{name} leads to {target}"


def _targets(archive: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    for name in archive.namelist():
        if name.endswith(".rels"):
            folder = name.partition("_rels/")[0]
            for each in etree.fromstring(archive.read(name)):
                if each.get("TargetMode") != "External":
                    target = each.get("Target")
                    yield name, target[1:] if target.startswith("/") else posixpath.normpath(folder + target)


def said(content: bytes, part: str = "word/document.xml") -> list[str]:
    """The paragraphs of a Word file's part; a line break is one."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        tree = etree.fromstring(archive.read(part))
    return ["".join("\n" if each.tag == f"{W}br" else each.text or "" for each in paragraph.iter(f"{W}t", f"{W}br"))
            for paragraph in tree.iter(f"{W}p")]


def rows(content: bytes) -> list[tuple[Any, ...]]:
    """The rows of an Excel file's first sheet."""
    return list(openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows(values_only=True))


def changed(content: bytes, **parts: bytes) -> bytes:
    """A file with parts changed or added; `__` in a name is a slash, as in `word__document.xml`."""
    target, told = io.BytesIO(), {name.replace("__", "/"): said for name, said in parts.items()}
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            after.writestr(name, told.pop(name, before.read(name)))
        for name, words in told.items():
            after.writestr(name, words)
    return target.getvalue()


def part(content: bytes, name: str) -> bytes:
    """One part of a file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(name)
