"""Everything of an organisation to take along, in one ZIP: each kind of record as JSON Lines, each file, and a list with their hashes."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Iterator
from typing import Any

import orjson
from flask_babel import gettext as _
from sqlalchemy import select

from app.core import audit, files, notifications
from app.core.exports.plain import plain
from app.core.files import StoredFile
from app.kernel import clock, jobs
from app.kernel.current import current
from app.kernel.db import Base, session, unit_of_work
from app.kernel.errors import NotFound
from app.kernel.jobs import Job
from app.kernel.registry import registry

KEY, PORTION, BLOCK = "closing:export", 500, 256 * 1024
# worked out, or of the house alone
UNTAKEN = frozenset({"api_usage", "search_entry", "search_word", "scheduler_lead", "schedule_tick", "used_key"})


def begin() -> Job:
    """Have it put together by a job; while one is under way, that one is given back."""
    return jobs.enqueue(hand_over, title=_("Everything of the organisation, to take along"), key=KEY)


def latest() -> Job | None:
    """The last one that was asked for."""
    name = jobs.name_of(hand_over)
    return session().scalars(select(Job).where(Job.function == name).order_by(Job.id.desc()).limit(1)).first()


def ready() -> StoredFile:
    """The last one that was put together. Raises `NotFound`."""
    name = jobs.name_of(hand_over)
    done = select(Job).where(Job.function == name, Job.file_id.is_not(None)).order_by(Job.id.desc()).limit(1)
    job = session().scalars(done).first()
    if job is None or job.file_id is None:
        raise NotFound
    return files.find(job.file_id)


def hand_over() -> None:
    """The job."""
    with unit_of_work(), tempfile.TemporaryFile() as target:
        said = pack(target)
        target.seek(0)
        file = files.store(target, f"{current.organisation.slug}-{clock.today(current.organisation.timezone).isoformat()}.zip",
                           "application/zip", purpose=files.WHOLE)
        audit.note("closing.organisation.export", resource="files.stored_file", record_id=file.id, record_reference=file.name,
                   context={"sha256": file.sha256, "files": len(said["files"]), "rows": sum(each["rows"] for each in said["files"])})
        notifications.notify(current.user.id, "security", lambda: str(_("Everything of the organisation is ready to be taken along")),
                             f"/{current.organisation.slug}/settings/deletion")
        jobs.current_job().finish(file_id=file.id)


def pack(target: Any) -> dict[str, Any]:
    """Write the ZIP; gives the list that lies in it."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, allowZip64=True) as archive:
        listed = [_rows(archive, name, model) for name, model in models()]
        listed += [_bytes(archive, file) for file in _stored()]
        manifest = {"organisation": current.organisation.name, "address": current.organisation.slug, "made_at": clock.now(),
                    "made_by": current.user.name, "files": listed}
        archive.writestr("manifest.json", orjson.dumps(manifest, option=orjson.OPT_INDENT_2))
    return manifest


def models() -> Iterator[tuple[str, Any]]:
    """Every kind of row that is taken along, with the name of its file: records by their resource, the rest by their table."""
    records = {resource.model: resource.key for resource in registry}
    for mapper in sorted(Base.registry.mappers, key=lambda each: str(each.local_table)):
        model: Any = mapper.class_
        table = model.__table__
        if table.info.get("tenanted") and "organisation_id" in table.c and table.name not in UNTAKEN:
            yield f"records/{records[model]}.jsonl" if model in records else f"tables/{table.name}.jsonl", model
        elif table.name == "organisation":
            yield "organisation.jsonl", model


def _rows(archive: zipfile.ZipFile, name: str, model: Any) -> dict[str, Any]:
    own = model.organisation_id if "organisation_id" in model.__table__.c else model.id
    query = select(model).where(own == current.organisation.id).order_by(*model.__table__.primary_key.columns)
    digest, count, size = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as out:
        for row in session().scalars(query.execution_options(yield_per=PORTION)):
            line = orjson.dumps(plain(model, row)) + b"\n"
            out.write(line)
            digest.update(line)
            count, size = count + 1, size + len(line)
            session().expunge(row)
    return {"path": name, "rows": count, "bytes": size, "sha256": digest.hexdigest()}


def _stored() -> list[StoredFile]:
    """The files that people brought; what was made for them can be made again."""
    return list(session().scalars(select(StoredFile).where(StoredFile.purpose != "export").order_by(StoredFile.id)))


def _bytes(archive: zipfile.ZipFile, file: StoredFile) -> dict[str, Any]:
    name = f"files/{file.id}/{file.name}"
    with archive.open(name, "w", force_zip64=True) as out, files.open_file(file) as source:
        while block := source.read(BLOCK):
            out.write(block)
    return {"path": name, "rows": 0, "bytes": file.size, "sha256": file.sha256}
