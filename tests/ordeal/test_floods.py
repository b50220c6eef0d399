"""Files made to exhaust the machine, over real HTTP: refused soon, in words, with bounded memory and disk; the server goes on serving."""

from __future__ import annotations

import gzip
import http.client
import io
import re
import socket
import struct
import threading
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import psutil
import pytest

from app.core import auth
from app.kernel.db import as_identity
from tests.core.stand import Stand
from tests.infra.serving import LiveServer

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(600)]
GIGABYTE, BLOCK, BOUNDARY = 1024**3, 1024**2, "flood"
MOST_MEMORY, MOST_DISK = 300 * BLOCK, 150 * BLOCK
UPLOAD = "/procurement/suppliers/import"


@dataclass
class Answer:
    """What came back, how soon, and how much of the file had been sent by then."""

    status: int
    text: str
    seconds: float
    sent: int


class Gauge(threading.Thread):
    """Watches the web processes: the most memory of one of them, the most bytes of their files that have no name."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root, self._over = psutil.Process(pid), threading.Event()
        self.memory = self.disk = 0

    def run(self) -> None:
        while not self._over.wait(0.05):
            with suppress(psutil.Error, OSError):
                each = [self._root, *self._root.children(recursive=True)]
                self.memory = max(self.memory, *(process.memory_info().rss for process in each))
                self.disk = max(self.disk, sum(unnamed_bytes(process.pid) for process in each))

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_trouble: object) -> None:
        self._over.set()
        self.join()


def unnamed_bytes(pid: int) -> int:
    """The size of the files that a process holds open and nobody else can see."""
    size = 0
    for handle in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(OSError):
            if "(deleted)" in str(handle.readlink()) and "/tmp" in str(handle.readlink()):
                size += handle.stat().st_size
    return size


class Visitor:
    """A signed-in person with a socket instead of a browser."""

    def __init__(self, server: LiveServer, stand: Stand) -> None:
        self.server, self.base = server, f"/{stand.organisation.slug}"
        identity = stand.actors["owner"].identity_id
        with stand.work(), as_identity(identity):
            secret = auth.open_session(identity)
        self.cookie = f"{server.database.app.extensions['settings'].cookie('session').rpartition('_')[0]}_{server.port}={secret}"
        page, headers = self.get(UPLOAD)
        self.cookie += "".join(f"; {value.split(';')[0]}" for name, value in headers if name.lower() == "set-cookie")
        self.token = re.findall(r'name="csrf_token" value="([^"]+)"', page)[0]

    def get(self, path: str) -> tuple[str, list[tuple[str, str]]]:
        """A page and its headers."""
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=60)
        connection.request("GET", self.base + path, headers={"Cookie": self.cookie})
        answer = connection.getresponse()
        page = answer.read().decode()
        assert answer.status == 200, page[:300]
        return page, answer.getheaders()

    def head(self, *lines: str) -> bytes:
        """The beginning of an upload."""
        return "\r\n".join([
            f"POST {self.base}{UPLOAD} HTTP/1.1", f"Host: localhost:{self.server.port}", f"Cookie: {self.cookie}",
            f"Origin: http://localhost:{self.server.port}", f"X-CSRF-Token: {self.token}",
            f"Content-Type: multipart/form-data; boundary={BOUNDARY}", *lines, "", ""]).encode()

    def send(self, head: bytes, blocks: Iterator[bytes]) -> Answer:
        """Send without end, listening meanwhile as browsers do."""
        began, sent = time.monotonic(), 0
        with socket.create_connection(("localhost", self.server.port), timeout=120) as line:
            def pour() -> None:
                nonlocal sent
                with suppress(OSError):
                    line.sendall(head)
                    for block in blocks:
                        line.sendall(block)
                        sent += len(block)

            pouring = threading.Thread(target=pour, daemon=True)
            pouring.start()
            answer = http.client.HTTPResponse(line)
            answer.begin()
            seconds = time.monotonic() - began
            return Answer(answer.status, answer.read().decode(), seconds, sent)

    def upload(self, name: str, content: bytes) -> Answer:
        """Send a whole file."""
        body = part(name) + content + f"\r\n--{BOUNDARY}--\r\n".encode()
        return self.send(self.head(f"Content-Length: {len(body)}", "Connection: close"), iter([body]))


def part(name: str) -> bytes:
    """What stands before the bytes of a file in a form."""
    return (f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
            "Content-Type: application/octet-stream\r\n\r\n").encode()


def chunked(blocks: Iterator[bytes]) -> Iterator[bytes]:
    for block in blocks:
        yield f"{len(block):x}\r\n".encode() + block + b"\r\n"
    yield b"0\r\n\r\n"


def zeros() -> Iterator[bytes]:
    """A gigabyte of nothing, as a file of a form."""
    yield part("zeros.csv")
    for _block in range(GIGABYTE // BLOCK):
        yield bytes(BLOCK)


@pytest.fixture
def visitor(live_server: LiveServer) -> Iterator[Visitor]:
    """Somebody who may import, on a running copy."""
    with live_server.database.app.app_context():
        yield Visitor(live_server, Stand("floods"))


@pytest.mark.parametrize("way", ["with its length", "chunked"])
def test_a_gigabyte_of_zeros_is_too_large(visitor: Visitor, way: str) -> None:
    if way == "chunked":
        head, blocks = visitor.head("Transfer-Encoding: chunked"), chunked(zeros())
    else:
        head, blocks = visitor.head(f"Content-Length: {GIGABYTE + len(part('zeros.csv'))}"), zeros()
    with Gauge(visitor.server.processes["web"].pid) as gauge:
        answer = visitor.send(head, blocks)
        assert answer.status == 413
        assert "larger than what is taken here" in answer.text
        assert answer.seconds < 20
        assert answer.sent < 200 * BLOCK
        assert "Import suppliers" in visitor.get(UPLOAD)[0]
    assert gauge.memory < MOST_MEMORY
    assert gauge.disk < MOST_DISK


def book(**members: bytes) -> io.BytesIO:
    """A packed file with the members that make it look like a workbook."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("[Content_Types].xml", TYPES)
        archive.writestr("_rels/.rels", LINKS.format(id="rId1", type="officeDocument", target="xl/workbook.xml"))
        archive.writestr("xl/workbook.xml", BOOK)
        archive.writestr("xl/_rels/workbook.xml.rels", LINKS.format(id="rId1", type="worksheet", target="worksheets/sheet1.xml")
                         .replace("</R", '<Relationship Id="rId2" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
                                         'relationships/sharedStrings" Target="sharedStrings.xml"/></R'))
        for name, content in {"sheet1": SHEET, "strings": STRINGS, **members}.items():
            path = "xl/sharedStrings.xml" if name == "strings" else f"xl/worksheets/{name}.xml"
            with archive.open(path, "w") as member:
                before, _mark, after = content.partition(b"BOMB")
                member.write(before)
                for _block in range(GIGABYTE // BLOCK if _mark else 0):
                    member.write(b" " * BLOCK)
                member.write(after)
    return target


def lying(content: bytes, member: bytes, size: int) -> bytes:
    """The same packed file, which says of a member that it is `size` bytes when unpacked."""
    found = bytearray(content)
    for mark, sizes, names in ((b"PK\x03\x04", 22, 30), (b"PK\x01\x02", 24, 46)):
        place = found.find(mark)
        while place >= 0:
            if found[place + names:place + names + len(member)] == member:
                struct.pack_into("<L", found, place + sizes, size)
            place = found.find(mark, place + 4)
    return bytes(found)


NAMESPACE = b"http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPES = ('<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
         '<Default Extension="xml" ContentType="application/xml"/>'
         '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/></Types>')
