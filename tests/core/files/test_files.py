"""Files: random names, SHA-256, told by their bytes, served as attachments; a full disk refuses and leaves nothing."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import time
import zipfile
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask

from app.core import files
from app.core.files import storage as storing
from app.core.files import temporary
from app.core.files.models import StoredFile
from app.core.files.services import clean_name
from app.core.files.storage import BucketStorage, FolderStorage
from app.core.scheduler import own
from app.kernel import clock, jobs
from app.kernel.current import SYSTEM, acting
from app.kernel.door import perform_one
from app.kernel.errors import Conflict, Invalid, NotFound, TooLarge, Unavailable
from app.kernel.registry import registry
from tests.core.imports.conftest import Wizard
from tests.core.stand import Stand

PDF = b"%PDF-1.7\n%%EOF"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20


@pytest.fixture
def stand(app: Flask) -> Stand:
    """An organisation with files of its own."""
    return Stand("files")


def folder(app: Flask, stand: Stand) -> list[Path]:
    root = app.extensions["settings"].var / "files" / str(stand.organisation.id)
    return [p for p in root.rglob("*") if p.is_file()]


def test_it_is_kept_under_a_random_name_with_its_hash(app: Flask, stand: Stand) -> None:
    with stand.work():
        file = files.store(PDF, "../../etc/Offer.pdf", "text/html")
        assert (file.name, file.content_type, file.size) == ("Offer.pdf", "application/pdf", len(PDF))
        assert file.sha256 == hashlib.sha256(PDF).hexdigest()
        with files.open_file(file) as stream:
            assert stream.read() == PDF
        kept = folder(app, stand)
        assert len(kept) == 1
        assert "Offer" not in str(kept[0])
        assert file.sha256 not in str(kept[0])


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"<svg onload=alert(1)>", "a.png"),
        (b"MZ\x90", "a.pdf"),
        (PNG, "a.pdf"),
        (b"x", "a.svg"),
        (b"x", "a.html"),
        (b"x", "noending"),
        (b"", "a.txt"),
        (b"a\x00b", "a.txt"),
        (b"  <!DOCTYPE html>", "a.txt"),
        (b"PK\x03\x04", "a.docx"),
        (b"#!/bin/sh", "a.sh"),
    ],
)
def test_what_is_not_on_the_list_or_not_what_it_says_is_refused(app: Flask, stand: Stand, content: bytes, name: str) -> None:
    with pytest.raises(Invalid), stand.work():
        files.store(content, name)
    assert folder(app, stand) == []


@pytest.mark.parametrize(
    ("content", "name", "kind"),
    [
        (PNG, "a.png", "image/png"),
        (b"\xff\xd8\xff\xe0", "b.JPG", "image/jpeg"),
        (b"GIF89a", "c.gif", "image/gif"),
        (b"RIFF\x00\x00\x00\x00WEBP", "d.webp", "image/webp"),
        (b"a;b", "e.csv", "text/csv"),
        ("é".encode("utf-16"), "f.txt", "text/plain"),
        (b"{}", "g.json", "application/json"),
    ],
)
def test_what_is_on_the_list_comes_in(stand: Stand, content: bytes, name: str, kind: str) -> None:
    with stand.work():
        assert files.store(content, name).content_type == kind


def test_an_office_file_is_told_by_what_is_packed_in_it(stand: Stand) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("[Content_Types].xml", "<x/>")
        archive.writestr("word/document.xml", "<x/>")
    with stand.work():
        assert files.store(target.getvalue(), "a.docx").content_type.endswith("wordprocessingml.document")
        with pytest.raises(Invalid):
            files.store(target.getvalue(), "a.xlsx")


def test_the_limit_names_itself(app: Flask, stand: Stand) -> None:
    with pytest.raises(TooLarge, match="larger than the 1 MB"), stand.work():
        files.store(io.BytesIO(b"x" * 1_100_000), "a.txt", limit=1024 * 1024)
    assert folder(app, stand) == []


@pytest.mark.requirement("OF-206")
def test_old_temporary_files_are_deleted_and_nothing_else(app: Flask, stand: Stand) -> None:
    with stand.work():
        with clock.at(clock.now() - timedelta(days=8)):
            old, kept = (files.store(PDF, f"{purpose}.pdf", purpose=purpose) for purpose in ("export", "attachment"))
            job_id = jobs.enqueue(temporary.clear_away, title="Export").id
        new = files.store(PDF, "new.pdf", purpose="export")
        jobs.find(job_id).file_id = old.id  # type: ignore[union-attr]
        left = {kept.id, new.id}
    home = folder(app, stand)[0].parent
    for name, age in ((".part-old", 48), (".part-new", 1)):
        (home / name).write_bytes(b"x")
        os.utime(home / name, times=(time.time() - age * 3600,) * 2)
    assert any(task.key == "files.clear_away" for task in registry.modules["files"].tasks), "it can be scheduled"
    with stand.work():
        schedule = SimpleNamespace(task="files.clear_away")
        assert own.task_of(schedule).job is temporary.clear_away  # type: ignore[arg-type, union-attr]
    with acting(stand.organisation, SYSTEM):
        assert temporary.clear_away() == {"exports": 1, "parts": 1}
        assert temporary.clear_away() == {"exports": 0, "parts": 0}
    with stand.work() as work:
        assert {file.id for file in work.query(StoredFile)} == left
        assert jobs.find(job_id).file_id is None  # type: ignore[union-attr]
    assert len(folder(app, stand)) == 3, "two files, and the upload that is under way"


def test_what_is_undone_leaves_no_bytes_behind(app: Flask, stand: Stand) -> None:
    with pytest.raises(RuntimeError), stand.work():
        files.store(PDF, "a.pdf")
        raise RuntimeError
    assert folder(app, stand) == []


def test_a_full_disk_refuses_and_leaves_nothing(app: Flask, stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(storing.os, "fsync", full)
    with pytest.raises(Unavailable, match="no room left"), stand.work():
        files.store(PDF, "a.pdf")
    assert folder(app, stand) == []


def test_it_is_served_as_an_attachment_to_who_may_see_its_record(app: Flask, stand: Stand) -> None:
    suppliers = registry.resource("procurement.supplier")
    with stand.work():
        record = perform_one(suppliers, "create", None, {"name": "Acme"}).record
        file = files.store(PDF, "Angebot für Köln.pdf")
        files.attach(suppliers, record, file)
        with pytest.raises(Conflict):
            files.attach(suppliers, record, files.store(PDF, "again.pdf"))
        path, file_id = f"/files/{file.id}/{file.name}", file.id
        assert [f.id for f in files.files_of(record)] == [file.id]
    answer = Wizard(app, stand).get(path)
    assert answer.status_code == 200
    assert answer.data == PDF
    assert answer.headers["Content-Disposition"].startswith("attachment; filename")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert Wizard(app, stand, "auditor").get(path).status_code == 200
    assert Wizard(app, Stand("elsewhere")).get(path).status_code == 404
    assert app.test_client().get(f"/{stand.organisation.slug}{path}").status_code in (302, 303, 401, 404)
    with stand.work():
        files.detach(perform_target(suppliers), file_id)
    assert Wizard(app, stand, "auditor").get(path).status_code == 404


def perform_target(resource: Any) -> Any:
    from app.kernel.db import session

    return session().query(resource.model).one()


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("../../x.pdf", "x.pdf"),
        ("C:\\a\\b.txt", "b.txt"),
        ('a"b\r\n.pdf', "a_b__.pdf"),
        ("", "file"),
        ("x" * 300 + ".pdf", "x" * 140 + ".pdf"),
    ],
)
def test_names_are_safe_in_headers_and_on_disks(typed: str, kept: str) -> None:
    assert clean_name(typed) == kept


def test_storage_is_chosen_by_its_address(tmp_path: Path) -> None:
    assert isinstance(storing.storage_for(f"file://{tmp_path}"), FolderStorage)
    bucket = storing.storage_for("s3://key:se%2Fcret@s3.example:9000/bucket/some/prefix?region=eu-west-1&tls=0")
    assert isinstance(bucket, BucketStorage)
    assert (bucket.bucket, bucket.prefix) == ("bucket", "some/prefix")


def test_a_storage_that_is_away_says_so(app: Flask) -> None:
    with app.test_request_context("/"), pytest.raises(Unavailable, match="does not answer"):
        storing.storage_for("s3://k:s@127.0.0.1:1/bucket?tls=0").get("a/b/c")


def test_what_is_gone_is_not_found(app: Flask, tmp_path: Path) -> None:
    with app.test_request_context("/"), pytest.raises(NotFound):
        FolderStorage(tmp_path).get("a/b/c")


def test_a_file_is_hung_on_a_record_from_its_page_and_taken_off_again(app: Flask, stand: Stand) -> None:
    with stand.work():
        reference = perform_one("procurement.supplier", "create", None, {"name": "Acme"}).record.reference
    page, wizard = f"/procurement/suppliers/{reference}/", Wizard(app, stand)
    assert wizard.post(f"{page}files", {"file": (io.BytesIO(PDF), "Offer.pdf")}, page).status_code == 303
    shown = wizard.get(page).text
    assert "Offer.pdf" in shown
    wizard.post(f"{page}files", {"file": (io.BytesIO(b"MZ"), "Bad.pdf")}, page)
    assert "does not hold what its ending" in wizard.get(page).text
    remove = shown.split('/remove"')[0].rpartition('"')[2] + "/remove"
    assert wizard.post(remove, {}, page).status_code == 303
    assert "Offer.pdf" not in wizard.get(page).text
    assert (
        Wizard(app, stand, "auditor").post(f"{page}files", {"file": (io.BytesIO(PDF), "x.pdf")}, "/procurement/suppliers/").status_code
        == 403
    )
