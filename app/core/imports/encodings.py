"""Which encoding a text is in: told by its mark, by proof, or by what is usual; never by a library's confidence alone."""

from __future__ import annotations

import codecs
from typing import BinaryIO

from flask_babel import gettext as _

from app.core.imports.rows import Unusable

BLOCK = 256 * 1024
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF32_LE, "utf-32"), (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"),
)  # fmt: skip
CHOICES = (
    ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8 (BOM)"), ("cp1252", "Windows-1252"), ("latin-1", "ISO 8859-1"),
    ("iso8859-15", "ISO 8859-15"), ("cp1250", "Windows-1250"), ("cp1251", "Windows-1251"), ("mac_roman", "Mac Roman"),
    ("utf-16", "UTF-16"), ("utf-16-le", "UTF-16 LE"), ("utf-16-be", "UTF-16 BE"), ("utf-32", "UTF-32"),
)  # fmt: skip
UNDEFINED_IN_1252 = (0x81, 0x8D, 0x8F, 0x90, 0x9D)


def encoding_of(stream: BinaryIO) -> str:
    """The codec that reads this stream. Raises `Unusable` when it is no text; reads all of it at most, in blocks."""
    stream.seek(0)
    head = stream.read(BLOCK)
    for mark, name in MARKS:
        if head.startswith(mark):
            return name
    if wide := _wide(head):
        return wide
    if b"\x00" in head:
        raise Unusable(_("This is not a text file: it holds a zero byte at position %(place)d.", place=head.index(b"\x00") + 1))
    return "utf-8" if _is_utf8(stream) else _one_byte(stream)


def _wide(head: bytes) -> str:
    """UTF-16 without a mark: every second byte is mostly zero, and only those."""
    sample = head[:4096]
    if len(sample) < 4 or b"\x00" not in sample:
        return ""
    even, odd = sample[0::2].count(0) / len(sample[0::2]), sample[1::2].count(0) / len(sample[1::2])
    if odd > 0.6 and even < 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > 0.6 and odd < 0.05 else ""


def _is_utf8(stream: BinaryIO) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    stream.seek(0)
    try:
        while block := stream.read(BLOCK):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _one_byte(stream: BinaryIO) -> str:
    stream.seek(0)
    while block := stream.read(BLOCK):
        if any(byte in block for byte in UNDEFINED_IN_1252):
            return "latin-1"
    return "cp1252"


def check_encoding(name: str) -> str:
    """A codec chosen by hand; raises `Unusable` when it is not on the list."""
    if name not in dict(CHOICES):
        raise Unusable(_("The encoding “%(name)s” is not known.", name=name[:40]))
    return name