LINKS = ('<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="{id}" '
         'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/{type}" Target="{target}"/></Relationships>')
BOOK = (b'<workbook xmlns="' + NAMESPACE + b'" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        b'<sheet name="One" sheetId="1" r:id="rId1"/></sheets></workbook>')
SHEET = (b'<worksheet xmlns="' + NAMESPACE + b'"><sheetData><row r="1"><c r="A1" t="s"><v>0</v></c></row>'
         b'<row r="2"><c r="A2" t="s"><v>0</v></c></row></sheetData></worksheet>')
STRINGS = b'<sst xmlns="' + NAMESPACE + b'" count="1" uniqueCount="1"><si><t>Name</t></si></sst>'


def test_bombs_are_refused_unread(visitor: Visitor) -> None:
    heavy_sheet = book(sheet1=SHEET.replace(b"</row></sheetData>", b"</row>BOMB</sheetData>")).getvalue()
    heavy_words = book(strings=STRINGS.replace(b"Name", b"NameBOMB")).getvalue()
    bombs = {
        "sheet.xlsx": heavy_sheet,
        "words.xlsx": heavy_words,
        "lying-sheet.xlsx": lying(heavy_sheet, b"xl/worksheets/sheet1.xml", 5_000),
        "lying-words.xlsx": lying(heavy_words, b"xl/sharedStrings.xml", 5_000),
        "gzip.xlsx": gzip.compress(bytes(200 * BLOCK), 1),
        "gzip.csv": gzip.compress(bytes(200 * BLOCK), 1),
    }
    assert visitor.upload("good.xlsx", book().getvalue()).status == 303, "what is packed here is a workbook, but for the bomb in it"
    for name, content in bombs.items():
        with Gauge(visitor.server.processes["web"].pid) as gauge:
            answer = visitor.upload(name, content)
        assert (name, answer.status) == (name, 422)
        assert re.search("unpacks to|damaged|does not hold what its ending", answer.text), name
        assert answer.seconds < 20, name
        assert gauge.memory < MOST_MEMORY, f"{name}: {gauge.memory // BLOCK} MB"
        assert gauge.disk < MOST_DISK, f"{name}: {gauge.disk // BLOCK} MB"
    assert "Import suppliers" in visitor.get(UPLOAD)[0]
