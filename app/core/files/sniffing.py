"""What a file really is, told by its bytes; only what is on the list comes in."""

from __future__ import annotations

import codecs
import zipfile
from typing import BinaryIO

from flask_babel import gettext as _

from app.kernel.errors import Invalid

HEAD = 64 * 1024
MAGIC = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)
OFFICE = (
    ("xl/workbook.xml", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ("word/document.xml", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
    ("ppt/presentation.xml", "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
)
OPEN_DOCUMENT = ("application/vnd.oasis.opendocument.text", "application/vnd.oasis.opendocument.spreadsheet")
XLSX = OFFICE[0][1]
ENDINGS = {
    "pdf": ("application/pdf",), "png": ("image/png",), "jpg": ("image/jpeg",), "jpeg": ("image/jpeg",), "gif": ("image/gif",),
    "webp": ("image/webp",), "xlsx": (XLSX,), "docx": (OFFICE[1][1],), "pptx": (OFFICE[2][1],), "odt": (OPEN_DOCUMENT[0],),
    "ods": (OPEN_DOCUMENT[1],), "csv": ("text/csv",), "tsv": ("text/csv",), "txt": ("text/plain",), "md": ("text/plain",),
    "json": ("application/json",), "jsonl": ("application/jsonl",), "eml": ("message/rfc822",),
}  # fmt: skip
TEXTUAL = {ending: ENDINGS[ending][0] for ending in ("csv", "tsv", "txt", "md", "json", "jsonl", "eml")}
SHEETS = ("csv", "tsv", "txt", "xlsx", "ods", "json", "jsonl")
MARKUP = (b"<html", b"<!doctype html", b"<script", b"<svg")
BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


def ending_of(name: str) -> str:
    """`csv` of “Payments June.CSV”."""
    return name.rpartition(".")[2].lower() if "." in name else ""


def identify(stream: BinaryIO, name: str, *, only: tuple[str, ...] = ()) -> str:
    """The content type of a seekable stream; raises `Invalid` unless it is on the list and agrees with the ending of its name."""
    ending = ending_of(name)
    allowed = only or tuple(ENDINGS)
    if ending not in allowed:
        raise _refused(_("Files of the kind “.%(ending)s” are not taken. Possible: %(known)s.",
                         ending=ending[:20], known=", ".join(allowed)))
    stream.seek(0)
    head = stream.read(HEAD)
    if not head:
        raise _refused(_("“%(name)s” is empty.", name=name[:100]))
    found = _by_bytes(stream, head) or _text(head, ending)
    stream.seek(0)
    if found is None or found not in ENDINGS[ending]:
        raise _refused(_("“%(name)s” does not hold what its ending “.%(ending)s” says.", name=name[:100], ending=ending))
    return found


def _by_bytes(stream: BinaryIO, head: bytes) -> str | None:
    for magic, kind in MAGIC:
        if head.startswith(magic):
            return kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    return _packed(stream) if head.startswith(b"PK\x03\x04") else None


def _packed(stream: BinaryIO) -> str | None:
    try:
        with zipfile.ZipFile(stream) as archive:
            names = set(archive.namelist())
            for member, kind in OFFICE:
                if member in names and "[Content_Types].xml" in names:
                    return kind
            if "mimetype" in names and archive.getinfo("mimetype").file_size < 100:
                kind = archive.read("mimetype").decode("ascii", "replace")
                return kind if kind in OPEN_DOCUMENT else None
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError):
        return None
    return None


def _text(head: bytes, ending: str) -> str | None:
    wide = head.startswith(BOMS[1:]) or (ending in SHEETS and looks_wide(head))
    if ending not in TEXTUAL or (b"\x00" in head and not wide):
        return None
    return None if head.lstrip().lower().startswith(MARKUP) else TEXTUAL[ending]


def looks_wide(head: bytes) -> bool:
    """Whether text without a mark at its beginning is UTF-16: every second byte is mostly zero, and only those."""
    even, odd = head[0:4096:2], head[1:4096:2]
    zeros = sorted((even.count(0) / max(len(even), 1), odd.count(0) / max(len(odd), 1)))
    return len(head) >= 4 and zeros[0] < 0.05 and zeros[1] > 0.6


def _refused(said: str) -> Invalid:
    return Invalid({"file": said}, said)
