"""LibreOffice itself opens what is written for offices, without repair: Word documents of templates, workbooks, OpenDocument sheets."""

from __future__ import annotations

import io
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from flask import Flask
from flask_babel import Babel

from app.core import exports
from app.core.exports import Column, Sheet
from app.kernel.config import PROJECT
from tests.core.documents.papers import fill, word

pytestmark = [pytest.mark.ordeal, pytest.mark.timeout(900)]
LONGEST = 240  # seconds for one file: the first start of LibreOffice makes its profile
COLUMNS = (Column("name", "Name"), Column("amount", "Amount", "money", numeric=True), Column("day", "Day", "date"),
           Column("at", "At", "datetime"), Column("left", "Left", "integer", numeric=True))
ROWS = (["Überprüfung, Nord", Decimal("1250.50"), date(2026, 1, 31), datetime(2026, 1, 31, 8, 30, tzinfo=UTC), 7],
        ["=1+1", Decimal("-0.25"), None, None, 0], ["two\nlines", None, date(1900, 3, 1), None, None])
WRITERS: dict[str, Callable[[Sheet, BinaryIO], Any]] = {"xlsx": exports.write_workbook, "ods": exports.write_opendocument}


@pytest.fixture(scope="module", autouse=True)
def office() -> None:
    """LibreOffice, of the machine or by apt."""
    packages = "libreoffice-writer-nogui libreoffice-calc-nogui"
    subprocess.run([str(PROJECT / ".ci" / "need-server"), "soffice", packages, "documents and sheets"], check=True, timeout=600)


@pytest.fixture(autouse=True)
def words() -> Iterator[None]:
    """What is said of columns is said in English; nothing else of an application is needed."""
    bare = Flask("bare")
    Babel(bare)
    with bare.test_request_context():
        yield


def opened(content: bytes, ending: str, wanted: str, place: Path) -> str:
    """The text of a file as LibreOffice reads it; what it cannot open without repair it refuses to convert."""
    source = place / f"made.{ending}"
    source.write_bytes(content)
    said = subprocess.run(["soffice", f"-env:UserInstallation=file://{place}/profile", "--headless", "--norestore", "--convert-to", wanted,
                           "--outdir", str(place), str(source)], capture_output=True, text=True, timeout=LONGEST, check=False)
    made = place / f"made.{wanted.partition(':')[0]}"
    assert made.exists(), said.stdout + said.stderr
    return made.read_text(encoding="utf-8-sig")


@pytest.mark.requirement("OF-342")
def test_a_word_document_opens_with_its_text(tmp_path: Path) -> None:
    made = fill(word("Slip {{ record.reference }} for {{ company.name }}",
                     "{% for item in items %}{{ item.name }}: {{ item.amount }}; {% endfor %}"),
                "docx", {"items": [{"name": name, "amount": amount}
                                   for name, amount in (("one", "€7.50"), ("two", "€2.00"), ("three", "€0.25"))]})
    text = opened(made, "docx", "txt:Text (encoded):UTF8", tmp_path)
    assert "Slip INC-1 for Acme & Sons" in text
    assert "one: €7.50; two: €2.00; three: €0.25;" in text
    assert "{" not in text


@pytest.mark.parametrize("ending", sorted(WRITERS))
def test_a_sheet_opens_with_its_values(tmp_path: Path, ending: str) -> None:
    target = io.BytesIO()
    WRITERS[ending](Sheet("List", COLUMNS, ROWS), target)
    text = opened(target.getvalue(), ending, "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false", tmp_path)
    assert "Name,Amount,Day,At,Left" in text
    assert "Überprüfung, Nord" in text
    assert "1250.5" in text
    assert "=1+1" in text  # text, not a sum
    assert "two\nlines" in text


def test_what_is_broken_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AssertionError):
        opened(b"PK\x03\x04 nothing", "docx", "txt:Text (encoded):UTF8", tmp_path)
